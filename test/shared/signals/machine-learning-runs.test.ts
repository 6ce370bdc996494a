import { describe, expect, test } from "vitest";
import { parseModelEvent } from "../../../shared/signals/parse.ts";
import type { Signal } from "../../../shared/signals/signal.ts";

const event = (name: string, data: object, subject = "s") => ({
  id: "1",
  topic: "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w",
  subject,
  eventType: `Microsoft.MachineLearningServices.${name}`,
  eventTime: "2026-07-01T08:00:00Z",
  data,
});

const read = (name: string, data: object, subject?: string) => parseModelEvent(event(name, data, subject));

function only(name: string, data: object, subject?: string): Signal {
  const outcome = read(name, data, subject);
  if (outcome.outcome !== "signal" || !outcome.signals[0]) throw new Error(JSON.stringify(outcome));
  return outcome.signals[0];
}

describe("a run", () => {
  test.each([
    { status: "Completed", kind: "job.completed", severity: 4 },
    { status: " finished ", kind: "job.completed", severity: 4 },
    { status: "FAILED", kind: "job.failed", severity: 2 },
    { status: "Canceled", kind: "job.failed", severity: 3 },
  ])("that is $status is $kind of severity $severity", ({ status, kind, severity }) => {
    const signal = only("RunStatusChanged", { runId: "r", runStatus: status, runTags: { team: "a" } });
    expect(signal).toMatchObject({
      kind,
      severity,
      subject: { job: "r" },
      evidence: { facts: { status: status.trim(), "tag.team": "a" } },
    });
  });

  test.each(["Running", "Preparing", "CancelRequested"])("that is %s is on its way", (status) => {
    expect(read("RunStatusChanged", { runId: "r", runStatus: status })).toEqual({
      outcome: "ignored",
      rule: "ml/run-status-changed",
      reason: `the run is on its way: its status is ${status}`,
    });
  });

  test("on its way is told in few words, however long its status", () => {
    expect(read("RunStatusChanged", { runId: "r", runStatus: "x".repeat(100) })).toMatchObject({
      reason: `the run is on its way: its status is ${"x".repeat(40)}`,
    });
  });

  test("is known by the end of the event's subject when its data has no id", () => {
    const subject = "experiments/e/runs/run-7";
    expect(only("RunCompleted", {}, subject).subject.job).toBe("run-7");
    expect(read("RunCompleted", {}, "experiments/e")).toEqual({
      outcome: "rejected",
      rule: "ml/run-completed",
      field: "data.runId",
      reason: "expected a run's id, found nothing, nor in 'subject'",
    });
  });

  test("that completed needs no status; one that changed does", () => {
    expect(only("RunCompleted", { runId: "r" })).toMatchObject({
      kind: "job.completed",
      evidence: { facts: { status: "Completed" } },
    });
    expect(read("RunStatusChanged", { runId: "r" })).toEqual({
      outcome: "rejected",
      rule: "ml/run-status-changed",
      field: "data.runStatus",
      reason: "expected a status such as Completed, found nothing",
    });
  });

  test("whose id is no text is refused, naming the field", () => {
    expect(read("RunCompleted", { runId: ["r"] })).toMatchObject({
      outcome: "rejected",
      rule: "ml/run-completed",
      field: "data.runId",
    });
  });
});

