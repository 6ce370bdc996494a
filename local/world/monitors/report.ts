import { BREACH_TAG, breachText, isBreached } from "../jobs/breach.ts";
import type { Tracking } from "../jobs/tracking.ts";
import type { Feature, Finding } from "./measure.ts";
import type { Signal } from "./metrics.ts";
import { writeSignal } from "./output.ts";

/** What a monitor's signal found in its window. */
export interface Measured {
  /** Rows that were served, or could be judged. */
  readonly rows: number;
  readonly findings: readonly Finding[];
  readonly features: readonly Feature[];
}

/** Breaches of a window; with fewer rows than `minimumRows` none, as they tell too little. */
export function breachesOf({ rows, findings }: Measured, minimumRows: number): readonly Finding[] {
  return rows < minimumRows ? [] : findings.filter(isBreached);
}

/**
 * Announces a signal as Azure's model monitors do: figures to MLflow, files to the output, and on a breach the tag on
 * its run, which nevertheless ends well. Event Grid then tells the tag with the run's status.
 *
 * MLflow: `{metric}.{feature}` or `{metric}`; `threshold.{metric}`, of a category `threshold.{metric}.categorical`;
 * `sample_size`.
 *
 * @param options.output - folder for the files; none are written without
 * @param options.name - of the signal in its monitor, where it has another than its kind
 * @returns the same figures, and what was breached, for stdout
 */
export async function reportSignal(
  kind: Signal,
  measured: Measured,
  options: {
    readonly minimumRows: number;
    readonly tracking: Tracking;
    readonly output?: string;
    readonly name?: string;
  },
): Promise<object> {
  const { findings, features, rows } = measured;
  const signal = options.name ?? kind;
  const figures = Object.fromEntries(findings.map((finding) => [nameOf(finding), finding.value]));
  const known = Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== null);
  const thresholds = findings.flatMap(({ metric, type, threshold }) =>
    threshold === null ? [] : [[`threshold.${metric}${type === "categorical" ? `.${type}` : ""}`, threshold]],
  );
  await options.tracking.logMetrics({
    ...Object.fromEntries(known),
    ...Object.fromEntries(thresholds),
    sample_size: rows,
  });
  if (options.output) await writeSignal(options.output, { name: signal, kind }, findings, features);
  const breaches = breachesOf(measured, options.minimumRows);
  if (breaches.length > 0) await options.tracking.setTag(BREACH_TAG, breachText(signal, breaches));
  return { signal, rows, ...figures, breached: breaches.map(nameOf) };
}

/** `NormalizedWassersteinDistance.temp_min`, or the metric alone where it is of no feature. */
export const nameOf = ({ metric, group }: Finding): string =>
  group === undefined ? metric : `${metric}.${group}`;
