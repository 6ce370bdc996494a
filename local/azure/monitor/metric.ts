import type { Measurement, ScoredRequest } from "../service.ts";
import type { Aggregate } from "./series.ts";

interface Described {
  readonly name: string;
  readonly unit: "Count" | "CountPerSecond" | "BytesPerSecond" | "Milliseconds" | "Percent";
  readonly description: string;
  /** The aggregation of a query that names none; Average when absent. */
  readonly primary?: Aggregate;
  /** Whether a diagnostic setting sends it on. */
  readonly isExportable?: boolean;
}

/** How a metric's one-minute samples come from the requests of that minute. */
export type RequestMeasure =
  | { readonly kind: "requests" }
  | { readonly kind: "bytes" }
  | { readonly kind: "latency" }
  | { readonly kind: "latency-percentile"; readonly percentile: number };

/** A metric of what an endpoint, or a deployment of it, was asked and answered. */
export interface RequestMetric extends Described {
  readonly dimensions: Readonly<Record<string, (request: ScoredRequest) => string>>;
  readonly measure: RequestMeasure;
}

/** A metric of what the resource's own service has counted, or of a level that it has told. */
export interface MeasuredMetric extends Described {
  readonly dimensions: Readonly<Record<string, (measurement: Measurement) => string>>;
  readonly measure: { readonly kind: "count" | "level" };
}

export type MetricDefinition = RequestMetric | MeasuredMetric;

export function isMeasured(metric: MetricDefinition): metric is MeasuredMetric {
  return metric.measure.kind === "count" || metric.measure.kind === "level";
}

/** Dimensions by their official names; of what the service does not tell, the value is empty. */
export const told = (...names: readonly string[]): MeasuredMetric["dimensions"] =>
  Object.fromEntries(names.map((name) => [name, ({ dimensions }: Measurement) => dimensions[name] ?? ""]));
