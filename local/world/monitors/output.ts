import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Feature, type Finding, histogramOf } from "./measure.ts";
import type { Signal } from "./metrics.ts";

/** What a signal measures; Azure has no monitor of responsible AI, so there it would be one of its own. */
type Kind = Signal | "responsible-ai";

const SIGNAL_TYPES: Readonly<Record<Kind, string>> = {
  "data-drift": "DataDrift",
  "prediction-drift": "PredictionDrift",
  "data-quality": "DataQuality",
  performance: "ModelPerformance",
  "responsible-ai": "Custom",
};

/** A signal of a monitor: its name there, and what it measures. */
export interface NamedSignal {
  readonly name: string;
  readonly kind: Kind;
}

/**
 * Writes what a model monitor of Azure writes: `signals/{signal}.json`, and for a signal of drift a histogram per feature.
 *
 * Azure keeps each metric's history in a run of its own. A job that is not told its experiment skips that, here as there,
 * and then every `runId` is null.
 *
 * @param folder - of the job's output
 * @param signal - its name is safe as a file's
 */
export async function writeSignal(
  folder: string,
  signal: NamedSignal,
  findings: readonly Finding[],
  features: readonly Feature[],
): Promise<void> {
  const { name, kind } = signal;
  const isOfFeatures = kind !== "performance" && kind !== "responsible-ai";
  const metrics = isOfFeatures ? featureMetrics(signal, findings, features) : plainMetrics(findings);
  const payload = { signalName: name, signalType: SIGNAL_TYPES[kind], version: "1.0.0", metrics };
  await writeJson(join(folder, "signals", `${name}.json`), payload);
  if (!hasHistogram(signal)) return;
  for (const feature of features) {
    const histogram = { featureName: feature.name, histogram: histogramOf(feature) };
    await writeJson(join(folder, histogramPath(signal, feature.name)), histogram);
  }
}

const hasHistogram = ({ kind }: NamedSignal) => kind === "data-drift" || kind === "prediction-drift";
/** A feature's name is free text and must not lead elsewhere. */
const histogramPath = ({ name }: NamedSignal, feature: string) =>
  `signals/${name}/${feature.replaceAll(/[/\\]/g, "_")}.histogram.json`;

function featureMetrics(
  signal: NamedSignal,
  findings: readonly Finding[],
  features: readonly Feature[],
): object {
  const rows = ({ name }: Feature) => findings.filter(({ group }) => group === name);
  const described = features.map((feature) => [
    feature.name,
    {
      dataType: feature.type,
      ...(hasHistogram(signal) ? { histogram: histogramPath(signal, feature.name) } : {}),
      metrics: rows(feature).map((row) => (signal.kind === "data-quality" ? qualityRow(row) : driftRow(row))),
      runMetrics: rows(feature).map(({ metric }) => ({
        runId: null,
        metricName: metric,
        runMetricName: "value",
      })),
    },
  ]);
  const [first] = features;
  const rowCount = { baselineCount: first?.reference.length ?? 0, targetCount: first?.current.length ?? 0 };
  return { features: Object.fromEntries(described), rowCount };
}

const thresholdOf = ({ threshold }: Finding) => (threshold === null ? {} : { threshold });

const driftRow = (finding: Finding) => ({
  metricName: finding.metric,
  metricValue: finding.value,
  ...thresholdOf(finding),
});

const qualityRow = (finding: Finding) => ({
  metricName: finding.metric,
  targetValue: finding.value,
  baselineValue: finding.baseline ?? null,
  ...thresholdOf(finding),
});

/** The newer of Azure's two shapes: a metric by its name, and under it by its group where it has any. */
function plainMetrics(findings: readonly Finding[]): object {
  const metricNames = { value: "value", threshold: "threshold" };
  const row = (finding: Finding) => ({
    value: finding.value,
    ...thresholdOf(finding),
    timeseries: { runId: null, metricNames },
  });
  const byMetric = Object.groupBy(findings, ({ metric }) => metric);
  const entries = Object.entries(byMetric).map(([metric, rows = []]) => {
    const groups = rows.flatMap((finding) =>
      finding.group === undefined ? [] : [[finding.group, row(finding)] as const],
    );
    const [first] = rows;
    return [metric, groups.length > 0 || !first ? { groups: Object.fromEntries(groups) } : row(first)];
  });
  return Object.fromEntries(entries);
}

async function writeJson(file: string, value: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(value, null, 4));
}
