import { z } from "zod";
import {
  type Alert,
  type Criterion,
  firstTime,
  readCriteria,
  readCustom,
  readDimensions,
  readSeverity,
  readState,
  recordAt,
} from "./alert.ts";
import { caseless, isRecord, Name, OptionalText, readNumber, readText } from "./fields.ts";

type Read = Alert | { problem: z.ZodError };

/** Reads an alert by the schema that its `schemaId`, or its shape, names; null when it is none of them. */
export function readAlert(body: Record<string, unknown>): Read | null {
  const reader = SCHEMAS.find(({ is }) => is(body));
  return reader ? reader.read(body) : null;
}

const hasSchema = (id: string) => (body: Record<string, unknown>) => body.schemaId === id;

const SCHEMAS: readonly { is: (body: Record<string, unknown>) => boolean; read: (body: unknown) => Read }[] =
  [
    { is: hasSchema("azureMonitorCommonAlertSchema"), read: readCommon },
    { is: hasSchema("AzureMonitorMetricAlert"), read: (body) => readMetric(recordAt(body, "data")) },
    { is: hasSchema("Microsoft.Insights/activityLogs"), read: readActivityLog },
    { is: hasSchema("Microsoft.Insights/LogAlert"), read: (body) => readSearch(recordAt(body, "data")) },
    { is: (body) => body.schemaId === undefined && "AlertRuleName" in body, read: readSearch },
    {
      is: (body) => body.schemaId === undefined && isRecord(body.context) && "status" in body,
      read: readMetric,
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

function readCommon(body: unknown): Read {
  const data = recordAt(body, "data");
  const read = Common.safeParse(body);
  if (!read.success) return { problem: read.error };
  const { essentials } = read.data.data;
  const context = recordAt(data, "alertContext");
  const condition = recordAt(context, "condition");
  const state = readState(essentials.monitorCondition);
  const firedAt = firstTime(essentials.firedDateTime, context.eventTimestamp);
  return dated(state === "cleared" ? (firstTime(essentials.resolvedDateTime) ?? firedAt) : firedAt, {
    service: essentials.monitoringService.toLowerCase().replaceAll(" ", ""),
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
  });
}

const MetricContext = caseless({
  id: Name,
  name: OptionalText,
  timestamp: OptionalText,
  severity: OptionalText,
  resourceId: OptionalText,
  description: OptionalText,
});

/** Legacy metric alerts, and the classic ones before them: their condition holds one criterion, not a list. */
function readMetric(data: unknown): Read {
  const context = recordAt(data, "context");
  const read = MetricContext.safeParse(context);
  if (!read.success) return { problem: read.error };
  const condition = recordAt(context, "condition");
  const { id, name, timestamp, severity, resourceId, description } = read.data;
  const criteria = readCriteria(Array.isArray(condition.allOf) ? condition.allOf : [condition]);
  const dimensions = criteria.flatMap((criterion) => [...criterion.dimensions].map((pair) => pair.join("=")));
  return dated(firstTime(timestamp), {
    service: "platform",
    id: [id, timestamp, ...dimensions].join("|"),
    rule: name ?? "",
    state: readState(isRecord(data) ? readText(data.status) : undefined),
    severity: readSeverity(severity),
    targets: resourceId === undefined ? [] : [resourceId],
    description,
    window: readText(condition.windowSize),
    criteria,
    custom: readCustom(isRecord(data) ? data.properties : undefined),
    context,
  });
}

function readActivityLog(body: unknown): Read {
  const data = recordAt(body, "data");
  const log = recordAt(recordAt(data, "context"), "activityLog");
  const source = readText(log.eventSource) ?? "Administrative";
  return dated(firstTime(log.eventTimestamp, log.submissionTimestamp), {
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
  Description: OptionalText,
});

function readSearch(data: unknown): Read {
  const read = Search.safeParse(data);
  if (!read.success) return { problem: read.error };
  const found = isRecord(data) ? data : {};
  const { AlertRuleName, SearchIntervalEndtimeUtc, ...rest } = read.data;
  return dated(firstTime(SearchIntervalEndtimeUtc), {
    service: "loganalytics",
    id: [rest.SubscriptionId, AlertRuleName, SearchIntervalEndtimeUtc].join("|"),
    rule: AlertRuleName,
    state: "raised",
    severity: readSeverity(rest.Severity),
    targets: [],
    description: rest.Description,
    window: undefined,
    criteria: [searchCriterion(found)],
    custom: new Map(),
    context: found,
  });
}

/** A search of the first generation: legacy alerts name its limit otherwise than the common schema does. */
function searchCriterion(context: Record<string, unknown>): Criterion {
  const operator = readText(context.Operator ?? context.AlertThresholdOperator) ?? "";
  return {
    metric: "ResultCount",
    namespace: "",
    operator: operator.toLowerCase().replaceAll(" ", ""),
    value: readNumber(context.ResultCount),
    threshold: readNumber(context.Threshold ?? context.AlertThresholdValue),
    query: readText(context.SearchQuery) ?? "",
    webTest: false,
    dimensions: readDimensions(context.Dimensions),
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

function readSmartDetection(body: unknown): Read {
  const properties = recordAt(body, "properties");
  const read = SmartEssentials.safeParse(properties.essentials);
  if (!read.success) return { problem: read.error };
  const { monitorCondition, targetResource, alertRule, startDateTime, ...rest } = read.data;
  const state = readState(monitorCondition);
  const resolvedAt = state === "cleared" ? rest.monitorConditionResolvedDateTime : undefined;
  return dated(firstTime(resolvedAt, startDateTime), {
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
function dated(occurredAt: string | null, alert: Omit<Alert, "occurredAt">): Read {
  if (occurredAt !== null) return { ...alert, occurredAt };
  const message = "expected a date, found none";
  return {
    problem: new z.ZodError([{ code: "custom", path: ["firedDateTime"], message, input: undefined }]),
  };
}
