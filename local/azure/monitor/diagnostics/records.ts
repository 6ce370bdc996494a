import type { ScoredRequest } from "../../service.ts";
import type { MeteredResource } from "../catalogue.ts";
import { type LogPlace, OPERATION, TRAFFIC_LOG, toProperties } from "../logs/traffic-log.ts";
import { isMeasured, type RequestMetric } from "../metric.ts";
import { toSeries } from "../series.ts";

const MINUTE_MS = 60_000;
/** Of one message; with the records' usual size it stays far below an event hub's limit. */
export const MOST_RECORDS = 100;

/** A request as a diagnostic setting sends it: ids in upper case, times with seven digits. */
export function toLogRecord(request: ScoredRequest, place: LogPlace): Record<string, unknown> {
  return {
    time: timeOf(request.at),
    resourceId: request.endpointId.toUpperCase(),
    category: TRAFFIC_LOG,
    operationName: OPERATION,
    location: place.location,
    properties: toProperties(request, place),
  };
}

/**
 * One minute's metrics of a resource, those that Azure exports, without dimensions. A minute without requests has none.
 *
 * @param minute - its beginning, in ms since the epoch
 */
export function toMetricRecords(
  resource: MeteredResource,
  requests: readonly ScoredRequest[],
  minute: number,
): Record<string, unknown>[] {
  const span = { start: minute, end: minute + MINUTE_MS };
  const query = { span, grainMs: MINUTE_MS, filters: [], now: span.end };
  return resource.metrics
    .filter((metric): metric is RequestMetric => !isMeasured(metric))
    .filter(({ isExportable }) => isExportable)
    .flatMap((metric) => {
      const values = toSeries(requests, metric, query)[0]?.points[0]?.values;
      if (!values) return [];
      const { count, total, minimum, maximum, average } = values;
      return {
        count,
        total,
        minimum,
        maximum,
        average,
        resourceId: resource.id.toUpperCase(),
        time: timeOf(minute),
        metricName: metric.name,
        timeGrain: "PT1M",
      };
    });
}

/** The bodies of as many messages as the records need. */
export function toMessages(records: readonly Record<string, unknown>[]): { records: unknown[] }[] {
  const messages: { records: unknown[] }[] = [];
  for (let at = 0; at < records.length; at += MOST_RECORDS) {
    messages.push({ records: records.slice(at, at + MOST_RECORDS) });
  }
  return messages;
}

const timeOf = (at: number): string => new Date(at).toISOString().replace("Z", "0000Z");
