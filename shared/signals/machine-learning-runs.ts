import { buildSignal } from "./build.ts";
import type { EventEnvelope } from "./event-envelope.ts";
import type { EventContext, EventParser } from "./event-parser.ts";
import { caseless, Name, OptionalText, TextMap } from "./fields.ts";
import { type MonitorBreach, monitorBreaches, monitorError } from "./monitor-breach.ts";
import { ignored, rejected, signalled } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import type { Signal, SignalKind, Subject } from "./signal.ts";
import { signalId } from "./signal-id.ts";

const Run = caseless({
  runId: Name.optional(),
  experimentId: OptionalText,
  experimentName: OptionalText,
  runType: OptionalText,
  runStatus: OptionalText,
  runTags: TextMap,
  runProperties: TextMap,
});

/** How a run can end; every other status is on the way. */
const ENDS: ReadonlyMap<string, { kind: SignalKind; severity: number }> = new Map([
  ["completed", { kind: "job.completed", severity: 4 }],
  ["finished", { kind: "job.completed", severity: 4 }],
  ["failed", { kind: "job.failed", severity: 2 }],
  ["canceled", { kind: "job.failed", severity: 3 }],
]);

type RunFacts = {
  runId: string;
  rootRunId: string;
  status: string;
  subject: Subject;
  facts: Record<string, string | undefined>;
};

/**
 * A run that ended, or a model monitor's run that is tagged with a breach.
 *
 * Ids: a breach is its root run, monitor signal and kind, so that every later status, and the root run's own tag, give
 * the same one; an end is the run and how it ended, so that RunCompleted and RunStatusChanged give the same one.
 */
export const runEvent: EventParser = (event, context) => {
  const read = Run.safeParse(context.data ?? {});
  if (!read.success) return { problem: read.error };
  const runId = read.data.runId ?? /\/runs\/(.+)$/i.exec(event.subject)?.[1];
  if (!runId)
    return rejected(context.rule, "data.runId", "expected a run's id, found nothing, nor in 'subject'");
  const tags = read.data.runTags ?? new Map<string, string>();
  const properties = read.data.runProperties ?? new Map<string, string>();
  const run: RunFacts = {
    runId,
    rootRunId: properties.get("azureml.pipelinerunid") ?? runId,
    status: (
      read.data.runStatus ?? (event.type.toLowerCase().endsWith("runcompleted") ? "Completed" : "")
    ).trim(),
    subject: { ...subjectOf(event.source), ...watchedModel(tags, properties), job: runId },
    facts: { experiment: read.data.experimentName, runType: read.data.runType },
  };
  const breaches = monitorBreaches(tags);
  if (breaches !== null) return breachOutcome(event, context, run, breaches);
  return endOutcome(event, context, run, tags);
};

const MODEL_TAGS = ["outerloop.model", "model_name", "azureml.modelName", "azureml.model_name"];
const ENDPOINT_TAGS = ["outerloop.endpoint", "azureml.endpoint_name", "endpoint"];

/** Which model and endpoint a run is about, by its tags; a property counts only where its name leaves no doubt. */
function watchedModel(tags: ReadonlyMap<string, string>, properties: ReadonlyMap<string, string>): Subject {
  const first = (names: readonly string[]) =>
    names
      .map((name) => tags.get(name) ?? (name.includes(".") ? properties.get(name) : undefined))
      .find((text) => text);
  const model = first(MODEL_TAGS);
  const endpoint = first(ENDPOINT_TAGS);
  return { ...(model ? { model } : {}), ...(endpoint ? { endpoint } : {}) };
}

function breachOutcome(
  event: EventEnvelope,
  { rule, occurredAt }: EventContext,
  run: RunFacts,
  breaches: readonly MonitorBreach[],
) {
  if (breaches.length === 0) {
    return ignored(
      `${rule}/breach`,
      "every metric of the monitor's breach is on the good side of its threshold",
    );
  }
  const signals = breaches.map(
    ({ signalName, kind, measurements }): Signal =>
      buildSignal({
        id: signalId("breach", foldCase(event.source), run.rootRunId, signalName, kind),
        kind,
        subject: run.subject,
        severity: 2,
        occurredAt,
        measurements,
        facts: { ...run.facts, monitorSignal: signalName, rootRun: run.rootRunId },
        source: { door: "model-events", type: event.type, id: event.id },
      }),
  );
  const unique = new Map(signals.map((signal) => [signal.id, signal]));
  return signalled(`${rule}/breach`, ...unique.values());
}

function endOutcome(
  event: EventEnvelope,
  { rule, occurredAt }: EventContext,
  run: RunFacts,
  tags: ReadonlyMap<string, string>,
) {
  if (run.status === "")
    return rejected(rule, "data.runStatus", "expected a status such as Completed, found nothing");
  const failure = monitorError(tags);
  const end = ENDS.get(failure === undefined ? run.status.toLowerCase() : "failed");
  if (!end) {
    return ignored(rule, `the run is on its way: its status is ${run.status.slice(0, 40)}`);
  }
  const signal = buildSignal({
    id: signalId(end.kind, foldCase(event.source), run.runId),
    kind: end.kind,
    subject: run.subject,
    severity: end.severity,
    occurredAt,
    facts: { ...run.facts, status: run.status, monitorError: failure },
    tags: { tag: tags },
    source: { door: "model-events", type: event.type, id: event.id },
  });
  return signalled(failure === undefined ? rule : `${rule}/monitor-failed`, signal);
}
