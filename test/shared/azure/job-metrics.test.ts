import { expect, test } from "vitest";
import { readMetrics } from "../../../shared/azure/job-metrics.ts";

const logged = (...metrics: object[]) => ({ run: { info: { run_id: "job" }, data: { metrics } } });

test("a run's metrics are told by their names", () => {
  expect(readMetrics(logged({ key: "rmse", value: 2.5 }, { key: "sample_size", value: 30 }))).toEqual({
    rmse: 2.5,
    sample_size: 30,
  });
  expect(readMetrics({ run: { data: {} } })).toEqual({});
});

// mlflow/mlflow, docs of the REST API: a double that is no finite number is told as text
test.each(["NaN", "Infinity", "-Infinity"])("a metric that is %s is there, but no number", (value) => {
  expect(readMetrics(logged({ key: "rmse", value }))).toEqual({ rmse: null });
});

test("a metric that is no number at all is refused, with its place", () => {
  expect(() => readMetrics(logged({ key: "rmse", value: "low" }))).toThrow(/metrics/);
});
