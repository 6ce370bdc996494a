import { DAYS_PER_WEEK } from "./calendar.ts";
import type { ServedSample } from "./classifier/collected.ts";
import { type ClassifierModel, type Classify, trainClassifier } from "./classifier/model.ts";
import { itemsOf, poorlyPredicted } from "./classifier/poorly-predicted.ts";
import { type LabelledSample, parseSamples } from "./classifier/sample.ts";
import {
  MONITOR_SIGNALS,
  type MonitorSignal,
  type MonitorWindow,
  measureSignal,
} from "./classifier/signals.ts";
import { isBreached, type MonitoredMetric } from "./jobs/breach.ts";
import { ProjectBody } from "./labelling/project.ts";
import type { LabellingQueue } from "./labelling/queue.ts";
import { accuracy } from "./measures/classification.ts";
import type { SampleStream } from "./sample-stream.ts";

/** Makes a model answer, as the endpoint does it. */
export type Serve = (model: ClassifierModel) => Promise<Classify>;

export interface Said extends MonitoredMetric {
  readonly signal: MonitorSignal;
  readonly isBreach: boolean;
}

export interface Week {
  /** Its last day; the monitors run on the evening after, when the checks of all its days are known. */
  readonly date: string;
  /** What each monitor signal found worst: one row each, and whether that is a breach. */
  readonly said: readonly Said[];
  /** Share of right answers of the champion in this week: of all samples, which only this world can know. */
  readonly accuracy: number;
  /** Samples that were labelled, and learnt, on this evening; 0 when nothing was wrong. */
  readonly labelled: number;
  /** Share of right answers in the week that follows: of version 1, and of the champion after this evening. */
  readonly ahead: { readonly stale: number; readonly champion: number };
}

export interface Annotation {
  readonly weeks: number;
  /** Poorly predicted samples that a project asks people about. */
  readonly samples: number;
  /** Days that these samples come from. */
  readonly sampleDays: number;
  readonly minimumDays: number;
  readonly monitors: Readonly<Record<MonitorSignal, MonitorWindow>>;
}

/**
 * The loop in fast motion, without any cloud: version 1 serves, monitors look each week, and at a breach people are asked
 * about the poorly predicted samples; what they answer is learnt beside all that was learnt before.
 *
 * @param queue - where the samples are labelled, by the demonstration
 */
export async function walkAnnotation(
  stream: SampleStream,
  serve: Serve,
  queue: LabellingQueue,
  options: Annotation,
): Promise<Week[]> {
  const { task } = stream;
  let learnt = stream.training();
  let model = trainClassifier(task, learnt);
  const stale = await serve(model);
  let champion = stale;
  let served: ServedSample[] = [];
  const walked: Week[] = [];
  let date = stream.startDate;

  for (let week = 1; week <= options.weeks; week += 1) {
    const days = nextDays(stream, date);
    for (const day of days) served.push(...(await answer(champion, stream.on(day))));
    date = days.at(-1) ?? date;
    const accurate = await accuracyOf(
      champion,
      days.flatMap((day) => stream.on(day)),
    );

    const evening = stream.dayAfter(date) ?? date;
    const checks = stream.checksUntil(evening);
    const said = monitorsSay({ task, model, served, checks }, options);
    let labelled: LabelledSample[] = [];
    if (said.some(({ isBreach }) => isBreach)) {
      const known = new Set([...checks, ...learnt].map(({ id }) => id));
      const poor = poorlyPredicted(served, known, { days: options.sampleDays, most: options.samples });
      labelled = label(queue, `${task.name}-${date}`, stream, itemsOf(poor, task));
      learnt = [...learnt, ...labelled];
      model = trainClassifier(task, learnt);
      champion = await serve(model);
      served = [];
    }
    const ahead = nextDays(stream, date).flatMap((day) => stream.on(day));
    walked.push({
      date,
      said,
      accuracy: accurate,
      labelled: labelled.length,
      ahead: { stale: await accuracyOf(stale, ahead), champion: await accuracyOf(champion, ahead) },
    });
  }
  return walked;
}

function nextDays(stream: SampleStream, date: string): string[] {
  const days: string[] = [];
  let day = stream.dayAfter(date);
  while (day !== null && days.length < DAYS_PER_WEEK) {
    days.push(day);
    day = stream.dayAfter(day);
  }
  return days;
}

function monitorsSay(
  watched: Parameters<typeof measureSignal>[1],
  { monitors, minimumDays }: Annotation,
): Said[] {
  return MONITOR_SIGNALS.flatMap((signal) => {
    const { days, metrics } = measureSignal(signal, watched, monitors[signal]);
    // Of accuracy, which is the better the more it is, there is one row.
    const [worst] = metrics.toSorted((a, b) => b.value - a.value);
    return worst ? [{ ...worst, signal, isBreach: days >= minimumDays && isBreached(worst) }] : [];
  });
}

async function answer(classify: Classify, samples: readonly LabelledSample[]): Promise<ServedSample[]> {
  const answers = await classify(samples.map(({ content }) => content));
  return samples.flatMap(({ id, date, content }, index) => {
    const found = answers[index];
    return found ? [{ id, date, content, answer: found }] : [];
  });
}

async function accuracyOf(classify: Classify, samples: readonly LabelledSample[]): Promise<number> {
  if (samples.length === 0) return Number.NaN;
  const answers = await classify(samples.map(({ content }) => content));
  return accuracy(
    answers.map(({ label: answered }) => answered),
    samples.map(({ label: truth }) => truth),
  );
}

/** Through the queue, as everywhere: a project is opened, the demonstration answers, the export is learnt. */
function label(
  queue: LabellingQueue,
  project: string,
  { task }: SampleStream,
  items: ReturnType<typeof itemsOf>,
): LabelledSample[] {
  queue.put(project, ProjectBody.parse({ column: task.column, labels: task.labels, items }));
  queue.annotate(project);
  return parseSamples(queue.export(project), task, project);
}
