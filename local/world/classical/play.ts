import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Nature } from "../driver/nature.ts";
import { ArgumentError } from "../jobs/command.ts";
import { walkSeasons } from "../seasons.ts";
import { loadModel, type WeatherModel, writeModel } from "./artefact.ts";
import { summaryLines, type Turn, weekLines } from "./play-lines.ts";

const DEFAULT_WEEKS = "20";
const MOST_WEEKS = 180;
const DEFAULT_WINDOW_DAYS = "60";
const LEAST_WINDOW_DAYS = 10;

/** `npm run world -- classical [--weeks N] [--window-days N]`: how a model goes stale with the season, and heals. */
export async function play(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { weeks, windowDays } = read(args);
  const folder = await mkdtemp(join(tmpdir(), "weather-"));
  let version = 0;
  async function serve(model: WeatherModel) {
    version += 1;
    const place = join(folder, String(version));
    await writeModel(place, model);
    return loadModel(place);
  }
  print(
    "A model of tomorrow's highest temperature in Seattle, trained on January to May 2012. Each evening it foretells",
  );
  print(
    "tomorrow; each week the monitors look at four weeks, and when one reports a breach, the model is retrained on the",
  );
  print(`newest ${windowDays} days. All temperatures and errors are in °C.`);
  const turns: Turn[] = [];
  try {
    for await (const week of walkSeasons(await Nature.load(), serve, { weeks, windowDays })) {
      for (const line of weekLines(week)) print(line);
      if (week.retrained) turns.push({ date: week.date, ahead: week.ahead });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const line of summaryLines(turns)) print(line);
}

function read(args: readonly string[]): { weeks: number; windowDays: number } {
  const expected = `Expected: npm run world -- classical [--weeks 1 to ${MOST_WEEKS}] [--window-days ${LEAST_WINDOW_DAYS} or more]`;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        weeks: { type: "string", default: DEFAULT_WEEKS },
        "window-days": { type: "string", default: DEFAULT_WINDOW_DAYS },
      },
    });
    const weeks = Number(values.weeks);
    const windowDays = Number(values["window-days"]);
    const isRight =
      Number.isInteger(weeks) && weeks >= 1 && weeks <= MOST_WEEKS && Number.isInteger(windowDays);
    if (isRight && windowDays >= LEAST_WINDOW_DAYS) return { weeks, windowDays };
  } catch (error) {
    throw new ArgumentError(`${error instanceof Error ? error.message : String(error)}. ${expected}`);
  }
  throw new ArgumentError(expected);
}
