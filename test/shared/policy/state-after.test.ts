import { expect, test } from "vitest";
import { ModelState } from "../../../shared/models/state.ts";
import { decide } from "../../../shared/policy/decide.ts";
import { stateAfter } from "../../../shared/policy/state-after.ts";
import type { Signal } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const policy = policyWith((draft) => {
  draft.drift.consecutiveBreaches = 2;
});
const drift = signalOf("drift.data");

function next(signal: Signal, state: ModelState): ModelState {
  return stateAfter(signal, decide(signal, policy, state, now), state, now);
}

test("remembers a signal, so that its redelivery is a duplicate and changes nothing", () => {
  const once = next(drift, calm);
  expect(once.decidedSignals).toEqual(["drift.data:1"]);
  expect(next(drift, once)).toBe(once);
});

test("remembers the latest 200 signals", () => {
  const state = { ...calm, decidedSignals: Array.from({ length: 200 }, (_, index) => `old:${index}`) };
  const { decidedSignals } = next(drift, state);
  expect(decidedSignals).toHaveLength(200);
  expect([decidedSignals[0], decidedSignals[199]]).toEqual(["old:1", "drift.data:1"]);
});

test("counts a breach that was held back, and starts anew once the retraining starts", () => {
  const once = next(drift, calm);
  expect(once).toMatchObject({ breaches: { "drift.data": [at(0)] }, retrains: [] });
  const twice = next({ ...drift, id: "drift.data:2" }, once);
  expect(twice.breaches).toEqual({});
  expect(twice.retrains).toEqual([{ startedAt: at(0), cause: "drift.data" }]);
});

test("counts no breach of a model that is being retrained, and one that waits for a cool-down", () => {
  const retraining = { ...calm, operations: [{ id: "op-1", kind: "retraining", since: at(-1) }] };
  expect(next(drift, retraining)).toEqual({ ...retraining, decidedSignals: ["drift.data:1"] });
  const cooling = { ...calm, lastRetrainedAt: at(-1), breaches: { "drift.data": [at(-1)] } };
  expect(next(drift, cooling).breaches).toEqual({ "drift.data": [at(-1), at(0)] });
});

test("stops counting a kind when it clears, and no other", () => {
  const state = { ...calm, breaches: { "drift.data": [at(-2)], "performance.degraded": [at(-1)] } };
  expect(next({ ...drift, state: "cleared" }, state).breaches).toEqual({ "performance.degraded": [at(-1)] });
});

test("counts how often a whole budget was spent, and no lower tier", () => {
  const tier = (tierPercent: string) =>
    signalOf("budget.reached", {
      subject: { budget: "team" },
      evidence: { measurements: [], facts: { tierPercent } },
    });
  const after = (signal: Signal) => stateAfter(signal, decide(signal, null, calm, now), calm, now).breaches;
  expect(after(tier("80"))).toEqual({});
  expect(after(tier("100"))).toEqual({ "budget.reached": [at(0)] });
});

test("leaves what it does not know alone, and is a valid state", () => {
  const state = ModelState.parse({ ...calm, claims: { "4": "op-1" }, lastRetrainedAt: at(-1) });
  const after = next(drift, state);
  expect(after).toMatchObject({ claims: { "4": "op-1" }, lastRetrainedAt: at(-1) });
  expect(ModelState.parse(after)).toEqual(after);
});

test("starts anew for every kind with a retraining, and for its own kind with a loopback", () => {
  const breaches = { "drift.data": [at(-2)], "performance.degraded": [at(-1)] };
  expect(next(drift, { ...calm, breaches }).breaches).toEqual({});
  const manual = policyWith((draft) => {
    draft.retraining.enabled = false;
  });
  const after = stateAfter(
    drift,
    decide(drift, manual, { ...calm, breaches }, now),
    { ...calm, breaches },
    now,
  );
  expect(after.breaches).toEqual({ "performance.degraded": [at(-1)] });
  expect(after.retrains).toEqual([]);
});

test("does not count what nothing is done about", () => {
  const after = stateAfter(drift, decide(drift, null, calm, now), calm, now);
  expect(after).toEqual({ ...calm, decidedSignals: ["drift.data:1"] });
});

test("keeps fifty breaches of a kind, and a hundred retrains", () => {
  const breaches = { "drift.data": Array.from({ length: 50 }, (_, index) => at(index - 100)) };
  const cooling = { ...calm, breaches, lastRetrainedAt: at(-1) };
  const counted = next(drift, cooling).breaches["drift.data"];
  expect([counted?.length, counted?.at(-1)]).toEqual([50, at(0)]);
  const retrains = Array.from({ length: 100 }, () => ({
    startedAt: at(-1e10),
    cause: "drift.prediction" as const,
  }));
  expect(next(drift, { ...calm, breaches, retrains }).retrains).toHaveLength(100);
});

test("takes no cleared signal for something that was acted upon", () => {
  const { reports } = next({ ...drift, state: "cleared" }, calm);
  expect(reports).toEqual({ "drift.data": [{ at: at(0), state: "cleared", acted: false }] });
});
