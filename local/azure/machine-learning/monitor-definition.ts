import * as z from "zod";
import {
  CATEGORICAL_DISTANCES,
  type Chosen,
  NUMERICAL_DISTANCES,
  QUALITY_RATES,
  type Signal,
} from "../../world/monitors/metrics.ts";

/** What the components of Azure's monitors take where a definition gives a metric no threshold. */
const DEFAULT_THRESHOLD = 0.5;

/** Signals that are measured here, and the metrics that each type of feature has in them. */
const DRIFT = {
  Numerical: Object.keys(NUMERICAL_DISTANCES),
  Categorical: Object.keys(CATEGORICAL_DISTANCES),
};
const METRICS = {
  DataDrift: DRIFT,
  PredictionDrift: DRIFT,
  DataQuality: { Numerical: QUALITY_RATES, Categorical: QUALITY_RATES },
} as const;
type SignalType = keyof typeof METRICS;

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

const found = (input: unknown) => (typeof input === "string" ? `'${input}'` : "nothing");

const Threshold = z
  .looseObject({ value: z.number().nullish() })
  .nullish()
  .transform((threshold) => ({ ...threshold, value: threshold?.value ?? DEFAULT_THRESHOLD }));

function thresholdOf(signal: SignalType, dataType: "Numerical" | "Categorical") {
  const metrics = METRICS[signal][dataType];
  return z.looseObject({
    dataType: z.literal(dataType),
    metric: z.enum(metrics, {
      error: ({ input }) =>
        `found ${found(input)}, expected for ${dataType} features of ${signal} one of ${metrics.join(", ")}`,
    }),
    threshold: Threshold,
  });
}

const DataType = z.enum(["Numerical", "Categorical"]);

function signalOf<T extends SignalType>(signalType: T) {
  return z.looseObject({
    signalType: z.literal(signalType),
    productionData: Data,
    referenceData: Data,
    metricThresholds: z
      .array(
        z.discriminatedUnion("dataType", [
          thresholdOf(signalType, "Numerical"),
          thresholdOf(signalType, "Categorical"),
        ]),
      )
      .min(1),
    featureDataTypeOverride: z.record(z.string(), DataType).nullish(),
    features: z
      .discriminatedUnion(
        "filterType",
        [
          z.looseObject({ filterType: z.literal("AllFeatures") }),
          z.looseObject({ filterType: z.literal("FeatureSubset"), features: z.array(z.string()).min(1) }),
        ],
        { error: "expected AllFeatures or FeatureSubset: which features matter most is not measured here" },
      )
      .nullish(),
    featureImportanceSettings: z
      .looseObject({
        mode: z.literal("Disabled", { error: "expected Disabled: it is not measured here" }).optional(),
      })
      .nullish(),
  });
}

const MonitoredSignal = z.discriminatedUnion(
  "signalType",
  [signalOf("DataDrift"), signalOf("PredictionDrift"), signalOf("DataQuality")],
  {
    error: ({ input }) =>
      `found ${found(Object(input).signalType)}, expected ${Object.keys(METRICS).join(", ")}: no other signal is measured here`,
  },
);

export const MONITOR = z.looseObject({
  computeConfiguration: z.looseObject({
    computeType: z.literal("ServerlessSpark"),
    computeIdentity: z.looseObject({ computeIdentityType: z.string() }),
    instanceType: z.string(),
    runtimeVersion: z.string(),
  }),
  monitoringTarget: z.looseObject({ taskType: z.string() }).nullish(),
  /** A signal's name is that of its file, too. */
  signals: z.record(z.string().regex(/^[A-Za-z0-9_-]+$/), MonitoredSignal),
  alertNotificationSettings: z
    .looseObject({
      emailNotificationSettings: z.looseObject({ emails: z.array(z.string()).nullish() }).nullish(),
    })
    .nullish(),
});

export type MonitorDefinition = z.infer<typeof MONITOR>;
export type MonitoredSignal = z.infer<typeof MonitoredSignal>;
export type MonitorData = z.infer<typeof Data>;

const KINDS: Readonly<Record<SignalType, Signal>> = {
  DataDrift: "data-drift",
  PredictionDrift: "prediction-drift",
  DataQuality: "data-quality",
};

const Window = z.object({ from: z.number(), to: z.number() }).nullable();
const Choices = z.array(z.object({ metric: z.string(), threshold: z.number() }));

/** What the step that measures a signal is told. */
export const SIGNAL_OPTIONS = z.object({
  name: z.string(),
  kind: z.enum(["data-drift", "prediction-drift", "data-quality"]),
  /** From when to when data counts, in milliseconds since the epoch; null for all of it. */
  production: Window,
  reference: Window,
  numerical: Choices,
  categorical: Choices,
  /** The features to look at; null for all. */
  features: z.array(z.string()).nullable(),
  /** Of features whose type is not to be read from the reference. */
  types: z.record(z.string(), z.enum(["numerical", "categorical"])),
});
export type SignalOptions = z.infer<typeof SIGNAL_OPTIONS>;

export function signalOptions(
  name: string,
  signal: MonitoredSignal,
  windows: Pick<SignalOptions, "production" | "reference">,
): SignalOptions {
  const chosen = (type: z.infer<typeof DataType>): Chosen[] =>
    signal.metricThresholds
      .filter(({ dataType }) => dataType === type)
      .map(({ metric, threshold }) => ({ metric, threshold: threshold.value }));
  const { features, featureDataTypeOverride } = signal;
  const types = Object.entries(featureDataTypeOverride ?? {}).map(
    ([feature, type]) => [feature, type === "Numerical" ? "numerical" : "categorical"] as const,
  );
  return SIGNAL_OPTIONS.parse({
    ...windows,
    name,
    kind: KINDS[signal.signalType],
    numerical: chosen("Numerical"),
    categorical: chosen("Categorical"),
    features: features?.filterType === "FeatureSubset" ? features.features : null,
    types: Object.fromEntries(types),
  });
}
