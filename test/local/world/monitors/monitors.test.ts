import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  type Feature,
  measureDrift,
  measureErrors,
  measureQuality,
} from "../../../../local/world/monitors/measure.ts";
import { readChosen, type Signal } from "../../../../local/world/monitors/metrics.ts";
import { writeSignal } from "../../../../local/world/monitors/output.ts";
import { breachesOf, reportSignal } from "../../../../local/world/monitors/report.ts";

const temperature: Feature = {
  name: "temperature",
  type: "numerical",
  reference: [0, 2, 4],
  current: [3, 5, 7, null, "warm"],
};
const sky: Feature = {
  name: "sky",
  type: "categorical",
  reference: ["sun", "rain"],
  current: ["sun", "snow", null, "snow", "sun"],
};
const named = (kind: Signal) => ({ name: kind, kind });
const none = { numerical: [], categorical: [] };

test("a metric that is chosen without threshold has Azure's, and where Azure has none it never breaches", () => {
  expect(readChosen("data-drift", "numerical", undefined)).toEqual([
    { metric: "NormalizedWassersteinDistance", threshold: 0.1 },
  ]);
  expect(readChosen("data-drift", "categorical", "")).toEqual([
    { metric: "JensenShannonDistance", threshold: 0.1 },
  ]);
  expect(readChosen("data-drift", "numerical", "JensenShannonDistance,PopulationStabilityIndex=0.2")).toEqual(
    [
      { metric: "JensenShannonDistance", threshold: null },
      { metric: "PopulationStabilityIndex", threshold: 0.2 },
    ],
  );
  expect(readChosen("data-quality", "categorical", undefined).map(({ threshold }) => threshold)).toEqual([
    0, 0, 0,
  ]);
  expect(readChosen("performance", "numerical", undefined)).toEqual([
    { metric: "RootMeanSquaredError", threshold: null },
  ]);
  expect(readChosen("performance", "categorical", undefined)).toEqual([]);
});

test.each([
  { text: "Accuracy", says: "--numerical names 'Accuracy'" },
  { text: "JensenShannonDistance=high", says: "the threshold 'high', expected a number" },
  { text: "JensenShannonDistance=", says: "the threshold '', expected a number" },
])("a choice of '$text' is refused, with words", ({ text, says }) => {
  expect(() => readChosen("data-drift", "numerical", text)).toThrow(says);
});

test("drift is measured over the cells that fit, each type by its own metrics", () => {
  const found = measureDrift([temperature, sky], {
    numerical: [
      { metric: "NormalizedWassersteinDistance", threshold: 0.1 },
      { metric: "TwoSampleKolmogorovSmirnovTest", threshold: null },
    ],
    categorical: [{ metric: "PearsonsChiSquaredTest", threshold: 0.05 }],
  });
  expect(found.map(({ metric, group, value }) => [metric, group, value])).toEqual([
    // A shift by 3, and 0, 2 and 4 have a sample standard deviation of 2.
    ["NormalizedWassersteinDistance", "temperature", 1.5],
    // Two of three are apart: of the 20 orders of three and three rows, 8 never are as far.
    ["TwoSampleKolmogorovSmirnovTest", "temperature", expect.closeTo(0.6, 9)],
    // Snow was never in the reference.
    ["PearsonsChiSquaredTest", "sky", 0],
  ]);
});

test("quality is measured over all cells, against types and bounds of the reference, whose own rates stand beside", () => {
  const chosen = {
    numerical: readChosen("data-quality", "numerical", undefined),
    categorical: readChosen("data-quality", "categorical", undefined),
  };
  const found = measureQuality([temperature, sky], chosen);
  expect(found.map(({ metric, group, value, baseline }) => [metric, group, value, baseline])).toEqual([
    ["NullValueRate", "temperature", 0.2, 0],
    ["DataTypeErrorRate", "temperature", 0.2, 0],
    ["OutOfBoundsRate", "temperature", 0.4, 0],
    ["NullValueRate", "sky", 0.2, 0],
    ["DataTypeErrorRate", "sky", 0, 0],
    ["OutOfBoundsRate", "sky", 0.4, 0],
  ]);
});

test("what cannot be measured has no value, and never breaches", () => {
  const empty = { ...temperature, current: [null] };
  const found = measureDrift([empty], {
    ...none,
    numerical: [{ metric: "NormalizedWassersteinDistance", threshold: 0 }],
  });
  expect(found).toMatchObject([{ value: null }]);
  expect(measureErrors([], [{ metric: "RootMeanSquaredError", threshold: 0 }])).toMatchObject([
    { value: null },
  ]);
  expect(breachesOf({ rows: 99, findings: found, features: [empty] }, 1)).toEqual([]);
});

