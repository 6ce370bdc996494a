/** One episode of an orchestration: new events in, the code replayed, its decisions and its end out. */
import { toText } from "./actions.ts";
import { emit } from "./decisions.ts";
import { type Ending, tellParent } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { type Decision, EventType, type HistoryEvent, Status } from "./history.ts";
import { LOG_CATEGORY, newId } from "./ids.ts";
import type { Instance } from "./instance.ts";
import type { ReplaySettings } from "./interpreter.ts";
import {
  LONG_TIMER_SLICE_MS,
  MAXIMUM_SHORT_TIMER_MS,
  orchestrationPayload,
  readOrchestratorOutcome,
} from "./invocation.ts";
import type { EventMessage } from "./messages.ts";
import { type ReplayOutcome, type ReplayResult, replay } from "./replay.ts";
import type { Trap } from "./traps.ts";
import { isVersionMatch } from "./versions.ts";

/** 16 KB of UTF-16. */
const MAX_CUSTOM_STATUS_LENGTH = 8192;

/** @returns whether the instance may run again at once */
export async function runEpisode(engine: Engine, instance: Instance): Promise<boolean> {
  const batch = instance.nextBatch();
  const now = new Date(engine.clock.now()).toISOString();
  const fresh = toHistory(batch, now);
  const kinds = new Set(batch.map(({ event }) => event.EventType));
  if (kinds.has(EventType.ExecutionTerminated)) {
    const { event } = batch.at(-1) ?? {};
    const reason = event?.EventType === EventType.ExecutionTerminated ? event.Input : "";
    commit(engine, instance, batch, fresh, { kind: "terminated", reason });
    return true;
  }
  if (instance.row.status !== Status.Suspended && kinds.has(EventType.ExecutionSuspended)) {
    commit(engine, instance, batch, fresh, { kind: "suspended" });
    return true;
  }
  if (!isVersionMatch(instance.row.version, engine.config)) {
    return refuseVersion(engine, instance, batch, fresh);
  }
  const answer = await invoke(engine, instance, fresh);
  if (!engine.isCurrent(instance)) return false;
  if ("failure" in answer) {
    commit(engine, instance, batch, fresh, {
      kind: "failed",
      message: failureText(instance, answer.failure),
    });
    return true;
  }
  const customStatus = answer.state.customStatus ? toText(answer.state.customStatus) : null;
  if (customStatus && customStatus.length > MAX_CUSTOM_STATUS_LENGTH) {
    const message = `The custom status has ${customStatus.length} characters of JSON, expected at most ${MAX_CUSTOM_STATUS_LENGTH}.`;
    commit(engine, instance, batch, fresh, { kind: "failed", message: failureText(instance, message) });
    return true;
  }
  const result = replay([...instance.history, ...fresh], answer.state, settingsFor(engine, instance));
  const { outcome, decisions } = report(engine, instance, result);
  instance.row = { ...instance.row, customStatus };
  commit(engine, instance, batch, fresh, outcome, decisions);
  return true;
}

type Outcome =
  | ReplayOutcome
  | { readonly kind: "suspended" }
  | { readonly kind: "terminated"; readonly reason: string };

function toHistory(batch: readonly EventMessage[], now: string): HistoryEvent[] {
  const fresh: HistoryEvent[] = [{ EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: now }];
  for (const { event, sentAt, dueAt, carried } of batch) {
    fresh.push({ ...event, Timestamp: dueAt > 0 ? now : sentAt });
    for (const left of carried ?? []) fresh.push({ ...left, Timestamp: sentAt });
  }
  return fresh;
}

async function invoke(engine: Engine, instance: Instance, fresh: readonly HistoryEvent[]) {
  const definition = engine.functionOf("orchestrationTrigger", instance.row.name);
  if (!definition) {
    const failure = `The function '${instance.row.name}' doesn't exist, is disabled, or is not an orchestrator function.`;
    return { failure };
  }
  const outcome = await engine.invoker.invoke({
    functionName: definition.name,
    reason: `New events for instance '${instance.row.id}'.`,
    triggerData: { string: orchestrationPayload(instance, fresh, engine.config) },
  });
  return readOrchestratorOutcome(outcome);
}

function settingsFor(engine: Engine, instance: Instance): ReplaySettings {
  const { id, executionId, parent } = instance.row;
  return {
    instanceId: id,
    executionId,
    parentInstanceId: parent?.OrchestrationInstance.InstanceId ?? null,
    defaultVersion: engine.config.defaultVersion,
    maximumShortTimerMs: MAXIMUM_SHORT_TIMER_MS,
    longTimerSliceMs: LONG_TIMER_SLICE_MS,
    defaultHttpSleepMs: engine.config.httpSettings.defaultAsyncRequestSleepTimeMilliseconds,
    maxOrchestrationActions: engine.config.maxOrchestrationActions,
    isKnown: (type, name) => engine.functionOf(type, name) !== undefined,
  };
}

