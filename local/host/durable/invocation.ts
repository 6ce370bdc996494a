/** What goes to the app's functions and what comes back, as text. */
import type { InvocationOutcome, TypedData } from "../contract.ts";
import { type OrchestratorState, readOrchestratorState } from "./actions.ts";
import type { DurableConfig } from "./config.ts";
import { executionStarted, type FailureDetails, type HistoryEvent } from "./history.ts";
import type { Instance } from "./instance.ts";

/** The app's package reads the newest protocol (V4) from these; the two durations are Azure Storage's. */
const PROTOCOL = {
  upperSchemaVersion: 1,
  upperSchemaVersionNew: 3,
  longRunningTimerIntervalDuration: "3.00:00:00",
  maximumShortTimerDuration: "6.00:00:00",
};
const DAY_MS = 86_400_000;
export const LONG_TIMER_SLICE_MS = 3 * DAY_MS;
export const MAXIMUM_SHORT_TIMER_MS = 6 * DAY_MS;

const STATE_LABEL = "$OutOfProcData$:";

/** JSON text for an orchestration trigger: the whole history, the events of this episode unplayed. */
export function orchestrationPayload(
  instance: Instance,
  fresh: readonly HistoryEvent[],
  config: DurableConfig,
): string {
  const freshText = fresh.map((event) => `${JSON.stringify(event).slice(0, -1)},"IsPlayed":false}`).join(",");
  // put together by +, which copies nothing: the past may be long, and is copied once, when it is read
  const comma = instance.playedText === "" || freshText === "" ? "" : ",";
  const history = instance.playedText + comma + freshText;
  const started = executionStarted(instance.history) ?? executionStarted(fresh);
  const frame = JSON.stringify({
    instanceId: instance.row.id,
    isReplaying: instance.history.length > 0,
    parentInstanceId: instance.row.parent?.OrchestrationInstance.InstanceId ?? null,
    ...PROTOCOL,
    // the spelling is the protocol's
    defaultHttpAsyncRequestSleepTimeMillseconds: config.httpSettings.defaultAsyncRequestSleepTimeMilliseconds,
  });
  return `{"history":[${history}],"input":${started?.Input ?? "null"},${frame.slice(1)}`;
}

/**
 * What an orchestrator function's run came to.
 *
 * @returns its state, or the text of a failure that carries no state
 */
export function readOrchestratorOutcome(
  outcome: InvocationOutcome,
): { readonly state: OrchestratorState } | { readonly failure: string } {
  if (outcome.succeeded) return { state: readOrchestratorState(toJsonText(outcome.returnValue) ?? "null") };
  const label = outcome.message.indexOf(STATE_LABEL);
  if (label < 0) return { failure: outcome.message };
  const [text = ""] = outcome.message.slice(label + STATE_LABEL.length).split("\n", 1);
  return { state: { ...readOrchestratorState(text), hasThrown: true } };
}

/** Data for an activity trigger: texts and numbers plain, booleans in .NET's spelling, nothing for null. */
export function activityData(inputs: string): TypedData | undefined {
  const [input] = JSON.parse(inputs);
  if (input === null || input === undefined) return undefined;
  if (typeof input === "boolean") return { string: input ? "True" : "False" };
  return { string: typeof input === "string" ? input : JSON.stringify(input) };
}

/** JSON text of what a function returned; `null` for nothing. */
export function toJsonText(value: TypedData | null | undefined): string | null {
  if (!value) return null;
  if ("json" in value) return value.json === "null" ? null : value.json;
  if ("string" in value) return JSON.stringify(value.string);
  if ("int" in value) return JSON.stringify(value.int);
  if ("double" in value) return JSON.stringify(value.double);
  if ("bytes" in value) return JSON.stringify(Buffer.from(value.bytes).toString("base64"));
  return JSON.stringify(Object.values(value)[0]);
}

/** An activity's failure as the history keeps it; details when the app describes its exceptions. */
export function describeFailure(name: string, message: string) {
  const details = readFailureDetails(message);
  const text = details?.ErrorMessage ?? message;
  return {
    Reason: `Activity function '${name}' failed:  ${text}`,
    Details: text,
    ...(details ? { FailureDetails: details } : {}),
  };
}

function readFailureDetails(message: string): FailureDetails | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const { errorType, errorMessage, isNonRetriable, properties, stackTrace } = JSON.parse(message);
    if (typeof errorType !== "string" || typeof errorMessage !== "string") return undefined;
    return {
      ErrorType: errorType,
      ErrorMessage: errorMessage,
      StackTrace: stackTrace ?? null,
      IsNonRetriable: isNonRetriable === true,
      Properties: properties ?? null,
      InnerFailure: null,
    };
  } catch {
    return undefined;
  }
}
