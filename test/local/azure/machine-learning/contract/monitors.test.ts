import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { stillClock } from "../setup.ts";
import { AT, contract, NEWEST, raw, refused, WORKSPACE_ID } from "./harness.ts";

const HOUR = 3_600_000;
const clock = stillClock(Date.UTC(2026, 0, 5, 7, 30));
const fixture = contract({ clock });
const BREACH_TAG = "azureml_modelmonitor_threshold_breached";

/** Numbers move by 3, of a sample deviation of 2; snow comes where rain was. */
const BEFORE = "temperature,sky\n0,sun\n2,rain\n4,sun\n";
const NOW = "temperature,sky\n3,sun\n5,snow\n7,sun\n";
/** Of four rows: one is no number, one is empty, one is beyond what was there. */
const BROKEN = "temperature,sky\n3,sun\nwarm,rain\n,hail\n9,\n";

const dataOf = (file: string) => ({
  inputDataType: "Fixed",
  jobInputType: "uri_file",
  uri: `azureml://datastores/workspaceblobstore/paths/${file}.csv`,
});
const drift = (metricThresholds: object[], more: object = {}) => ({
  signalType: "DataDrift",
  productionData: dataOf("now"),
  referenceData: dataOf("before"),
  metricThresholds,
  ...more,
});
const numerical = (metric: string, value?: number) => ({
  dataType: "Numerical",
  metric,
  ...(value !== undefined && { threshold: { value } }),
});
const categorical = (metric: string, value?: number) => ({
  ...numerical(metric, value),
  dataType: "Categorical",
});

const scheduleOf = (signals: Record<string, object>, more: object = {}) => ({
  properties: {
    trigger: { triggerType: "Recurrence", frequency: "Hour", interval: 1 },
    action: {
      actionType: "CreateMonitor",
      monitorDefinition: {
        computeConfiguration: {
          computeType: "ServerlessSpark",
          computeIdentity: { computeIdentityType: "AmlToken" },
          instanceType: "Standard_E4s_v3",
          runtimeVersion: "3.3",
        },
        signals,
        ...more,
      },
    },
  },
});

interface Run {
  readonly info: { readonly run_id: string; readonly run_name: string; readonly status: string };
  readonly data: {
    readonly metrics: readonly { key: string; value: number }[];
    readonly tags: readonly { key: string; value: string }[];
  };
}

/** Lets a monitor run once, and answers the runs of its signals by their names. */
async function monitored(
  name: string,
  signals: Record<string, object>,
  more: object = {},
): Promise<Record<string, Run>> {
  await raw(fixture.client, "PUT", `schedules/${name}`, scheduleOf(signals, more), NEWEST);
  await until(async () => {
    const { properties } = await fixture.client.schedules.get(...AT, name);
    return properties.provisioningState === "Succeeded";
  });
  clock.advance(HOUR);
  const job = await until(async () => {
    const jobs = await Array.fromAsync(fixture.client.jobs.list(...AT));
    return jobs.find(
      ({ name: listed = "", properties: { status = "" } }) =>
        listed.startsWith(`${name}-`) && ["Completed", "Failed"].includes(status),
    );
  });
  await fixture.client.schedules.beginDeleteAndWait(...AT, name, { updateIntervalInMs: 1 });
  const filter = `tags.mlflow.parentRunId = '${job.name}'`;
  const { body } = await fixture.call("POST", `/mlflow/v2.0${WORKSPACE_ID}/api/2.0/mlflow/runs/search`, {
    filter,
  });
  return Object.fromEntries((body.runs as Run[]).map((run) => [run.info.run_name, run]));
}
const metricsOf = (run: Run | undefined) =>
  Object.fromEntries((run?.data.metrics ?? []).map(({ key, value }) => [key, value]));
/** What a run's tag names as breached. */
function breachedOf(run: Run | undefined): string[] {
  const text = run?.data.tags.find(({ key }) => key === BREACH_TAG)?.value ?? "";
  return [...text.matchAll(/"metric_name":"(\w+)".*?"group":"(\w+)"/g)].map(
    ([, metric, group]) => `${metric}.${group}`,
  );
}

beforeAll(async () => {
  const store = path.join(fixture.data, "datastore");
  await mkdir(store, { recursive: true });
  for (const [name, text] of Object.entries({
    before: BEFORE,
    now: NOW,
    broken: BROKEN,
    quoted: '"temperature"\n',
  })) {
    await writeFile(path.join(store, `${name}.csv`), text);
  }
});

