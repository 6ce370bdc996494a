import { describe, expect, test } from "vitest";
import * as z from "zod";
import {
  readCriteria,
  readCustom,
  readSeverity,
  readState,
  recordAt,
} from "../../../shared/signals/alert.ts";
import {
  caseless,
  fieldAt,
  firstProblem,
  LooseNumber,
  Moment,
  Name,
  OptionalText,
  parsedJson,
  readNumber,
  readTime,
  shown,
  TextMap,
  VersionText,
} from "../../../shared/signals/fields.ts";
import { subjectOf } from "../../../shared/signals/resource-id.ts";

describe("a time", () => {
  test.each([
    ["2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000Z"],
    ["2026-01-31t08:00:00z", "2026-01-31T08:00:00.000Z"],
    [" 2026-01-31T08:00:00Z ", "2026-01-31T08:00:00.000Z"],
    ["2026-01-31 08:00:00", "2026-01-31T08:00:00.000Z"],
    ["2026-01-31T08:00:00.1", "2026-01-31T08:00:00.100Z"],
    ["2026-01-31T08:00:00.123456789Z", "2026-01-31T08:00:00.123Z"],
    ["2026-01-31T08:00:00.1234567890Z", null],
    ["2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00.000Z"],
    ["2026-01-31T08:00:00 -0530", "2026-01-31T13:30:00.000Z"],
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    // As budgets have been seen to write their start.
    ["6/1/2018", "2018-06-01T00:00:00.000Z"],
    ["11/17/2021 5:40:29 PM -08:00", "2021-11-18T01:40:29.000Z"],
    ["2023-01-20T23:49:40.216Z", "2023-01-20T23:49:40.216Z"],
    ["2026-13-01", null],
    ["of 2026-01-31", null],
    ["2026-01-31T08:00:00.5z", "2026-01-31T08:00:00.500Z"],
    ["2026-02-28T23:59:59.987Z", "2026-02-28T23:59:59.987Z"],
    ["2024-02-29T08:00:00Z", "2024-02-29T08:00:00.000Z"],
    ["2026-02-29T08:00:00Z", null],
    ["2026-04-31", null],
    ["2/30/2026", null],
    ["of 2026-01-28T08:00:00Z", null],
    ["2026-01-28T08:00:00Z or so", null],
    ["2026-1O-28T08:00:00Z", null],
    ["2026-00-28T08:00:00Z", null],
    ["2026-13-28T08:00:00Z", null],
    ["2026-01-00T08:00:00Z", null],
    ["2026-01-1xT08:00:00Z", null],
    ["2026-01-32T08:00:00Z", null],
    ["2026-01-28T1x:00:00Z", null],
    ["2026-01-28T25:00:00Z", null],
    ["2026-01-28T30:00:00Z", null],
    ["2026-01-28T08:60:00Z", null],
    ["2026-01-28T08:0x:00Z", null],
    ["2026-01-28T08:00:60Z", null],
    ["2026-01-28T08:00:0xZ", null],
    ["2026-01-28T08:00:00.xZ", null],
    ["1/31/2026 12:05:09PM", "2026-01-31T12:05:09.000Z"],
    ["1/31/2026", "2026-01-31T00:00:00.000Z"],
    ["1/31/2026 12:05:09 AM", "2026-01-31T00:05:09.000Z"],
    ["1/31/2026 12:05:09 PM", "2026-01-31T12:05:09.000Z"],
    ["11/1/2026 1:05:09 pm", "2026-11-01T13:05:09.000Z"],
    ["1/31/2026 1:05:09 AM +02:00", "2026-01-30T23:05:09.000Z"],
    ["x2026-01-31T08:00:00Z", null],
    ["2026-01-31T08:00:00Zx", null],
    ["x1/31/2026", null],
    ["1/31/2026x", null],
    ["soon", null],
    ["", null],
    [`2026-01-31T08:00:00Z${" ".repeat(50)}`, null],
    [20260131, null],
    [null, null],
  ])("%j is %s", (text, time) => {
    expect(readTime(text)).toBe(time);
  });

  test("that is none is refused with what was expected and found", () => {
    const read = Moment.safeParse("soon");
    expect(read.success ? "" : firstProblem(read.error, "data.time")).toEqual({
      field: "data.time",
      reason: 'data.time: expected a date such as 2026-01-31T08:00:00Z, found "soon"',
    });
  });
});

