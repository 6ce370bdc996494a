import * as z from "zod";
import { findResource, metricsOf } from "../catalogue.ts";
import type { MetricDefinition } from "../metric.ts";
import { AGGREGATES, type Aggregate } from "../series.ts";
import { parseDuration } from "../timespan.ts";

const FREQUENCIES = ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"] as const;
const WINDOWS = [...FREQUENCIES, "PT6H", "PT12H", "P1D"] as const;
const MOST_CRITERIA = 5;

const SINGLE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria";
const MULTIPLE = "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria";

const Dimension = z.object({
  name: z.string().min(1),
  operator: z.enum(["Include", "Exclude"]),
  values: z.array(z.string()).min(1),
});

const Criterion = z.looseObject({
  criterionType: z.literal("StaticThresholdCriterion", {
    error: "expected StaticThresholdCriterion: dynamic thresholds are not simulated",
  }),
  name: z.string().min(1),
  metricName: z.string().min(1),
  metricNamespace: z.string().nullish(),
  operator: z.enum(["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]),
  threshold: z.number(),
  timeAggregation: z.enum(["Average", "Count", "Minimum", "Maximum", "Total"]),
  dimensions: z.array(Dimension).nullish(),
});
export type Criterion = z.infer<typeof Criterion>;

const Texts = z.record(z.string(), z.string());

export const RuleBody = z.looseObject({
  location: z.literal("global", { error: "expected global, where every metric alert rule lives" }),
  tags: Texts.nullish(),
  properties: z.looseObject({
    description: z.string().nullish(),
    severity: z.int().min(0).max(4),
    enabled: z.boolean(),
    scopes: z.array(z.string().startsWith("/subscriptions/")).min(1),
    evaluationFrequency: z.enum(FREQUENCIES),
    windowSize: z.enum(WINDOWS),
    targetResourceType: z.string().nullish(),
    targetResourceRegion: z.string().nullish(),
    criteria: z.looseObject({
      "odata.type": z.enum([SINGLE, MULTIPLE], {
        error: `expected ${SINGLE} or ${MULTIPLE}: no other criteria are simulated`,
      }),
      allOf: z.array(Criterion).min(1).max(MOST_CRITERIA),
    }),
    autoMitigate: z.boolean().nullish(),
    actions: z
      .array(z.looseObject({ actionGroupId: z.string(), webHookProperties: Texts.nullish() }))
      .nullish(),
    customProperties: Texts.nullish(),
  }),
});
export type RuleProperties = z.infer<typeof RuleBody>["properties"];

export const RulePatch = z.looseObject({
  tags: Texts.nullish(),
  properties: RuleBody.shape.properties.partial().nullish(),
});

/** A rule as it is evaluated. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly properties: RuleProperties;
}

export const frequencyMs = ({ evaluationFrequency }: RuleProperties): number =>
  parseDuration(evaluationFrequency) ?? 60_000;
export const windowMs = ({ windowSize }: RuleProperties): number => parseDuration(windowSize) ?? 60_000;

/** `SingleResourceMultipleMetricCriteria`, as alerts name it. */
export const conditionType = ({ criteria }: RuleProperties): string =>
  criteria["odata.type"].split(".").at(-1) ?? "";

/** What Azure refuses beyond the shape of a rule; `undefined` when it may be kept. */
export function refuseRule(properties: RuleProperties): string | undefined {
  const { scopes, windowSize, evaluationFrequency, criteria, targetResourceType } = properties;
  if (windowMs(properties) < frequencyMs(properties)) {
    return `windowSize ${windowSize} is shorter than evaluationFrequency ${evaluationFrequency}, expected at least as long.`;
  }
  const isSingle = criteria["odata.type"] === SINGLE;
  if (isSingle && scopes.length > 1) {
    return `scopes names ${scopes.length} resources, expected one: several need ${MULTIPLE}.`;
  }
  if (!isSingle && !(targetResourceType && properties.targetResourceRegion)) {
    return `targetResourceType and targetResourceRegion are missing: ${MULTIPLE} needs both.`;
  }
  const type = isSingle ? typeOf(scopes[0] ?? "") : targetResourceType;
  const metrics = type ? metricsOf(type) : undefined;
  if (!metrics) {
    const found = isSingle ? `the resource '${scopes[0]}'` : `targetResourceType '${targetResourceType}'`;
    return `No metrics are simulated for ${found}.`;
  }
  const names = criteria.allOf.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) return `Two criteria are named '${repeated}', expected each name once.`;
  const foreign = criteria.allOf.find(({ metricNamespace }) => !isNamespaceOf(metricNamespace, type ?? ""));
  if (foreign) {
    return `The criterion '${foreign.name}' has metricNamespace '${foreign.metricNamespace}', expected the resource's own: ${PROVIDER}/${type?.replace(PREFIX, "")}.`;
  }
  return criteria.allOf
    .map((criterion) => refuseCriterion(criterion, metrics, criteria.allOf.length > 1))
    .find((refused) => refused !== undefined);
}

const PROVIDER = "Microsoft.MachineLearningServices";
const PREFIX = /^microsoft\.machinelearningservices\//i;

/** A criterion that names no namespace means the resource's own. */
function isNamespaceOf(namespace: string | null | undefined, type: string): boolean {
  if (!namespace) return true;
  return namespace.toLowerCase() === `${PROVIDER}/${type.replace(PREFIX, "")}`.toLowerCase();
}

function refuseCriterion(
  { name, metricName, dimensions }: Criterion,
  metrics: readonly MetricDefinition[],
  hasOthers: boolean,
): string | undefined {
  const metric = metrics.find((one) => one.name.toLowerCase() === metricName.toLowerCase());
  if (!metric) {
    const valid = metrics.map((one) => one.name).join(", ");
    return `The criterion '${name}' asks for metric '${metricName}', expected one of: ${valid}.`;
  }
  for (const dimension of dimensions ?? []) {
    const isKnown = Object.keys(metric.dimensions).some(
      (one) => one.toLowerCase() === dimension.name.toLowerCase(),
    );
    if (!isKnown) {
      const known = Object.keys(metric.dimensions).join(", ") || "none";
      return `The metric '${metricName}' has no dimension '${dimension.name}', expected one of: ${known}.`;
    }
    const isOneSeries =
      dimension.operator === "Include" && dimension.values.length === 1 && dimension.values[0] !== "*";
    if (hasOthers && !isOneSeries) {
      return `The dimension '${dimension.name}' of '${name}' must include exactly one value: the rule has several criteria.`;
    }
  }
  return undefined;
}

function typeOf(id: string): string | undefined {
  return findResource(id.split("/").filter(Boolean))?.resourceType;
}

/** `Average` as the series name it. */
export function aggregateOf({ timeAggregation }: Criterion): Aggregate {
  return AGGREGATES.find((one) => one === timeAggregation.toLowerCase()) ?? "average";
}