test("fewer rows than the least needed report no breach", () => {
  const findings = [{ metric: "RootMeanSquaredError", value: 9, threshold: 1 }];
  expect(breachesOf({ rows: 13, findings, features: [] }, 14)).toEqual([]);
  expect(breachesOf({ rows: 14, findings, features: [] }, 14)).toEqual(findings);
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "signals-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a signal of drift is written with its histograms, as Azure's model monitors write it", async () => {
  const folder = await newFolder();
  const read = async (file: string) => JSON.parse(await readFile(path.join(folder, "signals", file), "utf8"));
  const findings = measureDrift([temperature, sky], {
    numerical: [{ metric: "NormalizedWassersteinDistance", threshold: 0.1 }],
    categorical: [{ metric: "JensenShannonDistance", threshold: null }],
  });
  await writeSignal(folder, named("data-drift"), findings, [temperature, sky]);
  expect(await read("data-drift.json")).toEqual({
    signalName: "data-drift",
    signalType: "DataDrift",
    version: "1.0.0",
    metrics: {
      features: {
        temperature: {
          dataType: "numerical",
          histogram: "signals/data-drift/temperature.histogram.json",
          metrics: [{ metricName: "NormalizedWassersteinDistance", metricValue: 1.5, threshold: 0.1 }],
          runMetrics: [{ runId: null, metricName: "NormalizedWassersteinDistance", runMetricName: "value" }],
        },
        sky: {
          dataType: "categorical",
          histogram: "signals/data-drift/sky.histogram.json",
          metrics: [{ metricName: "JensenShannonDistance", metricValue: expect.any(Number) }],
          runMetrics: [{ runId: null, metricName: "JensenShannonDistance", runMetricName: "value" }],
        },
      },
      rowCount: { baselineCount: 3, targetCount: 5 },
    },
  });
  // Three values of the smaller sample: log2(3) + 1, so three bins from 0 to 7.
  expect(await read("data-drift/temperature.histogram.json")).toMatchObject({
    featureName: "temperature",
    histogram: [
      { lowerBound: 0, baselineCount: 2, targetCount: 0 },
      { baselineCount: 1, targetCount: 1 },
      { upperBound: 7, baselineCount: 0, targetCount: 2 },
    ],
  });
  expect(await read("data-drift/sky.histogram.json")).toEqual({
    featureName: "sky",
    histogram: [
      { category: "rain", baselineCount: 1, targetCount: 0 },
      { category: "snow", baselineCount: 0, targetCount: 2 },
      { category: "sun", baselineCount: 1, targetCount: 2 },
    ],
  });
});

test("quality is written with the reference's own rates, and performance by the name of its metric", async () => {
  const folder = await newFolder();
  const read = async (file: string) => JSON.parse(await readFile(path.join(folder, "signals", file), "utf8"));
  const quality = measureQuality([sky], {
    ...none,
    categorical: [{ metric: "NullValueRate", threshold: 0 }],
  });
  await writeSignal(folder, named("data-quality"), quality, [sky]);
  const { metrics } = await read("data-quality.json");
  expect(metrics.features.sky).toMatchObject({
    metrics: [{ metricName: "NullValueRate", targetValue: 0.2, baselineValue: 0, threshold: 0 }],
  });
  await writeSignal(
    folder,
    named("performance"),
    measureErrors([3, -4, 0, 0], [{ metric: "RootMeanSquaredError", threshold: 2 }]),
    [],
  );
  expect(await read("performance.json")).toEqual({
    signalName: "performance",
    signalType: "ModelPerformance",
    version: "1.0.0",
    metrics: {
      RootMeanSquaredError: {
        value: 2.5,
        threshold: 2,
        timeseries: { runId: null, metricNames: { value: "value", threshold: "threshold" } },
      },
    },
  });
});

test("a signal that Azure has no monitor of is written as one of one's own, its metric by group", async () => {
  const folder = await newFolder();
  const gaps = ["3", "8"].map((group) => ({ metric: "ErrorRateGap", group, value: 0.25, threshold: 0.1 }));
  await writeSignal(folder, { name: "responsible-ai", kind: "responsible-ai" }, gaps, []);
  const file = path.join(folder, "signals/responsible-ai.json");
  const { signalType, metrics } = JSON.parse(await readFile(file, "utf8"));
  expect(signalType).toBe("Custom");
  expect(metrics.ErrorRateGap.groups["8"]).toMatchObject({ value: 0.25, threshold: 0.1 });
  expect(Object.keys(metrics.ErrorRateGap.groups)).toEqual(["3", "8"]);
});

test("a feature whose name holds a slash has its histogram in the signal's own folder", async () => {
  const folder = await newFolder();
  const feature = { ...sky, name: "../sky" };
  await writeSignal(folder, named("data-drift"), [], [feature]);
  const file = path.join(folder, "signals/data-drift/.._sky.histogram.json");
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ featureName: "../sky" });
});

test("a signal is told to MLflow by metric and feature, and tagged only on a breach", async () => {
  const logged: Record<string, number> = {};
  const tags: string[] = [];
  const tracking = {
    logMetrics: async (metrics: Readonly<Record<string, number>>) => void Object.assign(logged, metrics),
    setTag: async (key: string) => void tags.push(key),
  };
  const findings = measureDrift([temperature, sky], {
    numerical: [{ metric: "NormalizedWassersteinDistance", threshold: 2 }],
    categorical: [{ metric: "PearsonsChiSquaredTest", threshold: 0.05 }],
  });
  const measured = { rows: 5, findings, features: [temperature, sky] };
  const told = await reportSignal("data-drift", measured, { minimumRows: 9, tracking });
  expect(logged).toEqual({
    "NormalizedWassersteinDistance.temperature": 1.5,
    "PearsonsChiSquaredTest.sky": 0,
    "threshold.NormalizedWassersteinDistance": 2,
    "threshold.PearsonsChiSquaredTest.categorical": 0.05,
    sample_size: 5,
  });
  expect(told).toMatchObject({ signal: "data-drift", rows: 5, breached: [] });
  expect(tags).toEqual([]);
  const again = await reportSignal("data-drift", measured, { minimumRows: 5, tracking });
  expect(again).toMatchObject({ breached: ["PearsonsChiSquaredTest.sky"] });
  expect(tags).toEqual(["azureml_modelmonitor_threshold_breached"]);
});
