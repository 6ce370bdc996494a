import { policyStateChanged } from "./azure-policy.ts";
import { registryChanged } from "./container-registry.ts";
import { readEnvelope } from "./event-envelope.ts";
import type { EventParser } from "./event-parser.ts";
import { firstProblem, isRecord, noDate, readTime, shown } from "./fields.ts";
import { datasetDriftDetected, modelDeployed, modelRegistered } from "./machine-learning.ts";
import { runEvent } from "./machine-learning-runs.ts";
import { ignored, type ParseOutcome, rejected } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import { availabilityChanged, resourceAnnotated } from "./resource-notifications.ts";

export { parseBudgetAlert } from "./budget-alert.ts";
export { parseMonitorAlert } from "./monitor-alert.ts";
export type { ParseOutcome } from "./outcome.ts";

type Row = { rule: string; parse: EventParser };

/** Types of the same family, which differ by their last part alone. Container Registry also leaves its prefix out. */
const family = (prefixes: readonly string[], names: readonly string[], row: Row): [string, Row][] =>
  prefixes.flatMap((prefix) => names.map((name): [string, Row] => [`${prefix}${name}`, row]));

/** One parser per event type, by its name in lower case. What is not here calls for nothing. */
const PARSERS: ReadonlyMap<string, Row> = new Map([
  [
    "microsoft.machinelearningservices.modelregistered",
    { rule: "ml/model-registered", parse: modelRegistered },
  ],
  ["microsoft.machinelearningservices.modeldeployed", { rule: "ml/model-deployed", parse: modelDeployed }],
  ["microsoft.machinelearningservices.runcompleted", { rule: "ml/run-completed", parse: runEvent }],
  ["microsoft.machinelearningservices.runstatuschanged", { rule: "ml/run-status-changed", parse: runEvent }],
  [
    "microsoft.machinelearningservices.datasetdriftdetected",
    { rule: "ml/dataset-drift", parse: datasetDriftDetected },
  ],
  ...family(["microsoft.policyinsights.policystate"], ["created", "changed", "deleted"], {
    rule: "policy/state-changed",
    parse: policyStateChanged,
  }),
  ...family(
    ["microsoft.containerregistry.", ""],
    ["imagepushed", "imagedeleted", "chartpushed", "chartdeleted"],
    { rule: "registry/changed", parse: registryChanged },
  ),
  [
    "microsoft.resourcenotifications.healthresources.availabilitystatuschanged",
    { rule: "health/availability-changed", parse: availabilityChanged },
  ],
  [
    "microsoft.resourcenotifications.healthresources.resourceannotated",
    { rule: "health/resource-annotated", parse: resourceAnnotated },
  ],
]);

/**
 * Reads ONE event in Event Grid's schema or CloudEvents 1.0; a list of one is taken as that one. Never throws.
 *
 * An unknown type is ignored rather than refused: Event Grid would retry a refusal for 24 hours.
 *
 * @param watched - resource id of the workspace that is looked after: models and runs of others are ignored, because
 *   several may have a subscription to one door. Without it, those of every workspace are taken.
 */
export function parseModelEvent(event: unknown, watched?: string): ParseOutcome {
  const one = Array.isArray(event) && event.length === 1 ? event[0] : event;
  if (!isRecord(one)) return rejected("event-grid", "", `expected one event, found ${shown(event)}`);
  const envelope = readEnvelope(one);
  if (!envelope.success) {
    const { field, reason } = firstProblem(envelope.error);
    return rejected("event-grid", field, reason);
  }
  const type = envelope.data.type.toLowerCase();
  if (type === "microsoft.eventgrid.subscriptionvalidationevent") {
    return { outcome: "handshake", rule: "event-grid/handshake" };
  }
  const row = PARSERS.get(type);
  if (!row)
    return ignored("event-grid/unknown-type", `no reaction to events of type ${shown(envelope.data.type)}`);
  const other = row.rule.startsWith("ml/") ? otherWorkspace(envelope.data.source, watched) : undefined;
  if (other !== undefined) {
    return ignored("ml/other-workspace", `it comes from workspace ${shown(other)}, which is not watched`);
  }
  const occurredAt = readTime(envelope.data.time);
  if (occurredAt === null) {
    const name = "eventType" in one ? "eventTime" : "time";
    return rejected(row.rule, name, `${name}: ${noDate(envelope.data.time)}`);
  }
  const context = { rule: row.rule, occurredAt, data: envelope.data.data };
  const outcome = row.parse(envelope.data, context);
  if (!("problem" in outcome)) return outcome;
  const { field, reason } = firstProblem(outcome.problem, "data");
  return rejected(row.rule, field, reason);
}

/** The name of the workspace that an event comes from, where it is not the one that is watched. */
function otherWorkspace(source: string, watched: string | undefined): string | undefined {
  const { workspace } = subjectOf(source);
  if (watched === undefined || workspace === undefined) return undefined;
  if (foldCase(workspace) === foldCase(watched)) return undefined;
  return workspace.slice(workspace.lastIndexOf("/") + 1);
}
