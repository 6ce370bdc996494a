/**
 * `node evaluate.ts --data FILE.csv --candidate DIR [--champion DIR] --days N`: errors on the newest N days.
 * An empty `--champion ""` is none. Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { required, runScript, wholeNumber } from "../jobs/command.ts";
import { differenceInterval } from "../measures/difference.ts";
import { errorsOf, mae, rmse } from "../measures/regression.ts";
import { LEAVE_OUT } from "./leave-out.ts";
import { loadModel } from "./model.ts";
import { type Example, examplesOf, readObservations, WeatherDataError } from "./weather.ts";

async function errorsOfModel(folder: string, examples: readonly Example[]): Promise<readonly number[]> {
  const predict = await loadModel(folder);
  return errorsOf(
    await predict(examples, LEAVE_OUT),
    examples.map(({ truth }) => truth),
  );
}

await runScript(async (tracking) => {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      candidate: { type: "string" },
      champion: { type: "string" },
      days: { type: "string" },
    },
  });
  const file = required("data", values.data);
  const examples = examplesOf(await readObservations(file)).slice(-wholeNumber("days", values.days));
  if (examples.length === 0)
    throw new WeatherDataError(`${file} holds no day to evaluate, expected three days or more.`);

  const candidate = await errorsOfModel(required("candidate", values.candidate), examples);
  const metrics: Record<string, number> = {
    candidate_rmse: rmse(candidate),
    candidate_mae: mae(candidate),
    sample_size: examples.length,
  };
  if (values.champion) {
    const champion = await errorsOfModel(values.champion, examples);
    const { low, high } = differenceInterval(candidate, champion, rmse);
    Object.assign(metrics, {
      champion_rmse: rmse(champion),
      champion_mae: mae(champion),
      difference_low: low,
      difference_high: high,
    });
  }
  await tracking.logMetrics(metrics);
  return metrics;
});
