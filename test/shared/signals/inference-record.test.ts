import { describe, expect, test } from "vitest";
import { inferenceRecord, isInference } from "../../../shared/signals/inference-record.ts";

const ENDPOINT =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/shop";

const record = (change: object = {}) => ({
  type: "azureml.inference.outputs",
  source: `${ENDPOINT}/deployments/blue`,
  time: "2026-07-01T08:00:00Z",
  correlationid: "request-1",
  data: [1.5],
  ...change,
});

test.each([
  ["azureml.inference.outputs", true],
  ["AzureML.Inference.Inputs", true],
  ["outerloop.inference.truths", true],
  ["azureml.inference.errors", false],
  ["not.azureml.inference.outputs", false],
  ["azureml.inference.outputs.copy", false],
])("the type %s is of an inference: %j", (type, expected) => {
  expect(isInference(type)).toBe(expected);
});

test("outputs are predictions of the deployment that made them", () => {
  expect(inferenceRecord(record())).toEqual({
    side: "prediction",
    correlationId: "request-1",
    endpoint: "shop",
    deployment: "blue",
    at: "2026-07-01T08:00:00.000Z",
    values: [1.5],
  });
});

test("truths carry the request's correlation, and need no deployment", () => {
  const truths = record({ type: "Outerloop.Inference.TRUTHS", source: ENDPOINT, data: [{ truth: "rain" }] });
  expect(inferenceRecord(truths)).toMatchObject({ side: "truth", deployment: "", values: ["rain"] });
});

test("inputs are left alone, even where their rows have many fields", () => {
  expect(inferenceRecord(record({ type: "AZUREML.inference.INPUTS", data: [{ a: 1, b: 2 }] }))).toBeNull();
});

describe("a row", () => {
  test.each([
    { row: 7, value: 7 },
    { row: "rain", value: "rain" },
    { row: false, value: false },
    { row: "x".repeat(300), value: "x".repeat(200) },
    { row: { prediction: 3, other: 4 }, value: 3 },
    { row: { whatever: "only" }, value: "only" },
  ])("of $row says $value", ({ row, value }) => {
    expect(inferenceRecord(record({ data: [0, row] }))).toMatchObject({ values: [0, value] });
  });

  test.each([
    { row: { a: 1, b: 2 }, found: "an object" },
    { row: {}, found: "an object" },
    { row: { prediction: [1] }, found: "an object" },
    { row: [1], found: "a list" },
    { row: null, found: "null" },
  ])("of $row is refused by its place", ({ row, found }) => {
    expect(inferenceRecord(record({ data: [0, row] }))).toEqual({
      outcome: "rejected",
      rule: "inference",
      field: "data.1",
      reason: `data.1: expected a value, or an object with 'prediction', found ${found}`,
    });
  });

  test("of a truth is asked for its truth", () => {
    expect(
      inferenceRecord(record({ type: "outerloop.inference.truths", data: [{ a: 1, b: 2 }] })),
    ).toMatchObject({
      reason: "data.0: expected a value, or an object with 'truth', found an object",
    });
  });
});

test("a source that names no endpoint is refused", () => {
  expect(inferenceRecord(record({ source: "somewhere" }))).toEqual({
    outcome: "rejected",
    rule: "inference",
    field: "source",
    reason: 'source: expected an endpoint\'s resource id, found "somewhere"',
  });
});

test.each([
  { field: "correlationid", change: { correlationid: undefined } },
  { field: "time", change: { time: "soon" } },
  { field: "data", change: { data: [] } },
  { field: "data", change: { data: Array.from({ length: 1_001 }, () => 1) } },
])("a record whose $field is wrong is refused by name", ({ field, change }) => {
  expect(inferenceRecord(record(change))).toMatchObject({ outcome: "rejected", rule: "inference", field });
});

test("a thousand rows are read", () => {
  const read = inferenceRecord(record({ data: Array.from({ length: 1_000 }, () => 1) }));
  expect(read !== null && "values" in read ? read.values.length : read).toBe(1_000);
});
