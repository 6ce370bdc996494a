import { describe, expect, test } from "vitest";
import { monitorBreaches, monitorError } from "../../../shared/signals/monitor-breach.ts";

const TAG = "azureml_modelmonitor_threshold_breached";
const ROOT_TAG = "azureml.modelmonitor.threshold.breached.inputs";

const breaches = (tags: Record<string, string>) => monitorBreaches(new Map(Object.entries(tags)));
const list = (...items: object[]) => `[${items.map((item) => `'${JSON.stringify(item)}'`).join(", ")}]`;
const drifted = { metric_name: "PopulationStabilityIndex", metric_value: 0.4, threshold_value: 0.1 };

test("a run without a breach's tag has none", () => {
  expect(breaches({ team: "a" })).toBeNull();
});

test("tags are known in any case", () => {
  expect(breaches({ [TAG.toUpperCase()]: list(drifted) })).toStrictEqual([
    {
      signalName: "monitor",
      kind: "drift.data",
      measurements: [{ metric: "PopulationStabilityIndex", value: 0.4, threshold: 0.1 }],
    },
  ]);
  expect(breaches({ [ROOT_TAG.toUpperCase()]: list(drifted) })).toMatchObject([{ signalName: "INPUTS" }]);
  const error = new Map([["AzureML.ModelMonitor.Error", "no data"]]);
  expect(monitorError(error)).toBe("no data");
  expect(monitorError(new Map([["azureml.modelmonitor.errors", "x"]]))).toBeUndefined();
});

test("the documented spelling of a tag wins over another", () => {
  expect(
    breaches({ [TAG.toUpperCase()]: "The signal 'b' has failed", [TAG]: "The signal 'a' has failed" }),
  ).toMatchObject([{ signalName: "a" }]);
});

test("a tag whose text starts with a quote but is no list has no figures", () => {
  expect(breaches({ [TAG]: `'${JSON.stringify(drifted)}'` })).toMatchObject([{ measurements: [] }]);
});

describe("a signal's name", () => {
  test("is read at the beginning of the text only", () => {
    const named = (blanks: number) => breaches({ [TAG]: `${" ".repeat(blanks)}The signal 'a' has failed` });
    expect(named(370)).toMatchObject([{ signalName: "a" }]);
    expect(named(400)).toMatchObject([{ signalName: "monitor" }]);
  });

  test("is at most 256 long", () => {
    const named = (length: number) => breaches({ [TAG]: `The signal '${"a".repeat(length)}' has failed` });
    expect(named(256)).toMatchObject([{ signalName: "a".repeat(256) }]);
    expect(named(257)).toMatchObject([{ signalName: "monitor" }]);
  });
});

test.each([
  { metric_name: "Accuracy", threshold_value: 0.5 },
  { metric_name: "PopulationStabilityIndex", metric_value: 0.4 },
  { metric_name: "custom" },
  { metric_name: "custom", metric_value: "unknown", threshold_value: 1 },
])("what has no value or no limit is no breach: %j", (item) => {
  expect(breaches({ [TAG]: list(item) })).toEqual([]);
});

test("five hundred items are read", () => {
  const items = Array.from({ length: 501 }, (_, index) => ({ ...drifted, group: `f${index}` }));
  const [breach] = breaches({ [TAG]: list(...items) }) ?? [];
  expect(breach?.measurements).toHaveLength(500);
  expect(breach?.measurements.at(-1)?.group).toBe("f499");
});

test("a tag is read up to its 65,536th character", () => {
  const text = list(drifted);
  const at = (start: number) => breaches({ [TAG]: `${"x".repeat(start)}${text}` })?.[0]?.measurements.length;
  expect(at(65_536 - text.length)).toBe(1);
  expect(at(65_536)).toBe(0);
});
