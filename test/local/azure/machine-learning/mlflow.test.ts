import { beforeAll, describe, expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { AT, command, contract, WORKSPACE_ID } from "./contract/harness.ts";

const fixture = contract();
const MLFLOW = `/mlflow/v2.0${WORKSPACE_ID}/api/2.0/mlflow`;
const post = (call: string, body: object) => fixture.call("POST", `${MLFLOW}/${call}`, body);
const runOf = async (run: string) =>
  (await fixture.call("GET", `${MLFLOW}/runs/get?run_id=${run}`)).body as {
    run: { data: { metrics: { key: string; value: unknown }[]; params: object[] } };
  };

async function finished(name: string, tags: Record<string, string> = {}): Promise<void> {
  await fixture.call("PUT", `jobs/${name}`, command("true", { tags }));
  await until(async () => {
    const { properties } = (await fixture.call("GET", `jobs/${name}`)).body as {
      properties: { status: string };
    };
    return properties.status === "Completed";
  });
}

describe("a metric", () => {
  beforeAll(() => finished("numbers"));

  test.each(["NaN", "Infinity", "-Infinity"])(
    "may be %s, which comes back as the text it came as",
    async (value) => {
      const key = `metric${value}`;
      expect((await post("runs/log-metric", { run_id: "numbers", key, value, timestamp: 1 })).status).toBe(
        200,
      );
      const logged = expect.objectContaining({ key, value });
      expect((await runOf("numbers")).run.data.metrics).toContainEqual(logged);
      const history = `${MLFLOW}/metrics/get-history?run_id=numbers&metric_key=${key}`;
      expect((await fixture.call("GET", history)).body).toMatchObject({ metrics: [logged] });
    },
  );

  test("may be a number written as text", async () => {
    await post("runs/log-metric", { run_id: "numbers", key: "text", value: "1.5e2", timestamp: 1 });
    expect((await runOf("numbers")).run.data.metrics).toContainEqual(
      expect.objectContaining({ key: "text", value: 150 }),
    );
  });

  test("is refused when it is no number", async () => {
    expect(await post("runs/log-metric", { run_id: "numbers", key: "bad", value: "low" })).toMatchObject({
      status: 400,
      body: { error_code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining("value: ") },
    });
  });
});

test("a parameter is written once: the same again changes nothing, another value is refused", async () => {
  await finished("params");
  const log = (value: string) => post("runs/log-parameter", { run_id: "params", key: "depth", value });
  expect((await log("3")).status).toBe(200);
  expect((await log("3")).status).toBe(200);
  expect(await log("4")).toMatchObject({
    status: 400,
    body: {
      error_code: "INVALID_PARAMETER_VALUE",
      message:
        "Changing param values is not allowed. Param 'depth' was already logged with value '3', found '4'.",
    },
  });
  const params = [
    { key: "rate", value: "1" },
    { key: "depth", value: "4" },
  ];
  expect((await post("runs/log-batch", { run_id: "params", params })).status).toBe(400);
  // Nothing of a batch that is refused is kept.
  expect((await runOf("params")).run.data.params).toEqual([{ key: "depth", value: "3" }]);
});

test("a tag can be taken away, once", async () => {
  await finished("tagged", { stage: "north", kept: "yes" });
  const { body } = await post("runs/delete-tag", { run_id: "tagged", key: "stage" });
  expect(body).toEqual({});
  expect((await fixture.client.jobs.get(...AT, "tagged")).properties.tags).toEqual({ kept: "yes" });
  expect(await post("runs/delete-tag", { run_id: "tagged", key: "stage" })).toMatchObject({
    status: 404,
    body: {
      error_code: "RESOURCE_DOES_NOT_EXIST",
      message: "No tag with name 'stage' in run 'tagged'.",
    },
  });
});

test("an experiment is found by its id as by its name", async () => {
  await finished("of-default");
  const get = async (query: string) =>
    (await fixture.call("GET", `${MLFLOW}/experiments/${query}`)).body as {
      experiment: { experiment_id: string; name: string };
    };
  const { experiment } = await get("get-by-name?experiment_name=Default");
  expect(await get(`get?experiment_id=${experiment.experiment_id}`)).toEqual({ experiment });
  expect(await get("get?experiment_id=none")).toMatchObject({ error_code: "RESOURCE_DOES_NOT_EXIST" });
});

describe("a batch", () => {
  const many = (count: number, more: object) =>
    Array.from({ length: count }, (_, n) => ({ key: `k${n}`, ...more }));
  beforeAll(() => finished("batch"));

  test.each([
    {
      what: "1001 metrics",
      batch: { metrics: many(1001, { value: 1 }) },
      message: "metrics: expected at most 1000",
    },
    {
      what: "101 parameters",
      batch: { params: many(101, { value: "1" }) },
      message: "params: expected at most 100",
    },
    { what: "101 tags", batch: { tags: many(101, { value: "1" }) }, message: "tags: expected at most 100" },
    {
      what: "1001 things in all",
      batch: { metrics: many(950, { value: 1 }), params: many(51, { value: "1" }) },
      message: "expected at most 1000 metrics, params and tags",
    },
  ])("of $what is refused", async ({ batch, message }) => {
    expect(await post("runs/log-batch", { run_id: "batch", ...batch })).toMatchObject({
      status: 400,
      body: { error_code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(message) },
    });
  });

  test("of 1000 things is taken", async () => {
    const batch = { metrics: many(900, { value: 1 }), params: many(100, { value: "1" }) };
    expect((await post("runs/log-batch", { run_id: "batch", ...batch })).status).toBe(200);
  });
});

describe("a search for runs", () => {
  const found = async (search: object) => {
    const { status, body } = await post("runs/search", search);
    expect(status, JSON.stringify(body)).toBe(200);
    return (body.runs as { info: { run_id: string } }[]).map(({ info }) => info.run_id);
  };
  const OURS = "tags.set = 'search'";
  beforeAll(async () => {
    for (const [name, rmse] of [
      ["s-a", 2],
      ["s-b", 1],
      ["s-c", 3],
      ["s-nan", "NaN"],
    ] as const) {
      await finished(name, { set: "search", stage: name === "s-a" ? "east and west" : "north" });
      await post("runs/log-metric", { run_id: name, key: "rmse", value: rmse });
      await post("runs/log-parameter", { run_id: name, key: "depth", value: name === "s-c" ? "5" : "3" });
    }
    await finished("s-none", { set: "search" });
  });

  test.each([
    { order: ["metrics.rmse ASC"], ids: ["s-b", "s-a", "s-c", "s-nan", "s-none"] },
    { order: ["metrics.rmse DESC"], ids: ["s-c", "s-a", "s-b", "s-nan", "s-none"] },
    { order: ["metrics.`rmse`"], ids: ["s-b", "s-a", "s-c", "s-nan", "s-none"] },
    { order: ["params.depth DESC", "metrics.rmse"], ids: ["s-c", "s-b", "s-a", "s-nan", "s-none"] },
    { order: ["attributes.start_time ASC"], ids: ["s-a", "s-b", "s-c", "s-nan", "s-none"] },
    { order: ["run_id"], ids: ["s-a", "s-b", "s-c", "s-nan", "s-none"] },
    { order: [], ids: ["s-none", "s-nan", "s-c", "s-b", "s-a"] },
  ])("is ordered by $order, what has no value last", async ({ order, ids }) => {
    expect(await found({ filter: OURS, order_by: order })).toEqual(ids);
  });

  test.each([
    { filter: "metrics.rmse < 3", ids: ["s-b", "s-a"] },
    { filter: "metrics.rmse >= 2 and params.depth = '3'", ids: ["s-a"] },
    { filter: "params.depth != '3'", ids: ["s-c"] },
    { filter: "tags.stage = 'east and west'", ids: ["s-a"] },
    { filter: "tags.stage LIKE 'NORTH'", ids: [] },
    { filter: "tags.stage ILIKE 'NO%'", ids: ["s-nan", "s-c", "s-b"] },
    { filter: "attributes.status = 'FINISHED' and run_id = 's-b'", ids: ["s-b"] },
  ])("finds the runs of $filter", async ({ filter, ids }) => {
    expect(await found({ filter: `${OURS} and ${filter}` })).toEqual(ids);
  });

  test.each([
    { search: { order_by: ["metrics.rmse upwards"] }, message: "order_by has 'metrics.rmse upwards'" },
    { search: { order_by: ["colour"] }, message: "order_by names the attribute 'colour'" },
    { search: { order_by: ["models.rmse"] }, message: "order_by names 'models.rmse'" },
    { search: { filter: "metrics.rmse < 'low'" }, message: "filter compares metrics.rmse with 'low'" },
    { search: { filter: "tags.stage = north" }, message: "filter compares tags.stage with north" },
    { search: { filter: "tags.stage > 'n'" }, message: "filter compares tags.stage by >" },
    { search: { filter: "metrics.rmse LIKE 1" }, message: "filter compares metrics.rmse by LIKE" },
    { search: { filter: "tags.a = 'b' or tags.b = 'c'" }, message: "filter has" },
    { search: { filter: "tags.a = 'b' and" }, message: "filter ends with and" },
  ])("is refused when $message", async ({ search, message }) => {
    expect(await post("runs/search", search)).toMatchObject({
      status: 400,
      body: { error_code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(message) },
    });
  });
});
