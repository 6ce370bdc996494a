/** `npm run world -- classical [--weeks N] [--window-days N]`: how a model goes stale and heals, without any cloud. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadModel, type WeatherModel, writeModel } from "./classical/model.ts";
import { Nature } from "./driver/nature.ts";
import { type Week, walkSeasons } from "./seasons.ts";

const DEFAULT_WEEKS = "20";
const DEFAULT_WINDOW_DAYS = "60";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    weeks: { type: "string", default: DEFAULT_WEEKS },
    "window-days": { type: "string", default: DEFAULT_WINDOW_DAYS },
  },
});
const weeks = Number(values.weeks);
const windowDays = Number(values["window-days"]);
if (positionals[0] !== "classical" || !(weeks >= 1 && weeks <= 180) || !(windowDays >= 7)) {
  console.error("Expected: npm run world -- classical [--weeks 1 to 180] [--window-days 7 or more]");
  process.exit(1);
}

const folder = await mkdtemp(join(tmpdir(), "weather-"));
let version = 0;
async function serve(model: WeatherModel) {
  version += 1;
  const place = join(folder, String(version));
  await writeModel(place, model);
  return loadModel(place);
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

console.log(`A model of tomorrow's highest temperature in Seattle, trained on January to May 2012; retrained on the
newest ${windowDays} days when a monitor reports a breach. Errors are RMSE in °C.

week to      drift  4 weeks  4 weeks ahead:         error
                     behind    stale   champion       cut`);
try {
  const walked = await walkSeasons(await Nature.load(), serve, { weeks, windowDays });
  for (const week of walked) console.log(line(week));
} finally {
  await rm(folder, { recursive: true, force: true });
}
