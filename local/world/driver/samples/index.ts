import { plusDays } from "../../calendar.ts";
import { requestOf } from "../../classifier/model.ts";
import { linesOf } from "../../classifier/sample.ts";
import { MONITOR_SIGNALS, type MonitorSignal } from "../../classifier/signals.ts";
import { languageNature } from "../../language/nature.ts";
import { LANGUAGE_SETTINGS } from "../../language/settings.ts";
import type { SampleStream } from "../../sample-stream.ts";
import { visionNature } from "../../vision/nature.ts";
import { VISION_SETTINGS } from "../../vision/settings.ts";
import { ENDPOINTS } from "../../worlds.ts";
import type { Scenario } from "../scenario.ts";
import { monitorJob, type Sorter, selectionJob, trainingJob } from "./jobs.ts";
import { DAYS_BEFORE, EVERY_WEEKS } from "./settings.ts";

/** Handwritten digits under a camera. */
export const digits = () => sorting("digits", visionNature(), VISION_SETTINGS);

/** Requests to a shop's support. */
export const supportDesk = () => sorting("support-desk", languageNature(), LANGUAGE_SETTINGS);

/** A world in which each sample is asked about once, and people label what the model is least sure about. */
function sorting(model: string, stream: SampleStream, settings: Sorter["settings"]): Scenario {
  const { task } = stream;
  const names = { trainingAsset: `${model}-training`, checksAsset: `${model}-checks` };
  const sorter: Sorter = { model, task, settings, ...names };
  const startDate = plusDays(stream.startDate, DAYS_BEFORE);
  const training = stream.training();
  const learntFrom = `${training.length} samples that people had sorted before`;
  return {
    name: task.name,
    model,
    endpoint: ENDPOINTS[task.name],
    code: model,
    startDate,
    learntFrom,
    dayAfter: (date) => stream.dayAfter(date),
    requestsOn: (date) =>
      stream.on(date).map(({ id, content }) => ({
        correlationId: `${date}/${id}`,
        body: requestOf(task, [content]),
      })),
    dataUntil: (date) => ({
      asset: names.checksAsset,
      extension: "jsonl",
      text: linesOf(stream.checksUntil(date), task),
      description: `What people found checking every fourth sample, known on the evening of ${date}.`,
    }),
    training: {
      asset: names.trainingAsset,
      extension: "jsonl",
      text: linesOf(training, task),
      description: learntFrom,
    },
    firstTrainingJob: `${model}-first-training`,
    firstTraining: () => trainingJob(sorter, startDate),
    monitorsOf: (week) => MONITOR_SIGNALS.filter((signal) => week % EVERY_WEEKS[signal] === 0),
    monitorJob: (signal, dataVersion, serving) =>
      monitorJob(sorter, signalNamed(signal), dataVersion, serving),
    relearning: {
      selectionJob: (campaign, labelling) => selectionJob(sorter, campaign, labelling),
      trainingJob: (dataVersion) => trainingJob(sorter, dataVersion),
    },
  };
}

function signalNamed(name: string): MonitorSignal {
  const signal = MONITOR_SIGNALS.find((one) => one === name);
  if (signal) return signal;
  throw new RangeError(
    `There is no monitor signal '${name}', expected one of ${MONITOR_SIGNALS.join(", ")}.`,
  );
}
