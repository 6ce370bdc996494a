/** `node classical/unit-test.ts --model DIR`: does this model behave as one that serves must? Contract: ../README.md. */
import { parseArgs } from "node:util";
import { required, runScript } from "../jobs/command.ts";
import { checkModel } from "./checks.ts";

/** The model does not behave as it must: each failed check, and what it said. */
class UnitTestError extends Error {
  override name = "UnitTestError";
}

await runScript(async (tracking) => {
  const { values } = parseArgs({ options: { model: { type: "string" } } });
  const results = await checkModel(required("model", values.model));
  const failed = results.filter(({ problem }) => problem !== null);
  const metrics = { tests_passed: results.length - failed.length, tests_failed: failed.length };
  await tracking.logMetrics(metrics);
  if (failed.length === 0) return { ...metrics, tests: results.map(({ name }) => name) };
  console.log(JSON.stringify(metrics));
  throw new UnitTestError(failed.map(({ name, problem }) => `${name}: ${problem}`).join("; "));
});
