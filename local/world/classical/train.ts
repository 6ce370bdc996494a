/** `node classical/train.ts --data FILE.csv --window-days N --model DIR`: learns the newest N days. Contract: ../README.md. */
import { parseArgs } from "node:util";
import { required, runScript, wholeNumber } from "../jobs/command.ts";
import { errorsOf, mae, rmse } from "../measures/regression.ts";
import { writeModel } from "./artefact.ts";
import { trainModel } from "./model.ts";
import { examplesOf, readObservations } from "./weather.ts";

await runScript(async (tracking) => {
  const { values } = parseArgs({
    options: { data: { type: "string" }, "window-days": { type: "string" }, model: { type: "string" } },
  });
  const folder = required("model", values.model);
  const windowDays = wholeNumber("window-days", values["window-days"]);
  const model = trainModel(
    examplesOf(await readObservations(required("data", values.data))).slice(-windowDays),
  );
  await writeModel(folder, model);

  const { examples } = model;
  const errors = errorsOf(
    examples.map(({ foretold }) => foretold),
    examples.map(({ truth }) => truth),
  );
  const metrics = { rmse: rmse(errors), mae: mae(errors), rows: examples.length };
  await tracking.logMetrics(metrics);
  return { ...metrics, from: examples[0]?.date, to: examples.at(-1)?.date };
});
