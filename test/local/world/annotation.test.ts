import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ManualClock } from "../../../local/clock.ts";
import { type Week, walkAnnotation } from "../../../local/world/annotation.ts";
import { loadClassify, writeClassifier } from "../../../local/world/classifier/model.ts";
import { LabellingQueue } from "../../../local/world/labelling/queue.ts";
import { LabellingStore } from "../../../local/world/labelling/store.ts";
import { languageNature } from "../../../local/world/language/nature.ts";
import { play } from "../../../local/world/language/play.ts";
import { LANGUAGE_SETTINGS } from "../../../local/world/language/settings.ts";
import { visionNature } from "../../../local/world/vision/nature.ts";
import { VISION_SETTINGS } from "../../../local/world/vision/settings.ts";

const worlds = [
  {
    world: "vision",
    stream: visionNature(),
    settings: VISION_SETTINGS,
    /** Share of right answers by week; the fifth is the first of the model that learnt from people. */
    accuracies: ["0.907", "0.889", "0.868", "0.675", "0.721"],
    reported: ["speckle 3.84", "Accuracy 0.74"],
    ahead: { stale: "0.507", champion: "0.721" },
    recovered: "0.548",
  },
  {
    world: "language",
    stream: languageNature(),
    settings: LANGUAGE_SETTINGS,
    accuracies: ["0.893", "0.939", "0.821", "0.550", "0.839"],
    reported: ["unknown 5.62", "confidence 0.46", "Accuracy 0.69"],
    ahead: { stale: "0.504", champion: "0.839" },
    recovered: "0.814",
  },
];

async function walk({ stream, settings }: (typeof worlds)[number]): Promise<Week[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "annotation-"));
  const queue = new LabellingQueue(new LabellingStore(":memory:"), new ManualClock(), (id) =>
    stream.truthOf(id),
  );
  onTestFinished(async () => {
    queue.close();
    await rm(folder, { recursive: true, force: true });
  });
  let version = 0;
  const serve: Parameters<typeof walkAnnotation>[1] = async (model) => {
    version += 1;
    await writeClassifier(path.join(folder, `${version}`), model, stream.task);
    return loadClassify(path.join(folder, `${version}`), stream.task);
  };
  return walkAnnotation(stream, serve, queue, { ...settings, weeks: 5 });
}

const breachesOf = ({ said }: Week) =>
  said.flatMap(({ isBreach, metric, group = metric, value }) =>
    isBreach ? [`${group} ${value.toFixed(2)}`] : [],
  );

test.each(worlds)(
  "$world: quiet until the drift of day 15 on is seen, then what people label wins back more than a third of what was lost",
  async (world) => {
    const weeks = await walk(world);
    expect(weeks.map(({ accuracy }) => accuracy.toFixed(3))).toEqual(world.accuracies);

    const [first, second, , reported] = weeks;
    // Days 1 to 14 are before the drift, 15 to 21 its beginning, 22 to 28 the week that is reported.
    expect(weeks.slice(0, 3).flatMap(breachesOf)).toEqual([]);
    expect(reported?.date).toBe("2025-03-29");
    expect(reported && breachesOf(reported)).toEqual(world.reported);
    expect(reported?.labelled).toBe(150);

    const { stale = Number.NaN, champion = Number.NaN } = reported?.ahead ?? {};
    expect([stale.toFixed(3), champion.toFixed(3)]).toEqual([world.ahead.stale, world.ahead.champion]);
    const before = ((first?.accuracy ?? Number.NaN) + (second?.accuracy ?? Number.NaN)) / 2;
    const recovered = (champion - stale) / (before - stale);
    expect(recovered).toBeGreaterThan(1 / 3);
    expect(recovered.toFixed(3)).toBe(world.recovered);
  },
  120_000,
);

test("each week's line is followed by what every monitor found worst, within 110 columns", async () => {
  const lines: string[] = [];
  await play(["--weeks", "4"], (text) => void lines.push(...text.split("\n")));
  expect(lines.filter((line) => line.length > 110)).toEqual([]);
  const page = lines.join("\n");
  expect(page.match(/responsible-ai: \w+ 0\.\d\d \(limit 0\.25\)/g)).toHaveLength(4);
  expect(page).toContain("2025-03-29   0.55    0.50      0.84        81 %  150 labelled\n");
  expect(page).toContain("data-drift: unknown 5.62 (limit 2.5: BREACH)");
  expect(page).toContain("performance: Accuracy 0.94 (limit 0.75)");
});

test.each([
  { args: ["--weeks", "27"], says: "--weeks is '27'." },
  { args: ["--weeks", "2.5"], says: "--weeks is '2.5'." },
  { args: ["--samples", "many"], says: "--samples is 'many'." },
  { args: ["--month", "1"], says: "Unknown option '--month'." },
])("what cannot be played is told with what can: $says", async ({ args, says }) => {
  await expect(play(args, () => {})).rejects.toThrow(
    `${says} Expected: npm run world -- language [--weeks 1 to 26] [--samples 10 to 280]`,
  );
});
