/** One metric of a monitor signal. */
export interface MonitoredMetric {
  /** As Azure ML's model monitors name it. */
  readonly metric: string;
  readonly value: number;
  readonly threshold: number;
  /** The feature, where the metric is of one. */
  readonly group?: string;
}

/** The tag by which Azure ML's model monitors announce a breach, on a run that nevertheless ends as Completed. */
export const BREACH_TAG = "azureml_modelmonitor_threshold_breached";

/** All metrics here are errors and distances: more is worse. */
export const isBreached = ({ value, threshold }: MonitoredMetric): boolean => value > threshold;

/** The text of {@link BREACH_TAG}, to the letter: a sentence, then a Python list of JSON strings, as `repr` prints it. */
export function breachText(signal: string, breaches: readonly MonitoredMetric[]): string {
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
