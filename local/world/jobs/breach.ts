/** One metric of a monitor signal; without value there was nothing to measure, without threshold it is only shown. */
export interface MetricRow {
  /** As Azure ML's model monitors name it. */
  readonly metric: string;
  readonly value: number | null;
  readonly threshold: number | null;
  /** The feature, where the metric is of one. */
  readonly group?: string;
}

/** A metric that was measured, and has a threshold. */
export interface MonitoredMetric extends MetricRow {
  readonly value: number;
  readonly threshold: number;
}

/** The tag by which Azure ML's model monitors announce a breach, on a run that nevertheless ends as Completed. */
export const BREACH_TAG = "azureml_modelmonitor_threshold_breached";

/**
 * Metrics of which less is worse: the p-values and shares of right answers. Of all others, errors and distances, more is.
 *
 * Azure's own breach test lists accuracy, precision and recall here in some versions and not in others; a monitor that
 * reported a good model would be of no use, so they are.
 */
const LESS_IS_WORSE: ReadonlySet<string> = new Set([
  "TwoSampleKolmogorovSmirnovTest",
  "PearsonsChiSquaredTest",
  "NormalizedDiscountedCumulativeGain",
  "Accuracy",
  "Precision",
  "Recall",
]);

/** Beyond the threshold, on the bad side. The threshold itself is no breach, nor is a row without value or threshold. */
export function isBreached({ metric, value, threshold }: MetricRow): boolean {
  if (value === null || threshold === null) return false;
  if (LESS_IS_WORSE.has(metric) || metric.endsWith("PassRate")) return value < threshold;
  return value > threshold;
}

/** The text of {@link BREACH_TAG}, to the letter: a sentence, then a Python list of JSON strings, as `repr` prints it. */
export function breachText(signal: string, breaches: readonly MetricRow[]): string {
  const items = breaches.map(({ metric, value, threshold, group }) =>
    JSON.stringify({
      metric_value: value,
      metric_name: metric,
      threshold_value: threshold,
      ...(group === undefined ? {} : { group }),
    }),
  );
  return [
    `The signal '${signal}' has failed due to one or more features violating metric thresholds.`,
    "The feature names and their corresponding computed metric values violating the threshold are ",
    `[${items.map(pythonText).join(", ")}]`,
    "",
  ].join("\n");
}

/** Single quotes outside, as JSON always holds double ones; what `repr` escapes then is the backslash and the quote. */
function pythonText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
