import * as z from "zod";
import {
  type Alert,
  type Criterion,
  firstTime,
  hasUniqueId,
  readCriteria,
  readCustom,
  readDimensions,
  readSeverity,
  readState,
  recordAt,
} from "./alert.ts";
import {
  caseless,
  fieldAt,
  firstProblem,
  isRecord,
  LooseNumber,
  Name,
  noDate,
  OptionalText,
  readText,
} from "./fields.ts";

/** An alert, or the field that cannot be read and why. */
type Read = Alert | { field: string; reason: string };

/** Whether a body is an alert in any of the schemas, by its `schemaId` or its shape. */
export const isAlert = (body: Record<string, unknown>): boolean => SCHEMAS.some(({ is }) => is(body));

/**
 * Reads an alert by the schema that its `schemaId`, or its shape, names; null when it is none of them.
 *
 * @param receivedAt - dates an alert that has an id of its own and no date
 */
export function readAlert(body: Record<string, unknown>, receivedAt?: Date): Read | null {
  const reader = SCHEMAS.find(({ is }) => is(body));
  return reader ? reader.read(body, receivedAt) : null;
}

const hasSchema = (id: string) => (body: Record<string, unknown>) => body.schemaId === id;

const SCHEMAS: readonly {
  is: (body: Record<string, unknown>) => boolean;
  read: (body: Record<string, unknown>, receivedAt?: Date) => Read;
}[] = [
  { is: hasSchema("azureMonitorCommonAlertSchema"), read: readCommon },
  { is: hasSchema("AzureMonitorMetricAlert"), read: (body) => readMetric(recordAt(body, "data"), "data.") },
  { is: hasSchema("Microsoft.Insights/activityLogs"), read: readActivityLog },
  {
    is: hasSchema("Microsoft.Insights/LogAlert"),
    read: (body) => readSearch(recordAt(body, "data"), "data."),
  },
  {
    is: (body) => body.schemaId === undefined && "AlertRuleName" in body,
    read: (body) => readSearch(body, ""),
  },
  {
    is: (body) => body.schemaId === undefined && isRecord(body.context) && "status" in body,
    read: (body) => readMetric(body, ""),
  },
  { is: (body) => "essentials" in recordAt(body, "properties"), read: readSmartDetection },
];

const Essentials = caseless({
  alertId: Name,
  alertRule: OptionalText,
  severity: OptionalText,
  monitorCondition: OptionalText,
  monitoringService: Name,
  alertTargetIDs: z.array(z.string()).catch([]).optional(),
  firedDateTime: OptionalText,
  resolvedDateTime: OptionalText,
  description: OptionalText,
});

const Common = z.object({ data: z.object({ essentials: Essentials }) });

function readCommon(body: Record<string, unknown>, receivedAt?: Date): Read {
  const data = recordAt(body, "data");
  const read = Common.safeParse(body);
  if (!read.success) return firstProblem(read.error);
  const { essentials } = read.data.data;
  const context = recordAt(data, "alertContext");
  const condition = recordAt(context, "condition");
  const state = readState(essentials.monitorCondition);
  const service = essentials.monitoringService.toLowerCase().replaceAll(" ", "");
  const { firedDateTime: sent } = essentials;
  const came = sent === undefined && hasUniqueId(service) ? receivedAt?.toISOString() : undefined;
  const firedAt = firstTime(sent, context.eventTimestamp, came);
  const occurredAt = state === "cleared" ? firstTime(essentials.resolvedDateTime, firedAt) : firedAt;
  return dated(
    { field: "data.essentials.firedDateTime", sent, occurredAt },
    {
      service,
      id: essentials.alertId,
      rule: essentials.alertRule ?? "",
      state,
      severity: readSeverity(essentials.severity),
      targets: essentials.alertTargetIDs ?? [],
      description: essentials.description,
      window: readText(condition.windowSize),
      criteria: "SearchQuery" in context ? [searchCriterion(context)] : readCriteria(condition.allOf),
      custom: readCustom(context.properties, data.customProperties),
      context,
    },
  );
}

const MetricContext = caseless({
  id: Name,
  name: OptionalText,
  timestamp: OptionalText,
  severity: OptionalText,
  resourceId: OptionalText,
  description: OptionalText,
});

/**
 * Legacy metric alerts, and the classic ones before them: their condition holds one criterion, not a list.
 *
 * @param path - of `data` in the body, with a point at its end
 */
function readMetric(data: Record<string, unknown>, path: string): Read {
  const context = recordAt(data, "context");
  const read = MetricContext.safeParse(context);
  if (!read.success) return firstProblem(read.error, `${path}context`);
  const condition = recordAt(context, "condition");
  const allOf = fieldAt(condition, "allOf");
  const { id, name, timestamp, severity, resourceId, description } = read.data;
  const criteria = readCriteria(Array.isArray(allOf) ? allOf : [condition]);
  const dimensions = criteria.flatMap((criterion) => [...criterion.dimensions].map((pair) => pair.join("=")));
  const date = { field: `${path}context.timestamp`, sent: timestamp, occurredAt: firstTime(timestamp) };
  return dated(date, {
    service: "platform",
    id: [id, timestamp, ...dimensions].join("|"),
    rule: name ?? "",
    state: readState(readText(fieldAt(data, "status"))),
    severity: readSeverity(severity),
    targets: resourceId === undefined ? [] : [resourceId],
    description,
    window: readWindow(fieldAt(condition, "windowSize")),
    criteria,
    custom: readCustom(fieldAt(data, "properties")),
    context,
  });
}

