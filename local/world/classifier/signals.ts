import { daysBetween } from "../calendar.ts";
import type { MonitoredMetric } from "../jobs/breach.ts";
import { categoricalBuckets, numericalBuckets } from "../measures/buckets.ts";
import { accuracy } from "../measures/classification.ts";
import { jensenShannonDistance } from "../measures/divergence.ts";
import { nullValueRate } from "../measures/quality.ts";
import { normalizedWassersteinDistance } from "../measures/wasserstein.ts";
import type { Feature } from "../monitors/measure.ts";
import { errorRateGaps } from "./cohorts.ts";
import type { ServedSample } from "./collected.ts";
import type { ClassifierModel } from "./model.ts";
import type { LabelledSample } from "./sample.ts";
import type { Task } from "./task.ts";

/** What a monitor signal found, and from how many days and samples. */
export interface Measured {
  readonly days: number;
  readonly samples: number;
  /** Empty when there was nothing to measure. */
  readonly metrics: readonly MonitoredMetric[];
  /** What the metrics are of, of the reference and now; empty where they are of no feature. */
  readonly features: readonly Feature[];
}

export interface Watched {
  readonly task: Task;
  readonly model: ClassifierModel;
  /** Oldest first. */
  readonly served: readonly ServedSample[];
  /** Truths that people found out, see `SampleStream`. */
  readonly checks: readonly LabelledSample[];
}

export interface MonitorWindow {
  /** The newest days that were served. */
  readonly windowDays: number;
  readonly threshold: number;
}

interface Found {
  readonly metrics: readonly { readonly metric: string; readonly value: number; readonly group?: string }[];
  readonly features: readonly Feature[];
}
const NOTHING: Found = { metrics: [], features: [] };

/** What each monitor signal looks at. All rows of a signal have the same threshold. */
const SIGNALS = {
  /** Feature by feature, against all that the model was made from: how an image looks, how a text is written. */
  "data-drift": ({ task, model, served }: Watched): Found => {
    const now = served.flatMap(({ content }) =>
      typeof content === "string" && task.problemOf(content) === null
        ? [task.describe(content, model.vocabulary)]
        : [],
    );
    if (now.length === 0) return NOTHING;
    const { descriptions } = model.reference;
    const described = Object.keys(descriptions[0] ?? {}).map((name) => {
      const values = (rows: readonly Readonly<Record<string, number>>[]) =>
        rows.map((row) => row[name] ?? Number.NaN);
      return { name, type: "numerical" as const, reference: values(descriptions), current: values(now) };
    });
    const metrics = described.map(({ name, reference, current }) => ({
      metric: "NormalizedWassersteinDistance",
      group: name,
      value: normalizedWassersteinDistance(reference, current),
    }));
    return { metrics, features: described };
  },
  /** Answered labels and their confidence, against the model's answers on samples that it had not learnt. */
  "prediction-drift": ({ model, served }: Watched): Found => {
    const now = served.flatMap(({ answer }) => answer ?? []);
    if (now.length === 0) return NOTHING;
    const { answers } = model.reference;
    const labels = { reference: labelsOf(answers), current: labelsOf(now) };
    const confidences = { reference: confidencesOf(answers), current: confidencesOf(now) };
    const distances = {
      label: categoricalBuckets(labels.reference, labels.current),
      confidence: numericalBuckets(confidences.reference, confidences.current),
    };
    const metrics = Object.entries(distances).map(([group, buckets]) => ({
      metric: "JensenShannonDistance",
      group,
      value: jensenShannonDistance(buckets),
    }));
    const features: Feature[] = [
      { name: "label", type: "categorical", ...labels },
      { name: "confidence", type: "numerical", ...confidences },
    ];
    return { metrics, features };
  },
  /** Answers against the truths of the checked samples. */
  performance: (watched: Watched): Found => {
    const { predictions, truths } = checkedOf(watched);
    if (truths.length === 0) return NOTHING;
    return { metrics: [{ metric: "Accuracy", value: accuracy(predictions, truths) }], features: [] };
  },
  /** Contents that are absent, and contents that cannot be read as what they should be. */
  "data-quality": ({ task, model, served }: Watched): Found => {
    if (served.length === 0) return NOTHING;
    const contents = served.map(({ content }) => content);
    const isUnreadable = (content: unknown) =>
      content !== null && (typeof content !== "string" || task.problemOf(content) !== null);
    const unreadable = contents.filter(isUnreadable).length / contents.length;
    const metrics = [
      { metric: "NullValueRate", group: task.column, value: nullValueRate(contents) },
      { metric: "DataTypeErrorRate", group: task.column, value: unreadable },
    ];
    // Of what the model was made from only the descriptions are kept: one of each content.
    const reference = model.reference.descriptions;
    return { metrics, features: [{ name: task.column, type: "categorical", reference, current: contents }] };
  },
  /** By how much the model errs more on samples of one label than on all, of the checked samples. */
  "responsible-ai": (watched: Watched): Found => {
    const { predictions, truths } = checkedOf(watched);
    const metrics = errorRateGaps(predictions, truths).map(({ label, gap }) => ({
      metric: "ErrorRateGap",
      group: label,
      value: gap,
    }));
    return { metrics, features: [] };
  },
} as const;

export type MonitorSignal = keyof typeof SIGNALS;
export const MONITOR_SIGNALS = Object.keys(SIGNALS).filter((name): name is MonitorSignal => name in SIGNALS);

/** Measures one signal on the newest days that were served. */
export function measureSignal(
  signal: MonitorSignal,
  watched: Watched,
  { windowDays, threshold }: MonitorWindow,
): Measured {
  const last = watched.served.at(-1)?.date ?? "";
  const served = watched.served.filter(({ date }) => daysBetween(date, last) < windowDays);
  const { metrics: found, features } = SIGNALS[signal]({ ...watched, served });
  const metrics = found.map((metric) => ({ ...metric, threshold }));
  return { days: new Set(served.map(({ date }) => date)).size, samples: served.length, metrics, features };
}

function checkedOf({ served, checks }: Watched): { predictions: string[]; truths: string[] } {
  const truthOf = new Map(checks.map(({ id, label }) => [id, label]));
  const pairs = served.flatMap(({ id, answer }) => {
    const truth = truthOf.get(id);
    return answer && truth !== undefined ? [{ prediction: answer.label, truth }] : [];
  });
  return {
    predictions: pairs.map(({ prediction }) => prediction),
    truths: pairs.map(({ truth }) => truth),
  };
}

const labelsOf = (answers: readonly { readonly label: string }[]) => answers.map(({ label }) => label);
const confidencesOf = (answers: readonly { readonly confidence: number }[]) =>
  answers.map(({ confidence }) => confidence);
