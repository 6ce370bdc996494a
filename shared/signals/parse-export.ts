import * as z from "zod";
import { buildSignal } from "./build.ts";
import { defenderFinding } from "./defender.ts";
import {
  caseless,
  firstProblem,
  isRecord,
  LooseNumber,
  Moment,
  Name,
  noDate,
  OptionalText,
  parsedJson,
  readTime,
  shown,
} from "./fields.ts";
import { healthState } from "./health.ts";
import { type InferenceRecord, inferenceRecord, isInference } from "./inference-record.ts";
import { ignored, type ParseOutcome, rejected, signalled } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import { signalId } from "./signal-id.ts";

/** One request to an online endpoint, from its traffic log. */
export type EndpointRequest = {
  endpoint: string;
  deployment: string;
  /** Resource id of the endpoint, as sent: exporters write it in upper case. */
  resourceId: string;
  at: string;
  /** What the caller got: 424 is the model's error, 429 throttling, 408 and 504 timeouts. */
  responseCode: number | null;
  modelStatusCode: number | null;
  totalMs: number | null;
  throttlingMs: number;
  requestId: string | undefined;
};

/** One minute's 95th percentile of an endpoint or a deployment, from the metrics of a diagnostic setting. */
export type LatencyMetric = {
  metric: "RequestLatency_P95";
  endpoint: string;
  /** Empty when the metric is the whole endpoint's. */
  deployment: string;
  at: string;
  p95Ms: number;
};

export type ExportBatch = {
  requests: EndpointRequest[];
  latencies: LatencyMetric[];
  inferences: InferenceRecord[];
  /** One per record that is none of these and no plain metric or log. */
  outcomes: ParseOutcome[];
  /** Records that were read and are nobody's concern. */
  skipped: number;
};

/** A message of Event Hubs is at most 1 MB: there is no room for more. */
const MOST_RECORDS = 10_000;

/**
 * Reads one message of a diagnostic setting or of Defender's continuous export: an object, a list, `{records: [...]}`, or
 * lines of JSON. One bad record is one rejected outcome and stops nothing.
 *
 * @param message - parsed JSON, or the text itself
 */
export function parseExport(message: unknown): ExportBatch {
  const batch: ExportBatch = { requests: [], latencies: [], inferences: [], outcomes: [], skipped: 0 };
  const records = recordsOf(message);
  if (records.length > MOST_RECORDS) {
    const reason = `expected at most ${MOST_RECORDS} records, found ${records.length}: none of them was read`;
    batch.outcomes.push(rejected("export", "records", reason));
    return batch;
  }
  for (const record of records) {
    const found = parseRecord(record);
    if (found === null) batch.skipped += 1;
    else if ("outcome" in found) batch.outcomes.push(found);
    else if ("side" in found) batch.inferences.push(found);
    else if ("metric" in found) batch.latencies.push(found);
    else batch.requests.push(found);
  }
  return batch;
}

function recordsOf(message: unknown): unknown[] {
  const whole = parsedJson(message);
  if (typeof whole === "string")
    return whole
      .split("\n", MOST_RECORDS + 1)
      .filter((line) => line.trim() !== "")
      .map(parsedJson);
  if (Array.isArray(whole)) return whole;
  return isRecord(whole) && Array.isArray(whole.records) ? whole.records : [whole];
}

const LogRecord = caseless({ category: OptionalText, type: OptionalText, metricName: OptionalText });

type Found = EndpointRequest | LatencyMetric | InferenceRecord | ParseOutcome | null;

function parseRecord(record: unknown): Found {
  if (!isRecord(record)) return rejected("export", "", `expected a record, found ${shown(record)}`);
  if ("assessmentEventDataEnrichment" in record || /subassessments$/i.test(String(record.type)))
    return defenderFinding(record);
  const { category: name, type, metricName } = LogRecord.parse(record);
  if (type !== undefined && isInference(type)) return inferenceRecord(record);
  if (metricName !== undefined)
    return /^RequestLatency_P95$/i.test(metricName) ? latencyMetric(record) : null;
  const category = (name ?? type)?.toLowerCase();
  const read = category === undefined ? undefined : READERS.get(category);
  return read ? read(record) : null;
}

