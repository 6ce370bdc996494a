import { z } from "zod";

const DRIFT_METRICS = [
  "NormalizedWassersteinDistance",
  "PopulationStabilityIndex",
  "JensenShannonDistance",
] as const;
const QUALITY_METRICS = ["NullValueRate"] as const;

const window = { columns: z.record(z.string(), z.string()).nullish(), dataContext: z.string().nullish() };
const Data = z.discriminatedUnion("inputDataType", [
  z.looseObject({ ...window, inputDataType: z.literal("Fixed"), jobInputType: z.string(), uri: z.string() }),
  z.looseObject({
    ...window,
    inputDataType: z.literal("Rolling"),
    jobInputType: z.string(),
    uri: z.string(),
    windowOffset: z.string(),
    windowSize: z.string(),
  }),
  z.looseObject({
    ...window,
    inputDataType: z.literal("Static"),
    jobInputType: z.string(),
    uri: z.string(),
    windowStart: z.string(),
    windowEnd: z.string(),
  }),
]);

const thresholds = (metrics: readonly [string, ...string[]]) =>
  z
    .array(
      z.looseObject({
        dataType: z.literal("Numerical", {
          error: "expected Numerical: no other features are measured here",
        }),
        metric: z.enum(metrics, {
          error: `expected ${metrics.join(", ")}: no other metric is measured here`,
        }),
        threshold: z.looseObject({ value: z.number() }),
      }),
    )
    .min(1);

const signal = { productionData: Data, referenceData: Data };
const Signal = z.discriminatedUnion(
  "signalType",
  [
    z.looseObject({
      ...signal,
      signalType: z.literal("DataDrift"),
      metricThresholds: thresholds(DRIFT_METRICS),
    }),
    z.looseObject({
      ...signal,
      signalType: z.literal("PredictionDrift"),
      metricThresholds: thresholds(DRIFT_METRICS),
    }),
    z.looseObject({
      ...signal,
      signalType: z.literal("DataQuality"),
      metricThresholds: thresholds(QUALITY_METRICS),
    }),
  ],
  { error: "expected DataDrift, PredictionDrift or DataQuality: no other signal is measured here" },
);

export const MONITOR = z.looseObject({
  computeConfiguration: z.looseObject({
    computeType: z.literal("ServerlessSpark"),
    computeIdentity: z.looseObject({ computeIdentityType: z.string() }),
    instanceType: z.string(),
    runtimeVersion: z.string(),
  }),
  monitoringTarget: z.looseObject({ taskType: z.string() }).nullish(),
  signals: z.record(z.string(), Signal),
  alertNotificationSettings: z.looseObject({}).nullish(),
});

export type MonitorDefinition = z.infer<typeof MONITOR>;
export type MonitorData = z.infer<typeof Data>;
