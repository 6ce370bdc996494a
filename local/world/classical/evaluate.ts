/**
 * `node classical/evaluate.ts --data FILE.csv --candidate DIR [--champion DIR] --days N`: errors on the newest N days.
 * An empty `--champion ""` is none. Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { required, runScript, wholeNumber } from "../jobs/command.ts";
import { differenceInterval } from "../measures/difference.ts";
import { mae, rmse } from "../measures/regression.ts";
import { errorsOfModel, newestDays } from "./past.ts";

await runScript(async (tracking) => {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      candidate: { type: "string" },
      champion: { type: "string" },
      days: { type: "string" },
    },
  });
  const days = await newestDays(required("data", values.data), wholeNumber("days", values.days));
  const candidate = await errorsOfModel(required("candidate", values.candidate), days);
  const metrics: Record<string, number> = {
    candidate_rmse: rmse(candidate),
    candidate_mae: mae(candidate),
    sample_size: days.length,
  };
  if (values.champion) {
    const champion = await errorsOfModel(values.champion, days);
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
