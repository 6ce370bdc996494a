import { expect, test } from "vitest";
import type { Action } from "../../../../local/host/durable/actions.ts";
import { EventType, type HistoryEvent } from "../../../../local/host/durable/history.ts";
import { replay } from "../../../../local/host/durable/replay.ts";

const Timestamp = "2026-01-01T00:00:00.000Z";
const settings = {
  instanceId: "i",
  executionId: "e",
  parentInstanceId: null,
  defaultVersion: "",
  maximumShortTimerMs: 6 * 86_400_000,
  longTimerSliceMs: 3 * 86_400_000,
  defaultHttpSleepMs: 30_000,
  maxOrchestrationActions: 10,
  isKnown: () => true,
};
const call = (functionName: string): Action => ({ actionType: 0, functionName });
const begin: HistoryEvent[] = [
  { EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp },
  {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp,
    Name: "o",
    Version: "",
    Input: null,
    OrchestrationInstance: { InstanceId: "i", ExecutionId: "e" },
  },
];
const scheduled = (id: number, Name: string): HistoryEvent => ({
  EventType: EventType.TaskScheduled,
  EventId: id,
  Timestamp,
  Name,
  Version: "",
  Input: "[null]",
});
const completed = (TaskScheduledId: number, Result: string): HistoryEvent => ({
  EventType: EventType.TaskCompleted,
  EventId: -1,
  Timestamp,
  TaskScheduledId,
  Result,
});

test("what is not in the history yet is decided, in ascending numbers", () => {
  const actions = [{ actionType: 12, compoundActions: [call("a"), call("b")] } as const];
  const { decisions, outcome } = replay(begin, { isDone: false, actions }, settings);
  expect(decisions.map((decision) => [decision.EventId, "Name" in decision && decision.Name])).toEqual([
    [0, "a"],
    [1, "b"],
  ]);
  expect(outcome).toEqual({ kind: "running" });
});

test("45 a second completion under the same number is ignored", () => {
  const history = [...begin, scheduled(0, "a"), completed(0, "1"), completed(0, "2")];
  const { decisions, outcome } = replay(history, { isDone: true, actions: [call("a")], output: 1 }, settings);
  expect(decisions).toEqual([]);
  expect(outcome).toEqual({ kind: "completed", result: "1" });
});

test("the names of activities compare in any case", () => {
  const history = [...begin, scheduled(0, "A")];
  expect(replay(history, { isDone: false, actions: [call("a")] }, settings).outcome.kind).toBe("running");
});

test.each([
  { what: "another name", history: [scheduled(0, "b")] },
  { what: "a number that no action takes", history: [scheduled(1, "a")] },
])("44 a recorded step under $what is non-determinism", ({ history }) => {
  const { decisions, outcome } = replay(
    [...begin, ...history],
    { isDone: false, actions: [call("a")] },
    settings,
  );
  expect(decisions).toEqual([]);
  expect(outcome).toMatchObject({
    kind: "failed",
    message: expect.stringMatching(/^Non-Deterministic workflow/),
  });
});

test("an end waits for tasks that are still open, failures included", () => {
  const actions: Action[] = [{ actionType: 11, compoundActions: [call("a"), call("b")] }];
  const history = [...begin, scheduled(0, "a"), scheduled(1, "b"), completed(0, "1")];
  const state = { isDone: false, actions, error: "late" };
  expect(replay(history, state, settings).outcome).toEqual({ kind: "running" });
  const settled = [...history, completed(1, "2")];
  expect(replay(settled, state, settings).outcome).toEqual({ kind: "failed", message: "late" });
});

test("more actions than allowed fail the instance", () => {
  const actions = Array.from({ length: 11 }, () => call("a"));
  expect(replay(begin, { isDone: false, actions }, settings).outcome).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("asked for 11 actions, expected at most 10"),
  });
});
