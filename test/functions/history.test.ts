import { expect, test } from "vitest";
import { timelineOf } from "../../functions/history.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, seconds)).toISOString();
const completed = (name: string, from: number, to: number, input: unknown) => ({
  EventType: "TaskCompleted",
  FunctionName: name,
  ScheduledTime: at(from),
  Timestamp: at(to),
  Input: JSON.stringify([input]),
});

test("puts each step in words, with when it was asked for and how long it took", () => {
  const traffic = { endpoint: "weather-max", traffic: { "version-1": 90, "version-2": 10 } };
  expect(timelineOf([completed("setTraffic", 1, 3, traffic)])).toEqual([
    {
      at: at(1),
      step: "Set the traffic of weather-max to 90 % version-1, 10 % version-2",
      outcome: "done",
      detail: "",
      durationMs: 2_000,
      attempts: 1,
    },
  ]);
});

test("folds looks at the same thing into one row with their number", () => {
  const looks = [0, 2, 6].map((second) => completed("readJob", second, second + 1, { job: "train" }));
  expect(timelineOf(looks)).toMatchObject([
    { step: "Look at job train", attempts: 3, at: at(0), durationMs: 7_000 },
  ]);
});

test("shows a failed attempt with its reason, and the step that succeeded after it as the same row", () => {
  const failed = {
    ...completed("readJob", 0, 1, { job: "train" }),
    EventType: "TaskFailed",
    Reason: "timed out",
  };
  expect(timelineOf([failed])).toMatchObject([{ outcome: "failed", detail: "timed out" }]);
  expect(timelineOf([failed, completed("readJob", 2, 3, { job: "train" })])).toMatchObject([
    { outcome: "done", attempts: 2 },
  ]);
});

test("shows what is open as running or waiting", () => {
  const running = {
    EventType: "TaskScheduled",
    Name: "readJob",
    Timestamp: at(0),
    Input: JSON.stringify([{ job: "train" }]),
  };
  const timer = { EventType: "TimerCreated", FireAt: at(30), Timestamp: at(1) };
  expect(timelineOf([running, timer])).toMatchObject([
    { step: "Look at job train", outcome: "running", durationMs: null },
    { step: `Wait until ${at(30)}`, outcome: "waiting", durationMs: null },
  ]);
});

test("leaves out a timer that fired or was cancelled", () => {
  const timer = { EventType: "TimerCreated", FireAt: at(30), Timestamp: at(1) };
  const event = { EventType: "EventRaised", Name: "decision", Timestamp: at(9) };
  expect(timelineOf([timer, event])).toMatchObject([{ step: "Event: decision", outcome: "done" }]);
});

test("names a child in words, and a step that it does not know by its name", () => {
  const child = {
    EventType: "SubOrchestrationInstanceCompleted",
    FunctionName: "stagingEvaluation",
    Timestamp: at(0),
  };
  const unknown = completed("somethingNew", 0, 0, null);
  expect(timelineOf([child, unknown]).map(({ step }) => step)).toEqual([
    "Staging evaluation",
    "somethingNew",
  ]);
});