/** Logs what the replay noticed; strict mode turns the first of it into a failure. */
function report(engine: Engine, instance: Instance, result: ReplayResult): ReplayResult {
  for (const trap of result.traps) logOnce(engine, instance, trap);
  const [trap] = engine.strict ? result.traps : [];
  if (trap) {
    return {
      ...result,
      decisions: [],
      outcome: { kind: "failed", message: `[${trap.name}] ${trap.message}` },
    };
  }
  if (result.outcome.kind !== "failed" || result.outcome.isNonDeterminism) return result;
  return {
    ...result,
    outcome: { ...result.outcome, message: failureText(instance, result.outcome.message) },
  };
}

function logOnce(engine: Engine, instance: Instance, trap: Trap): void {
  const text = `[${trap.name}] orchestrator '${instance.row.name}', instance '${instance.row.id}': ${trap.message}`;
  if (instance.reported.has(text)) return;
  instance.reported.add(text);
  engine.log(trap.name === "call-without-answer" ? "error" : "warning", LOG_CATEGORY, text);
}

function failureText(instance: Instance, message: string): string {
  return `Orchestrator function '${instance.row.name}' failed: ${message}`;
}

/** Writes the episode: history, status and messages, all in one commit of the store. */
function commit(
  engine: Engine,
  instance: Instance,
  batch: readonly EventMessage[],
  fresh: readonly HistoryEvent[],
  outcome: Outcome,
  decisions: readonly Decision[] = [],
): void {
  const now = engine.clock.now();
  const Timestamp = new Date(now).toISOString();
  const ending = endOf(outcome);
  const events: HistoryEvent[] = [...fresh, ...decisions.map((decision) => ({ ...decision, Timestamp }))];
  if (ending) {
    const { status, output, details } = ending;
    const FailureDetails = details ? { FailureDetails: details } : {};
    const end = { OrchestrationStatus: status, Result: output, ...FailureDetails, Timestamp };
    events.push({ EventType: EventType.ExecutionCompleted, EventId: -1, ...end });
  }
  events.push({ EventType: EventType.OrchestratorCompleted, EventId: -1, Timestamp });
  engine.consume(instance, batch);
  engine.store.appendHistory(instance.row.id, instance.append(events));
  instance.row = {
    ...instance.row,
    updatedAt: now,
    status: ending?.status ?? (outcome.kind === "suspended" ? Status.Suspended : Status.Running),
    output: ending?.output ?? null,
  };
  engine.store.putInstance(instance.row);
  for (const decision of decisions) emit(engine, instance, decision);
  if (ending) tellParent(engine, instance, ending);
  if (outcome.kind === "continued") continueAsNew(engine, instance, outcome);
}

function endOf(outcome: Outcome): Ending | undefined {
  switch (outcome.kind) {
    case "completed":
      return { status: Status.Completed, output: outcome.result };
    case "failed":
      return {
        status: Status.Failed,
        output: outcome.message,
        ...(outcome.details && { details: outcome.details }),
      };
    case "terminated":
      return { status: Status.Terminated, output: outcome.reason };
    default:
      return undefined;
  }
}

/** The next generation: a new execution with an empty history, under the same id. */
function continueAsNew(
  engine: Engine,
  instance: Instance,
  next: ReplayOutcome & { kind: "continued" },
): void {
  const now = engine.clock.now();
  instance.row = {
    ...instance.row,
    executionId: newId(),
    input: next.input,
    status: Status.ContinuedAsNew,
    createdAt: now,
    updatedAt: now,
  };
  instance.reset();
  engine.store.clearHistory(instance.row.id);
  engine.store.putInstance(instance.row);
  engine.sendStart(instance, next.carried);
}

function refuseVersion(
  engine: Engine,
  instance: Instance,
  batch: readonly EventMessage[],
  fresh: readonly HistoryEvent[],
): boolean {
  const { id, version } = instance.row;
  const { defaultVersion, versionMatchStrategy, versionFailureStrategy } = engine.config;
  const strategy = versionMatchStrategy ?? "CurrentOrOlder";
  const message = `VersionMismatch: instance '${id}' has version '${version}', this host runs '${defaultVersion}' (${strategy}).`;
  if (versionFailureStrategy === "Fail") {
    commit(engine, instance, batch, fresh, { kind: "failed", message });
    return true;
  }
  if (!instance.reported.has(message)) engine.log("warning", LOG_CATEGORY, `${message} It is left as it is.`);
  instance.reported.add(message);
  return false;
}
