import { describe, expect, test } from "vitest";
import type { ModelState } from "../../../shared/models/state.ts";
import { decide } from "../../../shared/policy/decide.ts";
import { stateAfter } from "../../../shared/policy/state-after.ts";
import type { Signal } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const DAY = 86_400_000;
const drift = signalOf("drift.data");

describe("breaches within the last reports", () => {
  const twoOfThree = policyWith((policy) => {
    policy.drift.consecutiveBreaches = 2;
    policy.drift.outOf = 3;
  });
  const reported = (...states: ("raised" | "cleared" | "acted")[]): ModelState => ({
    ...calm,
    reports: {
      "drift.data": states.map((state, index) => ({
        at: at(-DAY + index),
        state: state === "cleared" ? "cleared" : "raised",
        acted: state === "acted",
      })),
    },
  });

  test.each([
    { before: reported(), hold: "consecutive-breaches" },
    { before: reported("raised"), hold: null },
    { before: reported("raised", "cleared"), hold: null },
    { before: reported("raised", "cleared", "cleared"), hold: "consecutive-breaches" },
    { before: reported("cleared", "cleared"), hold: "consecutive-breaches" },
    { before: reported("raised", "acted"), hold: "consecutive-breaches" },
    { before: reported("acted", "raised"), hold: null },
  ])("are two of three after $before.reports: $hold", ({ before, hold }) => {
    expect(decide(drift, twoOfThree, before, now).heldBack?.hold ?? null).toBe(hold);
  });

  test("say how many are missing", () => {
    expect(decide(drift, twoOfThree, calm, now).heldBack).toEqual({
      hold: "consecutive-breaches",
      until: null,
      untilEvent: { event: "breaches", kind: "drift.data", more: 1 },
      liftedBy: "1 more breach of drift.data within the last 3 reports",
      policyField: "drift.consecutiveBreaches",
    });
  });

  test("start anew with a retraining for whatever cause", () => {
    const retrains = [{ startedAt: at(-DAY), cause: "performance.degraded" as const }];
    expect(decide(drift, twoOfThree, { ...reported("raised"), retrains }, now).heldBack?.hold).toBe(
      "consecutive-breaches",
    );
    const earlier = [{ startedAt: at(-DAY - 1), cause: "performance.degraded" as const }];
    expect(
      decide(drift, twoOfThree, { ...reported("raised"), retrains: earlier }, now).heldBack?.hold,
    ).not.toBe("consecutive-breaches");
  });

  test("one of one needs no memory", () => {
    const one = policyWith((policy) => {
      policy.drift.consecutiveBreaches = 1;
      policy.drift.outOf = 1;
    });
    expect(decide(drift, one, calm, now).heldBack).toBeNull();
  });

  test("are remembered from decision to decision, across one that cleared", () => {
    let state = calm;
    const holds = (["raised", "cleared", "raised"] as const).map((word, index) => {
      const signal = signalOf("drift.data", { id: `drift:${index}`, state: word });
      const decision = decide(signal, twoOfThree, state, now);
      state = stateAfter(signal, decision, state, now);
      return decision.heldBack?.hold ?? null;
    });
    expect(holds).toEqual(["consecutive-breaches", null, null]);
    expect(state.reports["drift.data"]).toEqual([
      { at: at(0), state: "raised", acted: false },
      { at: at(0), state: "cleared", acted: false },
      { at: at(0), state: "raised", acted: true },
    ]);
  });
});

describe("an approval for the cost", () => {
  const costly = policyWith((policy) => {
    policy.drift.consecutiveBreaches = 1;
    policy.cost = {
      currency: "EUR",
      approvalAbove: 20,
      estimates: { retraining: 25, "development-loopback": 20 },
    };
  });
  const approved = (change: object) => ({
    ...calm,
    approvedCosts: [{ reaction: "retraining", amount: 25, until: at(1), ...change }],
  });

  test("is waited for when the estimate is above the limit, and the decision says for how much", () => {
    expect(decide(drift, costly, calm, now)).toMatchObject({
      reaction: "retraining",
      heldBack: {
        hold: "cost-approval",
        until: null,
        untilEvent: { event: "approval", reaction: "retraining", amount: 25, currency: "EUR" },
        liftedBy: "an approval to spend 25 EUR on retraining",
        policyField: "cost.approvalAbove",
      },
    });
  });

  test.each([
    { state: approved({}), hold: null },
    { state: approved({ amount: 24.99 }), hold: "cost-approval" },
    { state: approved({ until: at(0) }), hold: "cost-approval" },
    { state: approved({ reaction: "setup-loopback" }), hold: "cost-approval" },
  ])("lifts it while it is valid and covers the estimate: $state.approvedCosts", ({ state, hold }) => {
    expect(decide(drift, costly, state, now).heldBack?.hold ?? null).toBe(hold);
  });

  test("is not needed at the limit itself, nor for what has no estimate, nor without a limit", () => {
    expect(decide(signalOf("data-quality.violated"), costly, calm, now).heldBack).toBeNull();
    expect(decide(signalOf("endpoint.slow"), costly, calm, now).heldBack).toBeNull();
    const unlimited = policyWith((policy) => {
      policy.drift.consecutiveBreaches = 1;
      policy.cost = { currency: "EUR", estimates: { retraining: 1e9 } };
    });
    expect(decide(drift, unlimited, calm, now).heldBack).toBeNull();
  });

  test("is asked about what would really start: the loop guard's loopback, not the retraining", () => {
    const retrains = [1, 2, 3, 4, 5].map((hours) => ({
      startedAt: at(-hours * 600_000),
      cause: "drift.data" as const,
    }));
    expect(decide(drift, costly, { ...calm, retrains }, now)).toMatchObject({
      reaction: "development-loopback",
      heldBack: null,
    });
  });

  test("leaves a held back breach counted, so that it acts once it is approved", () => {
    const after = stateAfter(drift, decide(drift, costly, calm, now), calm, now);
    expect(after.breaches).toEqual({ "drift.data": [at(0)] });
    expect(after.retrains).toEqual([]);
  });
});