/** Looked at first and by hand: a message may hold thousands of records without it, and a complaint of zod is dear. */
const TrafficHead = caseless({ time: z.unknown().optional() });

const Traffic = caseless({
  resourceId: Name,
  properties: z.preprocess(
    parsedJson,
    caseless({
      EndpointName: OptionalText,
      DeploymentName: OptionalText,
      ResponseCode: LooseNumber,
      ModelStatusCode: LooseNumber,
      TotalDurationMs: LooseNumber,
      RequestThrottlingDelayMs: LooseNumber,
      ResponseThrottlingDelayMs: LooseNumber,
      XRequestId: OptionalText,
    }),
  ),
});

function trafficRequest(record: unknown): EndpointRequest | ParseOutcome {
  const head = TrafficHead.parse(record);
  const at = readTime(head.time);
  if (at === null) return rejected("export/traffic-log", "time", `time: ${noDate(head.time)}`);
  const read = Traffic.safeParse(record);
  if (!read.success) {
    const { field, reason } = firstProblem(read.error);
    return rejected("export/traffic-log", field, reason);
  }
  const { resourceId, properties } = read.data;
  const endpoint = properties.EndpointName ?? subjectOf(resourceId).endpoint;
  if (!endpoint)
    return rejected("export/traffic-log", "properties.EndpointName", "expected an endpoint, found nothing");
  return {
    endpoint,
    deployment: properties.DeploymentName ?? "",
    resourceId,
    at,
    responseCode: properties.ResponseCode ?? null,
    modelStatusCode: properties.ModelStatusCode ?? null,
    totalMs: properties.TotalDurationMs ?? null,
    throttlingMs: (properties.RequestThrottlingDelayMs ?? 0) + (properties.ResponseThrottlingDelayMs ?? 0),
    requestId: properties.XRequestId,
  };
}

/** A data collection rule tells the dimensions, a diagnostic setting does not. */
const Latency = caseless({
  time: Moment,
  resourceId: Name,
  average: LooseNumber,
  dimension: caseless({ deployment: OptionalText }).optional().catch(undefined),
});

/** A minute without requests has no average, and says nothing. */
function latencyMetric(record: unknown): LatencyMetric | ParseOutcome | null {
  const read = Latency.safeParse(record);
  if (!read.success) {
    const { field, reason } = firstProblem(read.error);
    return rejected("export/metric", field, reason);
  }
  const { dimension } = read.data;
  const { endpoint, deployment = dimension?.deployment ?? "" } = subjectOf(read.data.resourceId);
  const p95Ms = read.data.average ?? null;
  if (endpoint === undefined || p95Ms === null) return null;
  return { metric: "RequestLatency_P95", endpoint, deployment, at: read.data.time, p95Ms };
}

const Health = caseless({
  time: Moment,
  resourceId: Name,
  properties: z.preprocess(
    parsedJson,
    caseless({ currentHealthStatus: OptionalText, previousHealthStatus: OptionalText, cause: OptionalText }),
  ),
});

/** Id: the resource, its state and when. */
function resourceHealth(record: unknown): ParseOutcome {
  const rule = "export/resource-health";
  const read = Health.safeParse(record);
  if (!read.success) {
    const { field, reason } = firstProblem(read.error);
    return rejected(rule, field, reason);
  }
  const { time, resourceId, properties } = read.data;
  const { currentHealthStatus: current, previousHealthStatus: previous, cause } = properties;
  const state = healthState({ current, previous, cause });
  if (!state) return ignored(rule, `a health of ${current?.slice(0, 40) ?? "nothing"} calls for nothing`);
  const signal = buildSignal({
    id: signalId("platform.unhealthy", foldCase(resourceId), state, time),
    kind: "platform.unhealthy",
    state,
    subject: { ...subjectOf(resourceId), resource: resourceId },
    severity: 1,
    occurredAt: time,
    facts: { current, previous, cause },
    source: { door: "endpoint-traffic", type: "ResourceHealth", id: resourceId },
  });
  return signalled(rule, signal);
}

const READERS: ReadonlyMap<string, (record: unknown) => EndpointRequest | ParseOutcome> = new Map([
  ["amlonlineendpointtrafficlog", trafficRequest],
  ["resourcehealth", resourceHealth],
]);
