import type { Clock } from "../../clock.ts";
import type { MeteredResource } from "./catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import type { SeriesOf } from "./metric-source.ts";
import type { MetricsQuery } from "./query.ts";
import { type Aggregate, type Point, type Series, summarize } from "./series.ts";

export const namespaceOf = ({ resourceType }: MeteredResource): string =>
  `Microsoft.MachineLearningServices/${resourceType}`;

export const primaryOf = ({ primary }: MetricDefinition): Aggregate => primary ?? "average";

export function localizable(value: string): { value: string; localizedValue: string } {
  return { value, localizedValue: value };
}

/** What a resource's metrics say, as all metrics APIs write it. */
export function toMetrics(
  { seriesOf, clock }: { readonly seriesOf: SeriesOf; readonly clock: Clock },
  resource: MeteredResource,
  query: MetricsQuery,
): object[] {
  const { aggregates, metrics, top, order, isMetadata } = query;
  return metrics.map((metric) => {
    const found = seriesOf(resource, metric, { ...query, now: clock.now() });
    const series = (order ? inOrder(found, order) : found).slice(0, top);
    return toMetric(resource, metric, series, isMetadata ? undefined : (aggregates ?? [primaryOf(metric)]));
  });
}

/** By what each series comes to over the whole timespan; one without data comes last. */
function inOrder(
  series: readonly Series[],
  { aggregate, isDescending }: NonNullable<MetricsQuery["order"]>,
): Series[] {
  const sortable = series.map((one) => ({ one, value: overAll(one, aggregate) }));
  sortable.sort((a, b) => {
    if (a.value === undefined || b.value === undefined)
      return Number(a.value === undefined) - Number(b.value === undefined);
    return isDescending ? b.value - a.value : a.value - b.value;
  });
  return sortable.map(({ one }) => one);
}

function overAll({ points }: Series, aggregate: Aggregate): number | undefined {
  const values = points.flatMap(({ values: found }) => found ?? []);
  if (values.length === 0) return undefined;
  const sum = (name: "total" | "count") => values.reduce((all, value) => all + value[name], 0);
  if (aggregate === "average") return sum("total") / sum("count");
  if (aggregate === "total" || aggregate === "count") return sum(aggregate);
  return summarize(values.map((value) => value[aggregate]))[aggregate];
}

/** @param aggregates - of each point; undefined for none of the data */
function toMetric(
  resource: MeteredResource,
  { name, unit, description }: MetricDefinition,
  series: readonly Series[],
  aggregates: readonly Aggregate[] | undefined,
): object {
  return {
    id: `${resource.id}/providers/Microsoft.Insights/metrics/${name}`,
    type: "Microsoft.Insights/metrics",
    name: localizable(name),
    displayDescription: description,
    unit,
    errorCode: "Success",
    timeseries: series.map(({ dimensions, points }) => ({
      metadatavalues: Object.entries(dimensions).map(([key, value]) => ({ name: localizable(key), value })),
      ...(aggregates && { data: points.map((point) => toData(point, aggregates)) }),
    })),
  };
}

function toData({ timeStamp, values }: Point, aggregates: readonly Aggregate[]): object {
  const shown = values ? aggregates.map((aggregate) => [aggregate, values[aggregate]] as const) : [];
  return { timeStamp: new Date(timeStamp).toISOString(), ...Object.fromEntries(shown) };
}