test.each([
  [1.5, 1.5],
  ["0.3", 0.3],
  [" 7 ", 7],
  ["1e3", 1000],
  ["-0.5", -0.5],
  ["NaN", null],
  ["Infinity", null],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
  ["", null],
  ["  ", null],
  ["3%", null],
  ["1".repeat(64), Number("1".repeat(64))],
  ["1".repeat(65), null],
  [true, null],
  [null, null],
  [[1], null],
])("the number in %j is %s", (value, number) => {
  expect(readNumber(value)).toBe(number);
  expect(LooseNumber.parse(value)).toBe(number);
});

test.each([
  [" a ", "a"],
  ["", undefined],
  ["  ", undefined],
  [7, "7"],
  [false, "false"],
  [null, undefined],
  [{}, undefined],
])("the optional text in %j is %s", (value, text) => {
  expect(OptionalText.parse(value)).toBe(text);
});

describe("names and versions", () => {
  test("a name is trimmed, never empty and at most 1,024 long", () => {
    expect(Name.parse(" a ")).toBe("a");
    expect(Name.safeParse("  ").success).toBe(false);
    expect(Name.safeParse("a".repeat(1_024)).success).toBe(true);
    expect(Name.safeParse("a".repeat(1_025)).success).toBe(false);
  });

  test("the version 20 and the version '20' are one", () => {
    expect(VersionText.parse(20)).toBe("20");
    expect(VersionText.parse("20")).toBe("20");
    expect(VersionText.safeParse(1.5).success).toBe(false);
  });
});

describe("fields without regard to case", () => {
  const Both = caseless({ Name: z.string(), other: z.string().optional() });

  test("are found in any spelling, the one asked for first", () => {
    expect(Both.parse({ NAME: "a", " Other ": "b", rest: 1 })).toEqual({ Name: "a", other: "b" });
    expect(Both.parse({ name: "a", Name: "b", NAME: "c" })).toEqual({ Name: "b" });
    expect(Both.parse({ nAME: "a", NAME: "c" })).toEqual({ Name: "a" });
  });

  test("are not found beyond five hundred keys", () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index]));
    expect(Both.safeParse({ ...many, name: "a" }).success).toBe(false);
    delete many.k0;
    expect(Both.safeParse({ ...many, name: "a" }).success).toBe(true);
    const tags = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`k${index}`, index]));
    expect(TextMap.parse(tags)?.size).toBe(500);
  });

  test.each(["text", null, [], 7])("are not read from %j", (value) => {
    expect(Both.safeParse(value).success).toBe(false);
  });
});

test("tags keep text, numbers and truths as text, and drop the rest", () => {
  const tags = TextMap.parse({ a: "x", b: 1, c: true, d: null, e: {}, f: ["x"] });
  expect([...(tags ?? [])]).toEqual([
    ["a", "x"],
    ["b", "1"],
    ["c", "true"],
  ]);
  expect([...(TextMap.parse("text") ?? [])]).toEqual([]);
});

test("JSON inside a text is read, and what is none is left as it is", () => {
  expect(parsedJson('{"a":1}')).toEqual({ a: 1 });
  expect(parsedJson("{")).toBe("{");
  expect(parsedJson(7)).toBe(7);
  expect(parsedJson(`"${"a".repeat(1_048_574)}"`)).toHaveLength(1_048_574);
  expect(parsedJson(`"${"a".repeat(1_048_575)}"`)).toHaveLength(1_048_577);
});

test.each([
  ["a", '"a"'],
  ["a".repeat(60), `"${"a".repeat(60)}"`],
  ["a".repeat(61), `"${"a".repeat(60)}…"`],
  [7, "7"],
  [true, "true"],
  [null, "null"],
  [undefined, "nothing"],
  [[], "a list"],
  [{}, "an object"],
])("%j is shown as %s", (value, text) => {
  expect(shown(value)).toBe(text);
});

test("a complaint about the whole payload says so", () => {
  const read = z.string().safeParse(7);
  expect(read.success ? null : firstProblem(read.error)).toMatchObject({
    field: "",
    reason: expect.stringMatching(/^the payload: /),
  });
});

