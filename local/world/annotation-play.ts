import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mean } from "simple-statistics";
import { systemClock } from "../clock.ts";
import { type Annotation, type Said, type Serve, type Week, walkAnnotation } from "./annotation.ts";
import { loadClassify, writeClassifier } from "./classifier/model.ts";
import { LabellingQueue } from "./labelling/queue.ts";
import { LabellingStore } from "./labelling/store.ts";
import { wrapped } from "./lines.ts";
import type { Play } from "./main.ts";
import { readChoices } from "./play-options.ts";
import type { SampleStream } from "./sample-stream.ts";

/** Nothing drifts in the first two weeks. */
const WEEKS_BEFORE = 2;

/** `npm run world -- vision|language [--weeks N] [--samples N]`: how a model goes wrong, is annotated, and heals. */
export function annotationPlay(
  introduction: string,
  makeStream: () => SampleStream,
  settings: Omit<Annotation, "weeks">,
): Play {
  return async (args, print) => {
    const stream = makeStream();
    const { weeks, samples } = readChoices(stream.task.name, args, {
      weeks: { usual: 10, least: 1, most: 26 },
      samples: { usual: settings.samples, least: 10, most: 280 },
    });
    const folder = await mkdtemp(join(tmpdir(), `${stream.task.name}-`));
    const queue = new LabellingQueue(new LabellingStore(":memory:"), systemClock, (id) => stream.truthOf(id));
    print(`${introduction}
When a monitor reports a breach, the ${samples} least sure answers of the week are labelled, and learnt beside all
that was learnt before. Share of right answers, of all samples; below it what each monitor found worst:

week to      this  next week:              lost
             week   stale  champion   recovered`);
    try {
      const walked = await walkAnnotation(stream, serverIn(folder, stream), queue, {
        ...settings,
        weeks,
        samples,
      });
      const before = mean(walked.slice(0, WEEKS_BEFORE).map(({ accuracy }) => accuracy));
      for (const line of walked.flatMap((week) => lines(week, before))) print(line);
    } finally {
      queue.close();
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function serverIn(folder: string, { task }: SampleStream): Serve {
  let version = 0;
  return async (model) => {
    version += 1;
    const place = join(folder, String(version));
    await writeClassifier(place, model, task);
    return loadClassify(place, task);
  };
}

/** @param before - share of right answers before the drift, part of which is lost since */
function lines({ date, accuracy, ahead, said, labelled }: Week, before: number): string[] {
  const recovered = (ahead.champion - ahead.stale) / (before - ahead.stale);
  const cells = [
    date,
    accuracy.toFixed(2).padStart(5),
    ahead.stale.toFixed(2).padStart(6),
    ahead.champion.toFixed(2).padStart(8),
    (ahead.champion === ahead.stale ? "" : `${Math.round(100 * recovered)} %`).padStart(10),
    labelled > 0 ? `${labelled} labelled` : "",
  ];
  return [cells.join("  ").trimEnd(), ...wrapped("", said.map(words))];
}

/** `data-drift: speckle 3.84 (limit 2.5: BREACH)` */
const words = ({ signal, metric, group = metric, value, threshold, isBreach }: Said): string =>
  `${signal}: ${group} ${value.toFixed(2)} (limit ${threshold}${isBreach ? ": BREACH" : ""})`;
