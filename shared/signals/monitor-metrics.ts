import type { SignalKind } from "./signal.ts";

/** On which side of its threshold a metric is a breach; `trust` takes the monitor's word for it. */
type BreachSide = "above" | "below" | "trust";

type MetricMeaning = { kind: SignalKind; side: BreachSide };

const DRIFT_ABOVE: MetricMeaning = { kind: "drift.data", side: "above" };
/** A p-value: the smaller, the surer the drift. */
const DRIFT_BELOW: MetricMeaning = { kind: "drift.data", side: "below" };
const QUALITY: MetricMeaning = { kind: "data-quality.violated", side: "above" };
const WORSE_WHEN_LARGER: MetricMeaning = { kind: "performance.degraded", side: "above" };
/** The monitor itself has these the wrong way round: it fires above, though more is better. */
const WORSE_WHEN_SMALLER: MetricMeaning = { kind: "performance.degraded", side: "below" };
const SAFETY_BELOW: MetricMeaning = { kind: "responsible-ai.violated", side: "below" };

/** Every metric of Azure ML's model monitors, keyed by name in lower case without separators. */
const MEANINGS = new Map<string, MetricMeaning>([
  ["normalizedwassersteindistance", DRIFT_ABOVE],
  ["wassersteinnormalizeddistance", DRIFT_ABOVE],
  ["jensenshannondistance", DRIFT_ABOVE],
  ["populationstabilityindex", DRIFT_ABOVE],
  ["twosamplekolmogorovsmirnovtest", DRIFT_BELOW],
  ["pearsonschisquaredtest", DRIFT_BELOW],
  ["chisquaredtest", DRIFT_BELOW],
  ["normalizeddiscountedcumulativegain", DRIFT_BELOW],
  ["nullvaluerate", QUALITY],
  ["datatypeerrorrate", QUALITY],
  ["outofboundsrate", QUALITY],
  ["accuracy", WORSE_WHEN_SMALLER],
  ["precision", WORSE_WHEN_SMALLER],
  ["recall", WORSE_WHEN_SMALLER],
  ["meanabsoluteerror", WORSE_WHEN_LARGER],
  ["meansquarederror", WORSE_WHEN_LARGER],
  ["rootmeansquarederror", WORSE_WHEN_LARGER],
]);

const GENERATION = "(fluency|coherence|groundedness|relevance|similarity)";
const PASS_RATE = new RegExp(`^aggregated${GENERATION}passrate$`);
const AVERAGE_SCORE = new RegExp(`^average${GENERATION}score$`);
const ACCEPTABLE_SCORE = new RegExp(`^acceptable${GENERATION}scoreperinstance$`);

function meaningOf(metric: string): MetricMeaning | undefined {
  const lower = metric.toLowerCase();
  const name = MEANINGS.has(lower) ? lower : lower.replaceAll(/[^a-z0-9]/g, "");
  const known = MEANINGS.get(name);
  if (known) return known;
  if (PASS_RATE.test(name) || AVERAGE_SCORE.test(name)) return SAFETY_BELOW;
  return ACCEPTABLE_SCORE.test(name) ? { kind: "responsible-ai.violated", side: "trust" } : undefined;
}

/** Words in a monitor signal's name that say what it watches, for metrics that are not Azure ML's own. */
const BY_SIGNAL_NAME: readonly [RegExp, SignalKind][] = [
  [/prediction/i, "drift.prediction"],
  [/performance/i, "performance.degraded"],
  [/safety|responsible|fairness|bias/i, "responsible-ai.violated"],
  [/quality/i, "data-quality.violated"],
];

/**
 * What a breached metric says about the model.
 *
 * @param metric - as YAML, SDK or output files spell it
 * @param signalName - the monitor signal's own name: drift metrics serve data and predictions alike
 */
export function breachKind(metric: string, signalName: string): SignalKind {
  const known = meaningOf(metric)?.kind;
  if (known === "drift.data" && /prediction/i.test(signalName)) return "drift.prediction";
  return known ?? BY_SIGNAL_NAME.find(([word]) => word.test(signalName))?.[1] ?? "drift.data";
}

/** Whether a value is on the bad side of its threshold, whatever the monitor's tag implies; equal counts as bad. */
export function isBreach(metric: string, value: number, threshold: number): boolean {
  const side = meaningOf(metric)?.side ?? "trust";
  if (side === "trust") return true;
  return side === "above" ? value >= threshold : value <= threshold;
}

/** Whether a metric is one of a model monitor's own. */
export const isMonitorMetric = (metric: string): boolean => meaningOf(metric) !== undefined;