describe("a monitor's run", () => {
  const tagged = (azureml_modelmonitor_threshold_breached: string, more: object = {}) => ({
    runId: "r",
    runStatus: "Completed",
    runTags: { azureml_modelmonitor_threshold_breached, ...more },
  });
  const item = (metric_name: string, metric_value: number, threshold_value: number) =>
    JSON.stringify({ metric_name, metric_value, threshold_value });

  test("that failed by itself is no drift, and is a job that failed", () => {
    const outcome = read("RunStatusChanged", {
      runId: "r",
      runStatus: "Completed",
      runTags: { "azureml.modelmonitor.error": "no data" },
    });
    expect(outcome).toMatchObject({
      rule: "ml/run-status-changed/monitor-failed",
      signals: [{ kind: "job.failed", severity: 2, evidence: { facts: { monitorError: "no data" } } }],
    });
  });

  test("that breached on the good side of every limit calls for nothing, in words", () => {
    const tag = `The signal 'quality' has failed ['${item("accuracy", 0.9, 0.8)}']`;
    expect(read("RunStatusChanged", tagged(tag))).toEqual({
      outcome: "ignored",
      rule: "ml/run-status-changed/breach",
      reason: "every metric of the monitor's breach is on the good side of its threshold",
    });
  });

  test("whose tag names nothing readable is still a breach of what it names, with no figures", () => {
    const signal = only("RunStatusChanged", tagged("something about predictions"));
    expect(signal).toMatchObject({
      kind: "drift.data",
      evidence: { measurements: [], facts: { monitorSignal: "monitor", rootRun: "r" } },
    });
  });

  test("tells drift of data from drift of predictions by its signal's name", () => {
    const tag = (name: string) =>
      `The signal '${name}' has failed ['${item("PopulationStabilityIndex", 0.4, 0.1)}']`;
    expect(only("RunStatusChanged", tagged(tag("my data"))).kind).toBe("drift.data");
    expect(only("RunStatusChanged", tagged(tag("my prediction drift"))).kind).toBe("drift.prediction");
  });

  test("may be told by its root run, whose tag's name holds the signal's", () => {
    const runTags = {
      "azureml.modelmonitor.threshold.breached.safety": `['${item("custom", 1, 2)}']`,
      "azureml.modelmonitor.threshold.breached.": `['${item("other", 1, 2)}']`,
    };
    const outcome = read("RunStatusChanged", { runId: "r", runStatus: "Completed", runTags });
    expect(outcome).toMatchObject({
      signals: [
        { kind: "responsible-ai.violated", evidence: { facts: { monitorSignal: "safety" } } },
        { kind: "drift.data", evidence: { facts: { monitorSignal: "monitor" } } },
      ],
    });
  });

  describe("writes its figures as a list of Python", () => {
    const groups = (list: string) =>
      only("RunStatusChanged", tagged(`The signal 'x' has failed ${list}`)).evidence.measurements.map(
        ({ group }) => group,
      );
    const of = (group: string) =>
      `{"metric_name":"PopulationStabilityIndex","metric_value":1,"threshold_value":0.1,"group":"${group}"}`;

    test.each([
      { why: "one item", list: `['${of("a")}']`, found: ["a"] },
      { why: "two items on two lines", list: `['${of("a")}',\n '${of("b")}']`, found: ["a", "b"] },
      { why: "double quotes outside", list: `["${of("a").replaceAll('"', '\\"')}"]`, found: ["a"] },
      {
        why: "both kinds of quotes",
        list: `['${of("a")}', "${of("b").replaceAll('"', '\\"')}"]`,
        found: ["a", "b"],
      },
      { why: "an escaped quote", list: `['${of("it\\'s")}']`, found: ["it's"] },
      { why: "a code of two digits", list: `['${of("\\x41B")}']`, found: ["AB"] },
      { why: "a code of four digits", list: `['${of("\\u00e9t\\u00e9")}']`, found: ["été"] },
      { why: "a code of eight digits", list: `['${of("\\U0001F600!")}']`, found: ["😀!"] },
      { why: "the last code there is", list: `['${of("\\U0010FFFF")}']`, found: ["\u{10FFFF}"] },
      { why: "a code beyond the last", list: `['${of("\\U00110000")}']`, found: ["U00110000"] },
      { why: "a code below zero", list: `['${of("\\x-1")}']`, found: ["x-1"] },
      {
        why: "white space between its fields",
        list: `['${of("a").replaceAll(",", ",\\r\\n\\t")}']`,
        found: ["a"],
      },
      {
        why: "a later list in double quotes",
        list: `['${of("a")}'] ["${of("b").replaceAll('"', '\\"')}"]`,
        found: ["a"],
      },
      { why: "no brackets", list: `'${of("a")}'`, found: [] },
      { why: "a code that is none", list: `['${of("\\xzz")}']`, found: ["xzz"] },
      { why: "a list after which another comes", list: `['${of("a")}'] ['${of("b")}']`, found: ["a"] },
      {
        why: "an earlier list in double quotes",
        list: `["${of("a").replaceAll('"', '\\"')}"] ['${of("b")}']`,
        found: ["a"],
      },
      { why: "an item that never ends", list: `['${of("a")}', '${of("b")}`, found: ["a"] },
    ])("with $why", ({ list, found }) => {
      expect(groups(list)).toEqual(found);
    });

    test("of which an item without a name is left out", () => {
      expect(groups(`['{"metric_value": 1}', '${of("b")}']`)).toEqual(["b"]);
    });
  });
});
