import { type Alert, type AlertMeaning, hasUniqueId } from "./alert.ts";
import { activityMeaning, healthMeaning, serviceHealthMeaning, smartMeaning } from "./alert-context.ts";
import { metricMeaning, queryMeaning } from "./alert-kinds.ts";
import { readAlert } from "./alert-schemas.ts";
import { parseBudgetAlert } from "./budget-alert.ts";
import { buildSignal } from "./build.ts";
import { isRecord, shown } from "./fields.ts";
import { ignored, type ParseOutcome, rejected, signalled } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import { type Measurement, type Signal, SignalKind, type Subject } from "./signal.ts";
import { signalId } from "./signal-id.ts";

/** One reader per monitoring service, in lower case without spaces; a text says why an alert calls for nothing. */
const SERVICES: ReadonlyMap<string, (alert: Alert) => AlertMeaning | string> = new Map([
  ["platform", (alert) => metricMeaning(alert) ?? noReaction(alert)],
  ["logalertsv2", (alert) => firstQuery(alert) ?? noReaction(alert)],
  ["loganalytics", (alert) => firstQuery(alert) ?? noReaction(alert)],
  ["applicationinsights", (alert) => firstQuery(alert) ?? noReaction(alert)],
  ["smartdetector", smartMeaning],
  ["activitylog-administrative", activityMeaning],
  ["activitylog-policy", activityMeaning],
  ["activitylog-autoscale", activityMeaning],
  ["activitylog-security", activityMeaning],
  ["resourcehealth", healthMeaning],
  ["servicehealth", serviceHealthMeaning],
]);

/**
 * Reads one call of an Azure Monitor action group, in the common schema or a legacy one; a budget's alert too.
 * Never throws.
 *
 * The kind is read from metric, query or service. The author of an alert rule can say it outright with the custom
 * properties `outerloop.kind`, `outerloop.model` and `outerloop.endpoint`.
 *
 * Id: the alert's own id and whether it fired or resolved; with the time it fired for services whose id names the
 * rule instead. Activity log: the event. Service Health: the incident, whose many updates are one occurrence.
 *
 * @param receivedAt - dates what has no date of its own: a legacy budget, an alert whose sender left it out
 */
export function parseMonitorAlert(body: unknown, receivedAt?: Date): ParseOutcome {
  if (!isRecord(body)) return rejected("alert", "", `expected one alert, found ${shown(body)}`);
  if (isBudget(body)) return parseBudgetAlert(body, receivedAt);
  const alert = readAlert(body, receivedAt);
  if (!alert)
    return rejected("alert", "schemaId", `expected a schema of Azure Monitor, found ${shown(body.schemaId)}`);
  if ("field" in alert) return rejected("alert", alert.field, alert.reason);
  const meaning = statedMeaning(alert) ?? SERVICES.get(alert.service)?.(alert) ?? unknownService(alert);
  const rule = `alert/${alert.service.slice(0, 40)}`;
  if (typeof meaning === "string") return ignored(rule, meaning);
  return signalled(`${rule}/${meaning.rule}`, alertSignal(alert, meaning));
}

function isBudget(body: Record<string, unknown>): boolean {
  if (body.schemaId === "AIP Budget Notification") return true;
  const essentials = isRecord(body.data) ? body.data.essentials : undefined;
  return isRecord(essentials) && essentials.monitoringService === "CostAlerts";
}

function statedMeaning({ custom }: Alert): AlertMeaning | null {
  const stated = custom.get("outerloop.kind");
  if (stated === undefined) return null;
  const kind = SignalKind.safeParse(stated);
  return kind.success ? { rule: "stated", kind: kind.data } : null;
}

function firstQuery({ criteria }: Alert): AlertMeaning | null {
  for (const { query } of criteria) {
    const meaning = queryMeaning(query);
    if (meaning) return meaning;
  }
  return null;
}

function noReaction({ criteria, rule }: Alert): string {
  const [first] = criteria;
  const what = first?.metric
    ? `${first.metric} of ${first.namespace || "no namespace"}`
    : `rule ${rule || "(unnamed)"}`;
  return `no reaction to ${what.slice(0, 200)}; the alert rule can name one with the custom property outerloop.kind`;
}

const unknownService = ({ service }: Alert): string => `no reaction to alerts of ${shown(service)}`;

function alertSignal(alert: Alert, meaning: AlertMeaning): Signal {
  const state = meaning.state ?? alert.state;
  const own = hasUniqueId(alert.service) ? [foldCase(alert.id)] : [foldCase(alert.id), alert.occurredAt];
  const identity = meaning.identity === undefined ? own : [meaning.identity];
  return buildSignal({
    id: signalId(meaning.kind, ...identity, state),
    kind: meaning.kind,
    state,
    subject: { ...alertSubject(alert), ...meaning.subject },
    severity: meaning.severity ?? alert.severity ?? 2,
    occurredAt: alert.occurredAt,
    measurements: alert.criteria.map((criterion) => measurementOf(criterion, alert.window)),
    facts: { alertRule: alert.rule, description: alert.description, ...meaning.facts },
    source: { door: "alerts", type: alert.service, id: alert.id.slice(0, 1_024) },
  });
}

/** The first target that is of Azure ML, else the first; a deployment may stand in the dimensions instead. */
function alertSubject({ targets, criteria, custom }: Alert): Subject {
  const subjects = targets.slice(0, 20).map(subjectOf);
  const subject = subjects.find(({ workspace }) => workspace !== undefined) ?? subjects[0] ?? {};
  const deployment = criteria.map(({ dimensions }) => dimensions.get("deployment")).find((name) => name);
  const model = custom.get("outerloop.model");
  const endpoint = custom.get("outerloop.endpoint");
  return {
    ...subject,
    ...(deployment ? { deployment } : {}),
    ...(endpoint ? { endpoint } : {}),
    ...(model ? { model } : {}),
  };
}

function measurementOf(criterion: Alert["criteria"][number], window: string | undefined): Measurement {
  const { metric, value, threshold, dimensions } = criterion;
  const group = [...dimensions].map(([name, text]) => `${name}=${text}`).join(", ");
  return {
    metric: metric || "query",
    value,
    threshold,
    ...(group === "" ? {} : { group }),
    ...(window === undefined ? {} : { window }),
  };
}
