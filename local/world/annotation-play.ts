import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mean } from "simple-statistics";
import { systemClock } from "../clock.ts";
import { type Annotation, type Serve, type Week, walkAnnotation } from "./annotation.ts";
import { loadClassify, writeClassifier } from "./classifier/model.ts";
import { ArgumentError } from "./jobs/command.ts";
import { LabellingQueue } from "./labelling/queue.ts";
import { LabellingStore } from "./labelling/store.ts";
import type { Play } from "./main.ts";
import type { SampleStream } from "./sample-stream.ts";

const DEFAULT_WEEKS = "10";
const MOST_WEEKS = 26;
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
    const options = read(args, stream.task.name, settings);
    const folder = await mkdtemp(join(tmpdir(), `${stream.task.name}-`));
    const queue = new LabellingQueue(new LabellingStore(":memory:"), systemClock, (id) => stream.truthOf(id));
    print(`${introduction}
When a monitor reports a breach, the ${options.samples} least sure answers of the week are labelled, and learnt beside all
that was learnt before. Share of right answers, of all samples:

week to      this  next week:              lost
             week   stale  champion   recovered`);
    try {
      const walked = await walkAnnotation(stream, serverIn(folder, stream), queue, options);
      const before = mean(walked.slice(0, WEEKS_BEFORE).map(({ accuracy }) => accuracy));
      for (const week of walked) print(line(week, before));
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

function read(args: readonly string[], world: string, settings: Omit<Annotation, "weeks">): Annotation {
  const { values } = parseArgs({
    args: [...args],
    options: {
      weeks: { type: "string", default: DEFAULT_WEEKS },
      samples: { type: "string", default: String(settings.samples) },
    },
  });
  const weeks = Number(values.weeks);
  const samples = Number(values.samples);
  if (weeks >= 1 && weeks <= MOST_WEEKS && samples >= 10 && samples <= 280)
    return { ...settings, weeks, samples };
  throw new ArgumentError(
    `Expected: npm run world -- ${world} [--weeks 1 to ${MOST_WEEKS}] [--samples 10 to 280]`,
  );
}

/** @param before - share of right answers before the drift, part of which is lost since */
function line({ date, accuracy, ahead, breaches, labelled }: Week, before: number): string {
  const recovered = (ahead.champion - ahead.stale) / (before - ahead.stale);
  const cells = [
    date,
    accuracy.toFixed(2).padStart(5),
    ahead.stale.toFixed(2).padStart(6),
    ahead.champion.toFixed(2).padStart(8),
    (ahead.champion === ahead.stale ? "" : `${Math.round(100 * recovered)} %`).padStart(10),
  ];
  return `${cells.join("  ")}  ${labelled > 0 ? `${labelled} labelled: ${breaches.join(", ")}` : ""}`.trimEnd();
}
