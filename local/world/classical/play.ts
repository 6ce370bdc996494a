import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Nature } from "../driver/nature.ts";
import { ArgumentError } from "../jobs/command.ts";
import { type Week, walkSeasons } from "../seasons.ts";
import { loadModel, type WeatherModel, writeModel } from "./model.ts";

const DEFAULT_WEEKS = "20";
const DEFAULT_WINDOW_DAYS = "60";

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
  print(`A model of tomorrow's highest temperature in Seattle, trained on January to May 2012; retrained on the
newest ${windowDays} days when a monitor reports a breach. Errors are RMSE in °C.

week to      drift  4 weeks  4 weeks ahead:         error
                     behind    stale   champion       cut`);
  try {
    const walked = await walkSeasons(await Nature.load(), serve, { weeks, windowDays });
    for (const week of walked) print(line(week));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function read(args: readonly string[]): { weeks: number; windowDays: number } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      weeks: { type: "string", default: DEFAULT_WEEKS },
      "window-days": { type: "string", default: DEFAULT_WINDOW_DAYS },
    },
  });
  const weeks = Number(values.weeks);
  const windowDays = Number(values["window-days"]);
  if (weeks >= 1 && weeks <= 180 && windowDays >= 7) return { weeks, windowDays };
  throw new ArgumentError(
    "Expected: npm run world -- classical [--weeks 1 to 180] [--window-days 7 or more]",
  );
}

function line({ date, drift, error, breaches, ahead, retrained }: Week): string {
  const cells = [
    date,
    drift.toFixed(2).padStart(6),
    (error?.toFixed(2) ?? "").padStart(7),
    ahead.stale.toFixed(2).padStart(9),
    ahead.champion.toFixed(2).padStart(9),
    `${Math.round(100 * (1 - ahead.champion / ahead.stale))} %`.padStart(7),
  ];
  return `${cells.join("  ")}  ${retrained ? `retrained: ${breaches.join(", ")}` : ""}`.trimEnd();
}