describe("an alert's words", () => {
  test.each([
    ["Sev0", 0],
    ["sev4", 4],
    ["2", 2],
    ["Sev5", null],
    ["xSev1", null],
    ["Sev12", null],
    ["Critical", 0],
    ["error", 1],
    ["Warning", 2],
    ["Informational", 3],
    ["VERBOSE", 4],
    ["severe", null],
    [undefined, null],
  ])("severity %j is %s", (text, severity) => {
    expect(readSeverity(text)).toBe(severity);
  });

  test.each([
    ["Resolved", "cleared"],
    ["deactivated", "cleared"],
    ["Unresolved", "raised"],
    ["Resolved!", "raised"],
    ["Fired", "raised"],
    [undefined, "raised"],
  ])("condition %j is %s", (text, state) => {
    expect(readState(text)).toBe(state);
  });

  test("criteria are read in any case, with dimensions by name in lower case", () => {
    const [one, ...others] = readCriteria([
      "no criterion",
      {
        MetricName: "RequestLatency",
        metricNamespace: "Microsoft.X/Y",
        operator: "Greater Than",
        threshold: "5",
        metricValue: 7.5,
        dimensions: [
          { name: "Deployment", value: "blue" },
          { name: "empty", value: "" },
          { value: "nameless" },
          7,
        ],
      },
    ]);
    expect(others).toEqual([]);
    expect(one).toEqual({
      metric: "RequestLatency",
      namespace: "microsoft.x/y",
      operator: "greaterthan",
      value: 7.5,
      threshold: 5,
      query: "",
      webTest: false,
      dimensions: new Map([["deployment", "blue"]]),
    });
    expect(readCriteria([{ metricMeasureColumn: "c", webTestName: "w", searchQuery: "q" }])[0]).toMatchObject(
      {
        metric: "c",
        webTest: true,
        query: "q",
        value: null,
        threshold: null,
        namespace: "",
        operator: "",
      },
    );
  });

  test("criteria are twenty at most, and dimensions fifty", () => {
    expect(readCriteria(Array.from({ length: 30 }, () => ({})))).toHaveLength(20);
    const dimensions = Array.from({ length: 60 }, (_, index) => ({ name: `d${index}`, value: "x" }));
    expect(readCriteria([{ dimensions }])[0]?.dimensions.size).toBe(50);
    expect(readCriteria("none")).toEqual([]);
  });

  test("custom properties of later places win", () => {
    expect([...readCustom({ a: "1", b: "2" }, null, { a: "3" })]).toEqual([
      ["a", "3"],
      ["b", "2"],
    ]);
  });

  test("a field that holds JSON text is read as its object, and anything else as an empty one", () => {
    expect(recordAt({ data: '{"a":1}' }, "data")).toEqual({ a: 1 });
    expect(recordAt({ data: { a: 1 } }, "data")).toEqual({ a: 1 });
    expect(recordAt({ data: "text" }, "data")).toEqual({});
    expect(recordAt({}, "toString")).toEqual({});
    expect(recordAt(null, "data")).toEqual({});
  });
});

describe("a field of an object", () => {
  test.each([
    { value: { allOf: 1, AllOf: 2 }, found: 1 },
    { value: { AllOf: 2, ALLOF: 3 }, found: 2 },
    { value: { " allof ": 4 }, found: 4 },
    { value: { allOf: undefined, AllOf: 2 }, found: undefined },
    { value: { all: 5 }, found: undefined },
    { value: Object.create({ allOf: 6 }), found: undefined },
    { value: [1], found: undefined },
    { value: null, found: undefined },
  ])("is found whatever the case of its key, the spelling asked for first: $value", ({ value, found }) => {
    expect(fieldAt(value, "allOf")).toBe(found);
  });
});

describe("a resource id", () => {
  const workspace =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

  test.each([
    { id: undefined, subject: {} },
    { id: "", subject: {} },
    { id: "/subscriptions/s", subject: { resource: "/subscriptions/s" } },
    { id: workspace, subject: { workspace } },
    { id: workspace.toUpperCase(), subject: { workspace: workspace.toUpperCase() } },
    { id: `${workspace}/onlineEndpoints/e`, subject: { workspace, endpoint: "e" } },
    { id: `${workspace}/batchEndpoints/e`, subject: { workspace, endpoint: "e" } },
    {
      id: `${workspace}/onlineEndpoints/e/deployments/blue`,
      subject: { workspace, endpoint: "e", deployment: "blue" },
    },
    { id: `${workspace}/models/onlineEndpoints`, subject: { workspace } },
    { id: `${workspace}/models/onlineEndpoints/versions/3`, subject: { workspace } },
    {
      id: "/providers/Microsoft.MachineLearningServices/registries/r",
      subject: { resource: "/providers/Microsoft.MachineLearningServices/registries/r" },
    },
  ])("$id is about $subject", ({ id, subject }) => {
    expect(subjectOf(id)).toEqual(subject);
  });
});
