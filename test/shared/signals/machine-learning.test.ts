import { describe, expect, test } from "vitest";
import { parseModelEvent } from "../../../shared/signals/parse.ts";
import type { Signal } from "../../../shared/signals/signal.ts";
import { fixture } from "./fixtures.ts";

const WORKSPACE =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

function event(type: string, data: unknown, change: object = {}) {
  return {
    id: "event-1",
    topic: WORKSPACE,
    subject: "",
    eventType: `Microsoft.MachineLearningServices.${type}`,
    eventTime: "2026-07-01T08:00:00.1234567Z",
    data,
    ...change,
  };
}

function signalsOf(payload: unknown): Signal[] {
  const outcome = parseModelEvent(payload);
  if (outcome.outcome !== "signal") throw new Error(JSON.stringify(outcome));
  return outcome.signals;
}

const only = (payload: unknown): Signal => {
  const [signal, ...rest] = signalsOf(payload);
  if (!signal || rest.length > 0) throw new Error("expected one signal");
  return signal;
};

describe("a registered model", () => {
  test.each([
    { spelling: "documented", data: { ModelName: "weather", ModelVersion: 20 } },
    { spelling: "the SDK's", data: { modelName: "weather", modelVersion: "20" } },
    { spelling: "JSON text", data: '{"MODELNAME":"weather","modelversion":20}' },
    { spelling: "absent, but in the subject", data: null },
  ])("is read when its data is $spelling", ({ data }) => {
    const signal = only(event("ModelRegistered", data, { subject: "models/weather:20" }));
    expect(signal).toMatchObject({
      kind: "model.registered",
      subject: { workspace: WORKSPACE, model: "weather", version: "20" },
      occurredAt: "2026-07-01T08:00:00.123Z",
    });
  });

  test("keeps the documented spelling where two keys differ by case", () => {
    const data = { modelName: "other", ModelName: "weather", ModelVersion: "3" };
    expect(only(event("ModelRegistered", data)).subject.model).toBe("weather");
  });

  test("splits the subject at its last colon, and keeps slashes", () => {
    const signal = only(event("ModelRegistered", {}, { subject: "models/team/a:b:7" }));
    expect(signal.subject).toMatchObject({ model: "team/a:b", version: "7" });
  });

  test("is the same signal when it is delivered again, in either schema, and another for another event", () => {
    const published = only(fixture("eventgrid-ml-model-registered"));
    expect(only(fixture("cloudevents-ml-model-registered")).id).toBe(published.id);
    const data = { ModelName: "weather", ModelVersion: "3" };
    const first = only(event("ModelRegistered", data));
    expect(only(event("ModelRegistered", data, { topic: WORKSPACE.toUpperCase() })).id).toBe(first.id);
    expect(only(event("ModelRegistered", data, { id: "event-2" })).id).not.toBe(first.id);
  });

  test("is the same signal when it comes back from the dead letters", () => {
    const data = { ModelName: "weather", ModelVersion: "3" };
    const dead = {
      deadLetterReason: "MaxDeliveryAttemptsExceeded",
      deliveryAttempts: 30,
      lastDeliveryOutcome: "Busy",
      publishTime: "2026-07-01T08:00:01Z",
      lastDeliveryAttemptTime: "2026-07-02T08:00:00Z",
    };
    expect(only(event("ModelRegistered", data, dead))).toEqual(only(event("ModelRegistered", data)));
  });

  test("of a shared registry is about no workspace", () => {
    const topic =
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/r";
    const data = { ModelName: "weather", ModelVersion: "3" };
    expect(only(event("ModelRegistered", data, { topic })).subject).toEqual({
      resource: topic,
      model: "weather",
      version: "3",
    });
  });

  test("is refused without a version, naming the field", () => {
    expect(parseModelEvent(event("ModelRegistered", { ModelName: "weather" }))).toMatchObject({
      outcome: "rejected",
      field: "data.ModelVersion",
    });
    expect(
      parseModelEvent(event("ModelRegistered", { ModelName: "weather", ModelVersion: {} })),
    ).toMatchObject({
      outcome: "rejected",
      field: "data.ModelVersion",
    });
  });

  test("keeps a tag called __proto__ as a fact, and nothing else", () => {
    const data: unknown = JSON.parse(
      '{"ModelName":"m","ModelVersion":"1","ModelTags":{"__proto__":"x","a":"b"}}',
    );
    expect(only(event("ModelRegistered", data)).evidence.facts).toEqual({
      "tag.__proto__": "x",
      "tag.a": "b",
    });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe("a run", () => {
  const run = (data: object) =>
    event("RunStatusChanged", { runId: "run-1", experimentName: "nightly", ...data });

  test.each([
    { runStatus: "Completed", kind: "job.completed" },
    { runStatus: "failed", kind: "job.failed" },
    { runStatus: "Canceled", kind: "job.failed" },
  ])("that is $runStatus is $kind", ({ runStatus, kind }) => {
    expect(only(run({ runStatus }))).toMatchObject({
      kind,
      subject: { job: "run-1" },
      evidence: { facts: { experiment: "nightly", status: runStatus } },
    });
  });

  test.each(["NotStarted", "Queued", "Running", "Finalizing", "constructor"])(
    "that is %s is ignored",
    (runStatus) => {
      expect(parseModelEvent(run({ runStatus })).outcome).toBe("ignored");
    },
  );

  test.each([
    { data: { RunId: "run-1", ExperimentName: "nightly", RunStatus: "Completed", RunTags: { a: "b" } } },
    { data: { runId: "run-1", experimentName: "nightly", runStatus: "completed", RunTags: { a: "b" } } },
    {
      data: {
        runId: "run-1",
        experimentName: "nightly",
        runStatus: "Completed",
        runType: null,
        runTags: { a: "b" },
      },
    },
  ])("is read as it was spelled before July 2020, and since: $data", ({ data }) => {
    expect(only(event("RunStatusChanged", data))).toMatchObject({
      kind: "job.completed",
      subject: { job: "run-1" },
      evidence: { facts: { experiment: "nightly", "tag.a": "b" } },
    });
  });

  test("that completed is one signal, whichever of its two events comes first", () => {
    const changed = only(run({ runStatus: "Completed" }));
    expect(only(event("RunCompleted", { runId: "run-1" }, { id: "event-9" })).id).toBe(changed.id);
  });

  test.each([
    { runTags: { "outerloop.model": "a", model_name: "b" }, subject: { model: "a" } },
    { runTags: { model_name: "b" }, subject: { model: "b" } },
    { runTags: { "azureml.modelName": "c", endpoint: "e" }, subject: { model: "c", endpoint: "e" } },
    { runTags: { "azureml.endpoint_name": "f" }, subject: { endpoint: "f" } },
  ])("names its model and endpoint by its tags: $subject", ({ runTags, subject }) => {
    expect(only(run({ runStatus: "Completed", runTags })).subject).toEqual({
      workspace: WORKSPACE,
      job: "run-1",
      ...subject,
    });
  });

  test("whose monitor itself failed is a failed job, and no drift", () => {
    const runTags = { "azureml.modelmonitor.error": "no data" };
    expect(only(run({ runStatus: "Completed", runTags }))).toMatchObject({
      kind: "job.failed",
      evidence: { facts: { monitorError: "no data" } },
    });
  });
});

describe("a monitor's breach", () => {
  const tag = (name: string, ...items: string[]) =>
    `The signal '${name}' has failed due to one or more features violating metric thresholds.\n` +
    "The feature names and their corresponding computed metric values violating the threshold are \n" +
    `[${items.join(", ")}]\n`;
  const item = (metric: string, value: number, threshold: number) =>
    `'{"metric_value":${value},"metric_name":"${metric}","threshold_value":${threshold}}'`;
  const breach = (text: string, change: object = {}) =>
    event("RunStatusChanged", {
      runId: "run-1",
      runStatus: "Completed",
      runTags: { azureml_modelmonitor_threshold_breached: text, "outerloop.model": "weather" },
      ...change,
    });

  test("is read from the published text, feature by feature", () => {
    const signal = only(fixture("eventgrid-ml-run-status-changed-monitor-breach-derived"));
    expect(signal.evidence).toEqual({
      measurements: [
        { metric: "NormalizedWassersteinDistance", value: 0.746, threshold: 0.1, group: "sepal_length" },
        { metric: "NormalizedWassersteinDistance", value: 0.269, threshold: 0.1, group: "petal_length" },
      ],
      facts: {
        experiment: "my-monitor",
        runType: "azureml.StepRun",
        monitorSignal: "my-data-drift-signal",
        rootRun: "adf1f8e9-f61d-45e2-a14c-2a771f2622e9",
      },
    });
  });

  test("is one signal, whether its own run or the root run tells it, at whatever status", () => {
    const own = only(fixture("eventgrid-ml-run-status-changed-monitor-breach-derived"));
    expect(only(fixture("eventgrid-ml-run-status-changed-monitor-breach-root-run-derived")).id).toBe(own.id);
    const text = tag("s", item("JensenShannonDistance", 0.4, 0.1));
    const running = only(breach(text, { runStatus: "Running" }));
    expect(only(breach(text)).id).toBe(running.id);
    expect(only(breach(text, { runId: "run-2" })).id).not.toBe(running.id);
  });

  test.each([
    { metric: "NormalizedWassersteinDistance", name: "inputs", kind: "drift.data" },
    { metric: "WassersteinNormalizedDistance", name: "inputs", kind: "drift.data" },
    { metric: "JensenShannonDistance", name: "prediction-drift", kind: "drift.prediction" },
    { metric: "NullValueRate", name: "inputs", kind: "data-quality.violated" },
    { metric: "RootMeanSquaredError", name: "inputs", kind: "performance.degraded" },
    { metric: "AcceptableFluencyScorePerInstance", name: "inputs", kind: "responsible-ai.violated" },
    { metric: "my_own_metric", name: "model performance", kind: "performance.degraded" },
    { metric: "my_own_metric", name: "inputs", kind: "drift.data" },
  ])("of $metric in '$name' is $kind", ({ metric, name, kind }) => {
    expect(only(breach(tag(name, item(metric, 0.9, 0.1))))).toMatchObject({
      kind,
      subject: { model: "weather" },
    });
  });

  test.each([
    { metric: "TwoSampleKolmogorovSmirnovTest", value: 0.01, counts: true },
    { metric: "TwoSampleKolmogorovSmirnovTest", value: 0.9, counts: false },
    { metric: "NormalizedDiscountedCumulativeGain", value: 0.9, counts: false },
    { metric: "AggregatedFluencyPassRate", value: 0.1, counts: true },
    { metric: "Accuracy", value: 0.9, counts: false },
    { metric: "Accuracy", value: 0.4, counts: true },
    { metric: "RootMeanSquaredError", value: 0.4, counts: false },
    { metric: "PopulationStabilityIndex", value: 0.5, counts: true },
  ])("of $metric $value at a threshold of 0.5 counts: $counts", ({ metric, value, counts }) => {
    const outcome = parseModelEvent(breach(tag("s", item(metric, value, 0.5))));
    expect(outcome.outcome).toBe(counts ? "signal" : "ignored");
  });

  test("of two kinds is two signals", () => {
    const both = tag("s", item("NullValueRate", 0.4, 0.1), item("JensenShannonDistance", 0.4, 0.1));
    expect(signalsOf(breach(both)).map(({ kind }) => kind)).toEqual(["data-quality.violated", "drift.data"]);
  });

  test("keeps apostrophes, escapes and a feature that says ']' in its name", () => {
    const items = [
      `"{\\"metric_value\\":0.4,\\"metric_name\\":\\"JensenShannonDistance\\",\\"threshold_value\\":0.1,\\"group\\":\\"driver's age\\"}"`,
      `'{"metric_value":"0.5","metric_name":"JensenShannonDistance","threshold_value":0.1,"group":"a]\\', \\\\u00e9"}'`,
    ];
    expect(only(breach(tag("s", ...items))).evidence.measurements).toEqual([
      { metric: "JensenShannonDistance", value: 0.4, threshold: 0.1, group: "driver's age" },
      { metric: "JensenShannonDistance", value: 0.5, threshold: 0.1, group: "a]', é" },
    ]);
  });

  test("whose list cannot be read is still a breach, by the signal's name", () => {
    const text = tag("prediction drift", '\'{"metric_value":0.4,').slice(0, -4);
    expect(only(breach(text))).toMatchObject({ kind: "drift.prediction", evidence: { measurements: [] } });
  });
});