describe("what waits for an approval of its cost", () => {
  const costly = policyWith((policy) => {
    policy.drift.consecutiveBreaches = 1;
    policy.cost = { currency: "EUR", approvalAbove: 20, estimates: { retraining: 25 } };
  });
  const after = (signal: Signal, state: ModelState) =>
    stateAfter(signal, decide(signal, costly, state, now), state, now);
  const waiting = after(drift, calm);

  test("is asked for once, with the latest signal that called for it", () => {
    expect(waiting.costRequests).toEqual([
      { reaction: "retraining", kind: "drift.data", signal: "drift.data:1", at: at(0) },
    ]);
    const again = after(signalOf("drift.data", { id: "drift.data:2" }), waiting);
    expect(again.costRequests.map(({ signal }) => signal)).toEqual(["drift.data:2"]);
  });

  test("is no longer asked for once what called for it has cleared; another kind's clearing changes nothing", () => {
    const cleared = (kind: "drift.data" | "drift.prediction") =>
      after(signalOf(kind, { id: `${kind}:3`, state: "cleared" }), waiting).costRequests;
    expect(cleared("drift.data")).toEqual([]);
    expect(cleared("drift.prediction")).toHaveLength(1);
  });

  test("goes on waiting while something else is held back or answered", () => {
    const busy = {
      ...waiting,
      operations: [{ id: "op-1", kind: "retraining", since: at(-1) }],
    };
    expect(after(signalOf("drift.data", { id: "drift.data:4" }), busy).costRequests).toHaveLength(1);
    expect(after(signalOf("platform.unhealthy"), waiting).costRequests).toHaveLength(1);
  });

  test("starts with the approval, which is used up by that", () => {
    const approvedCosts = [
      { reaction: "retraining", amount: 25, until: at(1) },
      { reaction: "setup-loopback", amount: 30, until: at(1) },
    ];
    const started = after(signalOf("drift.data", { id: "drift.data:5" }), { ...waiting, approvedCosts });
    expect(started.retrains).toEqual([{ startedAt: at(0), cause: "drift.data" }]);
    expect(started.costRequests).toEqual([]);
    expect(started.approvedCosts).toEqual([approvedCosts[1]]);
  });
});

test("a freeze in a time zone says its end in both", () => {
  const frozen = policyWith((policy) => {
    policy.freezes = [
      {
        from: "2026-07-01T00:00:00",
        to: "2026-07-02T00:00:00",
        timeZone: "Europe/Berlin",
        reason: "quarter end",
      },
    ];
  });
  // Berlin is two hours ahead of UTC in July.
  expect(decide(drift, frozen, calm, now).heldBack).toEqual({
    hold: "freeze",
    until: "2026-07-01T22:00:00.000Z",
    liftedBy:
      "the end of the freeze (quarter end, 2026-07-02T00:00:00 in Europe/Berlin), or a policy without it",
    policyField: "freezes",
  });
});

test.each([
  { kind: "drift.data", field: "scenario" },
  { kind: "drift.data", change: "retraining off", field: "retraining.enabled" },
] as const)("names the policy's value that the rule rests on: $field", ({ kind, field, ...rest }) => {
  const policy = policyWith((draft) => {
    draft.drift.consecutiveBreaches = 1;
    draft.retraining.enabled = !("change" in rest);
  });
  expect(decide(signalOf(kind), policy, calm, now).policyField).toBe(field);
});

test.each([
  { state: { decidedSignals: [drift.id] }, field: undefined },
  { state: { lastRetrainedAt: at(-1) }, field: "retraining.coolDown" },
  {
    state: {
      retrains: Array.from({ length: 20 }, (_, index) => ({
        startedAt: at(-40_000 - index),
        cause: "drift.prediction" as const,
      })),
    },
    field: "retraining.quota.retrains",
  },
])("names the policy's value that a hold rests on: $field", ({ state, field }) => {
  const policy = policyWith((draft) => {
    draft.drift.consecutiveBreaches = 1;
  });
  const { heldBack } = decide(drift, policy, { ...calm, ...state }, now);
  expect(heldBack).not.toBeNull();
  expect(heldBack?.policyField).toBe(field);
});

test("the loop guard names its limit", () => {
  const policy = policyWith((draft) => {
    draft.drift.consecutiveBreaches = 1;
    draft.retraining.loopGuard = 1;
  });
  const retrains = [{ startedAt: at(-DAY / 25), cause: "drift.data" as const }];
  expect(decide(drift, policy, { ...calm, retrains }, now)).toMatchObject({
    rule: "drift.data/classical/loop-guard",
    policyField: "retraining.loopGuard",
  });
});
