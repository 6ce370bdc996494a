import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Nature } from "../driver/weather/nature.ts";
import { readChoices } from "../play-options.ts";
import { walkSeasons } from "../seasons.ts";
import { loadModel, type WeatherModel, writeModel } from "./artefact.ts";
import { summaryLines, type Turn, weekLines } from "./play-lines.ts";

/** `npm run world -- classical [--weeks N] [--window-days N]`: how a model goes stale with the season, and heals. */
export async function play(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { weeks, "window-days": windowDays } = readChoices("classical", args, {
    weeks: { usual: 20, least: 1, most: 180 },
    "window-days": { usual: 60, least: 10 },
  });
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