/** Classic alerts count the minutes; all others write ISO 8601. */
function readWindow(size: unknown): string | undefined {
  const text = readText(size);
  return text !== undefined && /^\d{1,6}$/.test(text) ? `PT${text}M` : text;
}

function readActivityLog(body: Record<string, unknown>): Read {
  const data = recordAt(body, "data");
  const log = recordAt(recordAt(data, "context"), "activityLog");
  const source = readText(log.eventSource) ?? "Administrative";
  const date = {
    field: "data.context.activityLog.eventTimestamp",
    sent: log.eventTimestamp,
    occurredAt: firstTime(log.eventTimestamp, log.submissionTimestamp),
  };
  return dated(date, {
    service: /health$/i.test(source) ? source.toLowerCase() : `activitylog-${source.toLowerCase()}`,
    id: readText(log.eventDataId) ?? readText(log.correlationId) ?? "",
    rule: "",
    state: "raised",
    severity: null,
    targets: [readText(log.resourceId) ?? ""].filter((id) => id !== ""),
    description: readText(log.description),
    window: undefined,
    criteria: [],
    custom: readCustom(data.properties),
    context: log,
  });
}

const Search = caseless({
  AlertRuleName: Name,
  SearchIntervalEndtimeUtc: OptionalText,
  Severity: OptionalText,
  SubscriptionId: OptionalText,
  ResourceId: OptionalText,
  Description: OptionalText,
});

function readSearch(data: Record<string, unknown>, path: string): Read {
  const read = Search.safeParse(data);
  if (!read.success) return firstProblem(read.error, path.slice(0, -1));
  const { AlertRuleName, SearchIntervalEndtimeUtc: end, ...rest } = read.data;
  return dated(
    { field: `${path}SearchIntervalEndtimeUtc`, sent: end, occurredAt: firstTime(end) },
    {
      service: "loganalytics",
      id: [rest.SubscriptionId, AlertRuleName, end].join("|"),
      rule: AlertRuleName,
      state: "raised",
      severity: readSeverity(rest.Severity),
      targets: rest.ResourceId === undefined ? [] : [rest.ResourceId],
      description: rest.Description,
      window: undefined,
      criteria: [searchCriterion(data)],
      custom: new Map(),
      context: data,
    },
  );
}

const SearchFields = caseless({
  Operator: OptionalText,
  AlertThresholdOperator: OptionalText,
  ResultCount: LooseNumber,
  Threshold: LooseNumber,
  AlertThresholdValue: LooseNumber,
  SearchQuery: OptionalText,
  Dimensions: z.unknown().optional(),
});

/** A search of the first generation: legacy alerts name its limit otherwise than the common schema does. */
function searchCriterion(context: Record<string, unknown>): Criterion {
  const found = SearchFields.parse(context);
  const operator = found.Operator ?? found.AlertThresholdOperator ?? "";
  return {
    metric: "ResultCount",
    namespace: "",
    operator: operator.toLowerCase().replaceAll(" ", ""),
    value: found.ResultCount ?? null,
    threshold: found.Threshold ?? found.AlertThresholdValue ?? null,
    query: found.SearchQuery ?? "",
    webTest: false,
    dimensions: readDimensions(found.Dimensions),
  };
}

const SmartEssentials = caseless({
  monitorCondition: OptionalText,
  targetResource: OptionalText,
  alertRule: Name,
  severity: OptionalText,
  startDateTime: OptionalText,
  monitorConditionResolvedDateTime: OptionalText,
  description: OptionalText,
});

function readSmartDetection(body: Record<string, unknown>): Read {
  const properties = recordAt(body, "properties");
  const read = SmartEssentials.safeParse(properties.essentials);
  if (!read.success) return firstProblem(read.error, "properties.essentials");
  const { monitorCondition, targetResource, alertRule, startDateTime, ...rest } = read.data;
  const state = readState(monitorCondition);
  const resolvedAt = state === "cleared" ? rest.monitorConditionResolvedDateTime : undefined;
  const date = {
    field: "properties.essentials.startDateTime",
    sent: startDateTime,
    occurredAt: firstTime(resolvedAt, startDateTime),
  };
  return dated(date, {
    service: "smartdetector",
    id: [targetResource, alertRule, startDateTime].join("|"),
    rule: alertRule,
    state,
    severity: readSeverity(rest.severity),
    targets: targetResource === undefined ? [] : [targetResource],
    description: rest.description,
    window: undefined,
    criteria: [],
    custom: new Map(),
    context: recordAt(properties, "context"),
  });
}

/** An alert needs a date: without one it cannot be told from the next. */
function dated(
  { field, sent, occurredAt }: { field: string; sent: unknown; occurredAt: string | null },
  alert: Omit<Alert, "occurredAt">,
): Read {
  if (occurredAt !== null) return { ...alert, occurredAt };
  return { field, reason: `${field}: ${noDate(sent)}` };
}
