import { daysBetween } from "../calendar.ts";
import type { MonitoredMetric } from "../jobs/breach.ts";
import { categoricalBuckets, numericalBuckets } from "../measures/buckets.ts";
import { accuracy } from "../measures/classification.ts";
import { jensenShannonDistance } from "../measures/divergence.ts";
import { nullValueRate } from "../measures/quality.ts";
import { normalizedWassersteinDistance } from "../measures/wasserstein.ts";
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

type Found = readonly { readonly metric: string; readonly value: number; readonly group?: string }[];

/** What each monitor signal looks at. All rows of a signal have the same threshold. */
const SIGNALS = {
  /** Feature by feature, against all that the model was made from: how an image looks, how a text is written. */
  "data-drift": ({ task, model, served }: Watched): Found => {
    const now = served.flatMap(({ content }) =>
      typeof content === "string" && task.problemOf(content) === null
        ? [task.describe(content, model.vocabulary)]
        : [],
    );
    if (now.length === 0) return [];
    const { descriptions } = model.reference;
    return Object.keys(descriptions[0] ?? {}).map((group) => {
      const values = (rows: readonly Readonly<Record<string, number>>[]) =>
        rows.map((row) => row[group] ?? Number.NaN);
      const value = normalizedWassersteinDistance(values(descriptions), values(now));
      return { metric: "NormalizedWassersteinDistance", group, value };
    });
  },
  /** Answered labels and their confidence, against the model's answers on samples that it had not learnt. */
  "prediction-drift": ({ model, served }: Watched): Found => {
    const now = served.flatMap(({ answer }) => answer ?? []);
    if (now.length === 0) return [];
    const { answers } = model.reference;
    const labels = categoricalBuckets(labelsOf(answers), labelsOf(now));
    const confidences = numericalBuckets(confidencesOf(answers), confidencesOf(now));
    return [
      { metric: "JensenShannonDistance", group: "label", value: jensenShannonDistance(labels) },
      { metric: "JensenShannonDistance", group: "confidence", value: jensenShannonDistance(confidences) },
    ];
  },
  /** Answers against the truths of the checked samples. */
  performance: (watched: Watched): Found => {
    const { predictions, truths } = checkedOf(watched);
    if (truths.length === 0) return [];
    return [{ metric: "Accuracy", value: accuracy(predictions, truths) }];
  },
  /** Contents that are absent, and contents that cannot be read as what they should be. */
  "data-quality": ({ task, served }: Watched): Found => {
    if (served.length === 0) return [];
    const contents = served.map(({ content }) => content);
    const isUnreadable = (content: unknown) =>
      content !== null && (typeof content !== "string" || task.problemOf(content) !== null);
    const unreadable = contents.filter(isUnreadable).length / contents.length;
    return [
      { metric: "NullValueRate", group: task.column, value: nullValueRate(contents) },
      { metric: "DataTypeErrorRate", group: task.column, value: unreadable },
    ];
  },
  /** By how much the model errs more on samples of one label than on all, of the checked samples. */
  "responsible-ai": (watched: Watched): Found => {
    const { predictions, truths } = checkedOf(watched);
    return errorRateGaps(predictions, truths).map(({ label, gap }) => ({
      metric: "ErrorRateGap",
      group: label,
      value: gap,
    }));
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
  const metrics = SIGNALS[signal]({ ...watched, served }).map((found) => ({ ...found, threshold }));
  return { days: new Set(served.map(({ date }) => date)).size, samples: served.length, metrics };
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
