import type { MeasurementsIn } from "../service.ts";
import type { MeteredResource } from "./catalogue.ts";
import { toMeasuredSeries } from "./measured-series.ts";
import { isMeasured, type MetricDefinition } from "./metric.ts";
import { type Series, type SeriesQuery, toSeries } from "./series.ts";
import type { RequestStore } from "./store.ts";

/** The series of one metric of one resource. */
export type SeriesOf = (resource: MeteredResource, metric: MetricDefinition, query: SeriesQuery) => Series[];

/** Metrics come from the requests that were served, or from what the resource's own service has measured. */
export function metricSource(store: RequestStore, measured: MeasurementsIn): SeriesOf {
  return (resource, metric, query) => {
    const { span } = query;
    if (!isMeasured(metric))
      return toSeries(store.of(resource, span, metric.measure.kind === "bytes"), metric, query);
    return toMeasuredSeries(measured(resource.id, metric.name, span.start, span.end), metric, query);
  };
}