test("measures every metric of drift and of data quality by the type of each feature, and tells p-values below their threshold, all else above it", async () => {
  const quality = ["NullValueRate", "DataTypeErrorRate", "OutOfBoundsRate"];
  const runs = await monitored("all", {
    drift: drift([
      numerical("NormalizedWassersteinDistance", 1.5),
      numerical("JensenShannonDistance", 0.8),
      numerical("PopulationStabilityIndex", 1.5),
      numerical("TwoSampleKolmogorovSmirnovTest", 0.7),
      categorical("JensenShannonDistance", 0.6),
      categorical("PopulationStabilityIndex", 0.4),
      categorical("PearsonsChiSquaredTest", 0.05),
    ]),
    predictions: drift([numerical("TwoSampleKolmogorovSmirnovTest", 0.5)], { signalType: "PredictionDrift" }),
    quality: drift(
      [
        ...quality.map((metric) => numerical(metric, 0.2)),
        ...quality.map((metric) => categorical(metric, 0.3)),
      ],
      { signalType: "DataQuality", productionData: dataOf("broken") },
    ),
  });
  expect(metricsOf(runs.drift)).toMatchObject({
    "NormalizedWassersteinDistance.temperature": 1.5,
    // Three bins from 0 to 7 hold 2, 1, 0 rows and 0, 1, 2: sqrt(2/3), and 2 * 2/3 * ln 3 with a row more in each.
    "JensenShannonDistance.temperature": expect.closeTo(0.816497, 6),
    "PopulationStabilityIndex.temperature": expect.closeTo(1.464816, 6),
    // Two of three are apart: of the 20 orders of three and three rows, 8 never are as far.
    "TwoSampleKolmogorovSmirnovTest.temperature": expect.closeTo(0.6, 9),
    // Of three rows each, rain has 1 and 0, snow 0 and 1: sqrt(1/3), and 2/3 * ln 2.
    "JensenShannonDistance.sky": expect.closeTo(0.57735, 5),
    "PopulationStabilityIndex.sky": expect.closeTo(0.462098, 6),
    // The reference has never seen snow.
    "PearsonsChiSquaredTest.sky": 0,
  });
  expect(breachedOf(runs.drift).sort()).toEqual([
    "JensenShannonDistance.temperature",
    "PearsonsChiSquaredTest.sky",
    "PopulationStabilityIndex.sky",
    "TwoSampleKolmogorovSmirnovTest.temperature",
  ]);
  // 0.6 is no less than 0.5.
  expect(metricsOf(runs.predictions)["TwoSampleKolmogorovSmirnovTest.temperature"]).toBeCloseTo(0.6, 9);
  expect(breachedOf(runs.predictions)).toEqual([]);
  expect(metricsOf(runs.quality)).toMatchObject({
    "NullValueRate.temperature": 0.25,
    "DataTypeErrorRate.temperature": 0.25,
    "OutOfBoundsRate.temperature": 0.25,
    "NullValueRate.sky": 0.25,
    "DataTypeErrorRate.sky": 0,
    "OutOfBoundsRate.sky": 0.25,
  });
  expect(breachedOf(runs.quality).sort()).toEqual([
    "DataTypeErrorRate.temperature",
    "NullValueRate.temperature",
    "OutOfBoundsRate.temperature",
  ]);
  for (const run of Object.values(runs)) expect(run.info.status).toBe("FINISHED");

  const output = path.join(
    fixture.data,
    "jobs",
    runs.drift?.info.run_id ?? "",
    "outputs/signal_output/signals",
  );
  const { signalName, signalType, metrics } = JSON.parse(
    await readFile(path.join(output, "drift.json"), "utf8"),
  );
  expect([signalName, signalType]).toEqual(["drift", "DataDrift"]);
  expect(metrics.rowCount).toEqual({ baselineCount: 3, targetCount: 3 });
  expect(metrics.features.temperature.metrics[0]).toEqual({
    metricName: "NormalizedWassersteinDistance",
    metricValue: 1.5,
    threshold: 1.5,
  });
});

test("looks at the features that it is told to, as the type that it is told, and takes 0.5 for a threshold that is not given", async () => {
  const runs = await monitored("subset", {
    drift: drift([categorical("PearsonsChiSquaredTest"), numerical("NormalizedWassersteinDistance")], {
      features: { filterType: "FeatureSubset", features: ["temperature"] },
      featureDataTypeOverride: { temperature: "Categorical" },
      featureImportanceSettings: { mode: "Disabled" },
    }),
  });
  expect(metricsOf(runs.drift)).toEqual({
    "PearsonsChiSquaredTest.temperature": 0,
    "threshold.PearsonsChiSquaredTest.categorical": 0.5,
    sample_size: 3,
  });
});

