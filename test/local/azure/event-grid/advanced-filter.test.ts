import { expect, test } from "vitest";
import { AdvancedFilters, passes } from "../../../../local/azure/event-grid/advanced-filter.ts";

const event = {
  id: "1",
  topic: "/subscriptions/s",
  subject: "experiments/e/runs/r",
  eventType: "Microsoft.MachineLearningServices.RunStatusChanged",
  eventTime: "2026-01-01T00:00:00Z",
  data: {
    RunTags: {
      "azureml.name": "weather",
      azureml_modelmonitor_threshold_breached: "The signal has failed due to it",
    },
    count: 5,
    ok: true,
    tags: ["Red", "Green"],
    nothing: null,
  },
};

test.each([
  { filter: { operatorType: "StringContains", key: "Subject", values: ["RUNS/"] }, isPassed: true },
  {
    filter: { operatorType: "StringIn", key: "data.runtags.azureml.name", values: ["x", "WEATHER"] },
    isPassed: true,
  },
  {
    filter: { operatorType: "StringNotIn", key: "data.RunTags.azureml.name", values: ["weather"] },
    isPassed: false,
  },
  { filter: { operatorType: "StringNotIn", key: "data.missing", values: ["weather"] }, isPassed: true },
  { filter: { operatorType: "StringIn", key: "data.missing", values: ["weather"] }, isPassed: false },
  { filter: { operatorType: "StringEndsWith", key: "EventType", values: ["changed"] }, isPassed: true },
  { filter: { operatorType: "StringNotEndsWith", key: "EventType", values: ["changed"] }, isPassed: false },
  { filter: { operatorType: "StringNotBeginsWith", key: "subject", values: ["models/"] }, isPassed: true },
  {
    filter: {
      operatorType: "StringContains",
      key: "data.RunTags.azureml_modelmonitor_threshold_breached",
      values: ["has failed due to"],
    },
    isPassed: true,
  },
  { filter: { operatorType: "StringNotContains", key: "subject", values: ["a", "runs"] }, isPassed: false },
  { filter: { operatorType: "NumberIn", key: "data.count", values: [4, 5] }, isPassed: true },
  { filter: { operatorType: "NumberNotIn", key: "data.count", values: [4, 5] }, isPassed: false },
  { filter: { operatorType: "NumberIn", key: "data.RunTags.azureml.name", values: [5] }, isPassed: false },
  { filter: { operatorType: "NumberLessThan", key: "data.count", value: 5 }, isPassed: false },
  { filter: { operatorType: "NumberLessThanOrEquals", key: "data.count", value: 5 }, isPassed: true },
  { filter: { operatorType: "NumberGreaterThan", key: "data.count", value: 4.5 }, isPassed: true },
  { filter: { operatorType: "NumberGreaterThanOrEquals", key: "data.count", value: 6 }, isPassed: false },
  {
    filter: {
      operatorType: "NumberInRange",
      key: "data.count",
      values: [
        [0, 1],
        [5, 6],
      ],
    },
    isPassed: true,
  },
  { filter: { operatorType: "NumberNotInRange", key: "data.count", values: [[5, 6]] }, isPassed: false },
  { filter: { operatorType: "BoolEquals", key: "data.ok", value: true }, isPassed: true },
  { filter: { operatorType: "BoolEquals", key: "data.count", value: true }, isPassed: false },
  { filter: { operatorType: "IsNullOrUndefined", key: "data.nothing" }, isPassed: true },
  { filter: { operatorType: "IsNullOrUndefined", key: "data.missing" }, isPassed: true },
  { filter: { operatorType: "IsNotNull", key: "data.ok" }, isPassed: true },
  { filter: { operatorType: "StringIn", key: "data.tags", values: ["red"] }, isPassed: false },
  { filter: { operatorType: "StringIn", key: "data.tags", values: ["red"] }, onArrays: true, isPassed: true },
  {
    filter: { operatorType: "StringNotIn", key: "data.tags", values: ["red"] },
    onArrays: true,
    isPassed: false,
  },
])("$filter passes: $isPassed", ({ filter, onArrays = false, isPassed }) => {
  expect(passes(event, "EventGridSchema", AdvancedFilters.parse([filter]), onArrays)).toBe(isPassed);
});

test("all filters must hold", () => {
  const filters = AdvancedFilters.parse([
    { operatorType: "BoolEquals", key: "data.ok", value: true },
    { operatorType: "NumberIn", key: "data.count", values: [6] },
  ]);
  expect(passes(event, "EventGridSchema", filters, false)).toBe(false);
});

test("CloudEvents are filtered by their own names", () => {
  const filters = AdvancedFilters.parse([
    { operatorType: "StringIn", key: "source", values: ["/subscriptions/s"] },
  ]);
  expect(passes(event, "CloudEventSchemaV1_0", filters, false)).toBe(true);
});

test("26 filters are too many, and so are 26 values", () => {
  const one = { operatorType: "IsNotNull", key: "id" };
  expect(AdvancedFilters.safeParse(Array(25).fill(one)).success).toBe(true);
  expect(AdvancedFilters.safeParse(Array(26).fill(one)).success).toBe(false);
  const values = Array.from({ length: 26 }, (_, n) => String(n));
  expect(AdvancedFilters.safeParse([{ operatorType: "StringIn", key: "id", values }]).success).toBe(false);
});
