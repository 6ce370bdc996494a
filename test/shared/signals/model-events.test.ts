import { describe, expect, test } from "vitest";
import { parseModelEvent } from "../../../shared/signals/parse.ts";

const WORKSPACE =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

const read = (name: string, data: unknown, subject = "s") =>
  parseModelEvent({
    id: "1",
    topic: WORKSPACE,
    subject,
    eventType: `Microsoft.MachineLearningServices.${name}`,
    eventTime: "2026-07-01T08:00:00Z",
    data,
  });

function signals(name: string, data: unknown, subject?: string) {
  const outcome = read(name, data, subject);
  if (outcome.outcome !== "signal") throw new Error(JSON.stringify(outcome));
  return outcome.signals;
}

describe("a registered model", () => {
  test.each([
    { subject: "models/fraud:3", model: "fraud", version: "3" },
    { subject: "Models/fraud: 3 ", model: "fraud", version: "3" },
    { subject: "models/team:fraud:3", model: "team:fraud", version: "3" },
  ])("is read from the subject $subject when its data says nothing", ({ subject, model, version }) => {
    expect(signals("ModelRegistered", {}, subject)[0]?.subject).toMatchObject({ model, version });
  });

  test("is rather what its data says", () => {
    const [signal] = signals("ModelRegistered", { ModelName: "fraud", ModelVersion: 7 }, "models/other:1");
    expect(signal?.subject).toMatchObject({ model: "fraud", version: "7" });
  });

  test.each([
    { subject: "my/models/fraud:3", field: "data.ModelName", what: "a model's name" },
    { subject: "models/fraud", field: "data.ModelName", what: "a model's name" },
    { subject: "models/:3", field: "data.ModelName", what: "a model's name" },
    { subject: "models/fraud:", field: "data.ModelVersion", what: "a version" },
  ])("that neither names is refused: $subject", ({ subject, field, what }) => {
    expect(read("ModelRegistered", {}, subject)).toEqual({
      outcome: "rejected",
      rule: "ml/model-registered",
      field,
      reason: `expected ${what}, found nothing, nor in 'subject'`,
    });
  });
});

describe("a deployed model", () => {
  test("is one signal for each model behind the service", () => {
    const found = signals("ModelDeployed", {
      ServiceName: "shop",
      ModelIds: "fraud:3, team:rank:12 ,odd, :7, late: ",
    });
    expect(found.map(({ subject }) => subject)).toEqual([
      { workspace: WORKSPACE, endpoint: "shop", model: "fraud", version: "3" },
      { workspace: WORKSPACE, endpoint: "shop", model: "team:rank", version: "12" },
    ]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(2);
  });

  test("is one of the endpoint alone when no model is named", () => {
    expect(signals("ModelDeployed", { ServiceName: "shop" }).map(({ subject }) => subject)).toEqual([
      { workspace: WORKSPACE, endpoint: "shop" },
    ]);
  });

  test("takes its endpoint from the subject when its data has none", () => {
    expect(signals("ModelDeployed", {}, "endpoints/shop")[0]?.subject.endpoint).toBe("shop");
    expect(signals("ModelDeployed", { ServiceName: "own" }, "endpoints/shop")[0]?.subject.endpoint).toBe(
      "own",
    );
  });

  test("keeps the service's tags and properties, apart", () => {
    const data = { ServiceName: "shop", ServiceTags: { team: "a" }, serviceProperties: { team: "b" } };
    expect(signals("ModelDeployed", data)[0]?.evidence.facts).toEqual({
      "tag.team": "a",
      "property.team": "b",
    });
  });

  test.each(["my/endpoints/shop", "endpoints/", "shop"])("without an endpoint is refused: %s", (subject) => {
    expect(read("ModelDeployed", {}, subject)).toEqual({
      outcome: "rejected",
      rule: "ml/model-deployed",
      field: "data.ServiceName",
      reason: "expected an endpoint's name, found nothing, nor in 'subject'",
    });
  });

  test("whose endpoint is no text is refused, naming the field", () => {
    expect(read("ModelDeployed", { ServiceName: {} })).toMatchObject({
      outcome: "rejected",
      field: "data.ServiceName",
    });
  });
});

describe("a dataset's drift", () => {
  const drift = { DataDriftId: "d", DataDriftName: "monitor" };

  test("needs its monitor, and names what is missing", () => {
    expect(read("DatasetDriftDetected", { DataDriftName: "monitor" })).toMatchObject({
      outcome: "rejected",
      rule: "ml/dataset-drift",
      field: "data.DataDriftId",
    });
  });

  test("is about its run where it has one", () => {
    expect(signals("DatasetDriftDetected", drift)[0]?.subject).toEqual({ workspace: WORKSPACE });
    expect(signals("DatasetDriftDetected", { ...drift, RunId: "r" })[0]?.subject).toEqual({
      workspace: WORKSPACE,
      job: "r",
    });
  });

  test.each(["datadrift/d/run/r", "datadrifts/d/runs/r", "DataDrift/a/b/Run/r"])(
    "is about the run that its subject names, %s, when its data has none: one signal either way",
    (subject) => {
      const [found] = signals("DatasetDriftDetected", drift, subject);
      expect(found?.subject.job).toBe("r");
      expect(found?.id).toBe(signals("DatasetDriftDetected", { ...drift, RunId: "r" })[0]?.id);
    },
  );

  test.each(["datadrift/d", "my/datadrift/d/run/r", "datadrift/d/run/"])(
    "is about no run by %s",
    (subject) => {
      expect(signals("DatasetDriftDetected", drift, subject)[0]?.subject.job).toBeUndefined();
    },
  );

  test("keeps a coefficient of seventeen digits, and times that are null", () => {
    const data = { ...drift, DriftCoefficient: 0.83503490684792081, StartTime: null, EndTime: null };
    expect(signals("DatasetDriftDetected", data)[0]?.evidence.measurements).toEqual([
      { metric: "DriftCoefficient", value: 0.8350349068479208, threshold: null },
    ]);
  });

  test.each([
    {
      StartTime: "2026-07-01",
      EndTime: "2026-07-02",
      window: "2026-07-01T00:00:00.000Z/2026-07-02T00:00:00.000Z",
    },
    { StartTime: "2026-07-01", EndTime: undefined, window: undefined },
    { StartTime: undefined, EndTime: "2026-07-02", window: undefined },
  ])("has a window only when it has a start and an end: $window", ({ window, ...times }) => {
    const [signal] = signals("DatasetDriftDetected", { ...drift, DriftCoefficient: "0.5", ...times });
    expect(signal?.evidence.measurements).toEqual([
      {
        metric: "DriftCoefficient",
        value: 0.5,
        threshold: null,
        ...(window === undefined ? {} : { window }),
      },
    ]);
  });
});