test("tags the root run, too, when the monitor is to send mail, before it ends", async () => {
  const emails = ["on-duty@contoso.com"];
  const mail = { alertNotificationSettings: { emailNotificationSettings: { emails } } };
  const signal = drift([categorical("PearsonsChiSquaredTest", 0.05)]);
  const { weather } = await monitored("mails", { weather: signal }, mail);
  const text = weather?.data.tags.find(({ key }) => key === BREACH_TAG)?.value;
  expect(text).toContain("The signal 'weather' has failed");
  const told = fixture.events.filter(
    ({ eventType, data }) => eventType.endsWith("RunCompleted") && String(data.runId).startsWith("mails-"),
  );
  expect(told.map(({ data }) => data.runTags)).toEqual([
    {
      "azureml.modelmonitor.threshold.breached.weather": text,
      "azureml.notification.email.address": "on-duty@contoso.com",
    },
  ]);
});

test("says of a monitor that cannot read its data that it failed itself, and tells of no breach", async () => {
  const { quoted } = await monitored("fails", {
    quoted: drift([numerical("JensenShannonDistance", 0.1)], { productionData: dataOf("quoted") }),
  });
  expect(quoted?.info.status).toBe("FAILED");
  const tags = Object.fromEntries((quoted?.data.tags ?? []).map(({ key, value }) => [key, value]));
  expect(tags["azureml.modelmonitor.error"]).toContain("quoted.csv has quoted fields, expected plain CSV.");
  expect(tags).not.toHaveProperty(BREACH_TAG);
});

test.each([
  {
    what: "a metric that there is not",
    signals: { a: drift([numerical("MaximumMeanDiscrepancy", 0.1)]) },
    says: "signals.a.metricThresholds.0.metric: found 'MaximumMeanDiscrepancy', expected for Numerical features of DataDrift one of NormalizedWassersteinDistance",
  },
  {
    what: "a metric of numbers for categories",
    signals: { a: drift([categorical("TwoSampleKolmogorovSmirnovTest", 0.1)]) },
    says: "signals.a.metricThresholds.0.metric: found 'TwoSampleKolmogorovSmirnovTest', expected for Categorical features of DataDrift one of JensenShannonDistance",
  },
  {
    what: "a metric of drift for data quality",
    signals: { a: drift([numerical("JensenShannonDistance", 0.1)], { signalType: "DataQuality" }) },
    says: "signals.a.metricThresholds.0.metric: found 'JensenShannonDistance', expected for Numerical features of DataQuality one of NullValueRate",
  },
  {
    what: "drift of feature attribution, which takes importances that nothing here measures",
    signals: {
      a: {
        signalType: "FeatureAttributionDrift",
        productionData: [dataOf("now")],
        referenceData: dataOf("before"),
        featureImportanceSettings: { mode: "Enabled", targetColumn: "sky" },
        metricThreshold: { metric: "NormalizedDiscountedCumulativeGain", threshold: { value: 0.9 } },
      },
    },
    says: "signals.a.signalType: found 'FeatureAttributionDrift', expected DataDrift, PredictionDrift, DataQuality",
  },
  {
    what: "a signal of one's own component",
    signals: { a: { signalType: "Custom", componentId: "c", metricThresholds: [{ metric: "mine" }] } },
    says: "signals.a.signalType: found 'Custom'",
  },
  {
    what: "the performance of a model, which is no signal of this API",
    signals: { a: { signalType: "ModelPerformance" } },
    says: "signals.a.signalType: found 'ModelPerformance'",
  },
  {
    what: "the features that matter most",
    signals: {
      a: drift([numerical("JensenShannonDistance")], {
        features: { filterType: "TopNByAttribution", top: 3 },
      }),
    },
    says: "signals.a.features.filterType: expected AllFeatures or FeatureSubset",
  },
  {
    what: "importances beside the drift",
    signals: {
      a: drift([numerical("JensenShannonDistance")], { featureImportanceSettings: { mode: "Enabled" } }),
    },
    says: "signals.a.featureImportanceSettings.mode: expected Disabled",
  },
  { what: "a signal whose name is a path", signals: { "../a": drift([]) }, says: "signals.../a" },
])("answers 400 to a monitor with $what, and names the field", async ({ signals, says }) => {
  const made = raw(fixture.client, "PUT", "schedules/refused", scheduleOf(signals), NEWEST);
  await expect(made).rejects.toEqual(refused(400, "UserError"));
  await expect(made).rejects.toThrow(says);
  // That a signal or a metric is unknown is for the description to say, too.
  fixture.problems.length = 0;
});
