/**
 * `node classical/data-quality.ts --data FILE.csv [--days N]`: can this data be learnt from? Contract: ../README.md.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { required, runScript, wholeNumber } from "../jobs/command.ts";
import { inspect } from "./inspect.ts";
import { WeatherDataError } from "./weather.ts";

await runScript(async (tracking) => {
  const { values } = parseArgs({ options: { data: { type: "string" }, days: { type: "string" } } });
  const file = required("data", values.data);
  const days = values.days === undefined ? null : wholeNumber("days", values.days);
  const { metrics, problems } = inspect(await readFile(file, "utf8"), file, days);
  await tracking.logMetrics(metrics);
  const [first] = problems;
  if (first === undefined) return metrics;
  console.log(JSON.stringify(metrics));
  throw new WeatherDataError(`${first}${problems.length > 1 ? ` And ${problems.length - 1} more.` : ""}`);
});
