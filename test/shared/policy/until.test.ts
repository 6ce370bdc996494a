import { describe, expect, test } from "vitest";
import type { ModelState } from "../../../shared/models/state.ts";
import { decide } from "../../../shared/policy/decide.ts";
import { HeldBack } from "../../../shared/policy/decision.ts";
import { heldInWords } from "../../../shared/policy/reason.ts";
import { stateAfter } from "../../../shared/policy/state-after.ts";
import type { Signal } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const DAY = 86_400_000;
const drift = signalOf("drift.data");

/** One breach is enough; retrains are four in thirty days, a day apart. */
const open = (change: Parameters<typeof policyWith>[0] = () => {}) =>
  policyWith((policy) => {
    policy.drift.consecutiveBreaches = 1;
    policy.retraining.coolDown = "P1D";
    policy.retraining.quota = { retrains: 4, window: "P30D" };
    policy.retraining.loopGuard = 9;
    change(policy);
  });

const moved = (signal: Signal, change: object, measurement: object = {}): Signal => ({
  ...signal,
  evidence: {
    measurements: [{ metric: "PopulationStabilityIndex", value: 0.4, threshold: 0.1, ...measurement }],
    facts: {},
  },
  ...change,
});

describe("a hold that ends by the clock", () => {
  const turns = (...states: ("raised" | "cleared")[]) =>
    states.map((state, index) => ({ at: at(-1_000 * (states.length - index)), state, acted: false }));
  const frozen = open((policy) => {
    policy.freezes = [{ from: at(-DAY), to: at(5_000), reason: "year end" }];
  });

  test.each<{
    hold: string;
    until: string;
    signal?: Signal;
    policy?: typeof frozen;
    state?: Partial<ModelState>;
  }>([
    { hold: "freeze", until: at(5_000), policy: frozen },
    { hold: "cool-down", until: at(5_000), state: { lastRetrainedAt: at(5_000 - DAY) } },
    {
      hold: "quota",
      until: at(2 * DAY),
      state: {
        retrains: [28, 20, 10, 5].map((days) => ({ startedAt: at(-days * DAY), cause: "drift.prediction" })),
      },
    },
    {
      // Six changes are too many within the hour; the first of them was five seconds ago.
      hold: "flapping",
      until: at(3_600_000 - 5_000),
      signal: signalOf("endpoint.slow"),
      state: {
        reports: { "endpoint.slow": turns("raised", "cleared", "raised", "cleared", "raised", "cleared") },
      },
    },
  ])("$hold holds up to the moment that it says, and not at it", (row) => {
    const { hold, until, signal = drift, policy = open(), state = {} } = row;
    const holdAt = (moment: Date) => decide(signal, policy, { ...calm, ...state }, moment).heldBack;
    expect(holdAt(now)).toMatchObject({ hold, until });
    expect(holdAt(now)).not.toHaveProperty("untilEvent");
    expect(holdAt(new Date(Date.parse(until) - 1))).toMatchObject({ hold, until });
    expect(holdAt(new Date(until))).toBeNull();
  });
});

describe("a hold that no clock ends says which event does", () => {
  const twoInARow = open((policy) => {
    policy.drift.consecutiveBreaches = 2;
  });
  const costly = open((policy) => {
    policy.cost = { currency: "EUR", approvalAbove: 20, estimates: { retraining: 25 } };
  });
  const careful = open((policy) => {
    policy.drift.actOn = "confirmed";
  });
  const demanding = open((policy) => {
    policy.drift.minimumSample = 500;
  });
  const particular = open((policy) => {
    policy.drift.minimumImportance = 0.2;
    policy.drift.importance = { wind: 0.1, rain: 0.2 };
  });
  const operation = { id: "op-1", kind: "retraining", since: at(-1) };
  const performance = (state: "raised" | "cleared") => ({
    reports: { "performance.degraded": [{ at: at(-1), state, acted: false }] },
  });
  const paid = (amount: number) => ({
    approvedCosts: [{ reaction: "retraining", amount, until: at(1) }],
  });

  type Side = { signal?: Signal; state?: Partial<ModelState> };
  type Row = { policy?: typeof costly; untilEvent: object; words: string; before: Side; after: Side | null };
  const rows: Row[] = [
    {
      untilEvent: { event: "replay", signal: "drift.data:1" },
      words: "duplicate until it is replayed",
      before: { state: { decidedSignals: ["drift.data:1"] } },
      after: { signal: { ...drift, id: "replayed" }, state: { decidedSignals: ["drift.data:1"] } },
    },
    {
      untilEvent: { event: "operation-end", operation: "op-1", kind: "retraining" },
      words: "operation-under-way until operation op-1 ends",
      before: { state: { operations: [operation] } },
      after: { state: { operations: [] } },
    },
    {
      untilEvent: { event: "never", operation: "op-1" },
      words: "operation-under-way for good",
      before: { signal: signalOf("model.registered"), state: { claims: { "3": "op-1" } } },
      after: null,
    },
    {
      policy: twoInARow,
      untilEvent: { event: "breaches", kind: "drift.data", more: 1 },
      words: "consecutive-breaches until 1 more breach is reported",
      before: {},
      after: { state: { breaches: { "drift.data": [at(-1)] } } },
    },
    {
      untilEvent: { event: "finding", kind: "drift.data", importance: 0 },
      words: "noise until drift.data is reported beyond its limit",
      before: { signal: moved(drift, {}, { value: 0.09 }) },
      after: { signal: moved(drift, {}, { value: 0.1 }) },
    },
    {
      policy: particular,
      untilEvent: { event: "finding", kind: "drift.data", importance: 0.2 },
      words: "noise until drift.data is reported of a feature that matters",
      before: { signal: moved(drift, {}, { group: "wind" }) },
      after: { signal: moved(drift, {}, { group: "rain" }) },
    },
    {
      policy: demanding,
      untilEvent: { event: "sample", kind: "drift.data", rows: 500 },
      words: "minimum-sample until drift.data is reported on 500 rows or more",
      before: { signal: moved(drift, {}, { sampleSize: 499 }) },
      after: { signal: moved(drift, {}, { sampleSize: 500 }) },
    },
    {
      policy: careful,
      untilEvent: { event: "confirmation", kind: "performance.degraded" },
      words: "confirmation until performance.degraded is reported",
      before: { state: performance("cleared") },
      after: { state: performance("raised") },
    },
    {
      policy: costly,
      untilEvent: { event: "approval", reaction: "retraining", amount: 25, currency: "EUR" },
      words: "cost-approval until somebody approves 25 EUR",
      before: { state: paid(24.99) },
      after: { state: paid(25) },
    },
  ];

  test.each(rows)("$words", ({ policy = open(), untilEvent, words, before, after }) => {
    const holdOf = ({ signal = drift, state = {} }: Side) =>
      decide(signal, policy, { ...calm, ...state }, now).heldBack;
    const held = HeldBack.parse(holdOf(before));
    expect(held).toMatchObject({ until: null, untilEvent });
    expect(heldInWords(held)).toBe(words);
    // What no clock ends does not end as time goes by.
    const later = decide(before.signal ?? drift, policy, { ...calm, ...before.state }, new Date(at(DAY)));
    expect(later.heldBack?.hold).toBe(held.hold);
    if (after) expect(holdOf(after)).toBeNull();
  });
});

describe("breaches are missing in the number that is said", () => {
  const of = (needed: number, outOf: number | undefined) =>
    open((policy) => {
      policy.drift.consecutiveBreaches = needed;
      if (outOf !== undefined) policy.drift.outOf = outOf;
    });

  test.each([
    { needed: 3, outOf: undefined, before: [], more: 2 },
    { needed: 3, outOf: undefined, before: ["raised"], more: 1 },
    { needed: 3, outOf: undefined, before: ["raised", "cleared"], more: 2 },
    { needed: 3, outOf: 3, before: [], more: 2 },
    { needed: 3, outOf: 3, before: ["raised"], more: 1 },
    // The next breach pushes the first one out of the last three.
    { needed: 3, outOf: 3, before: ["raised", "cleared"], more: 2 },
    { needed: 3, outOf: 4, before: ["raised", "cleared"], more: 1 },
    { needed: 2, outOf: 3, before: ["raised", "cleared", "cleared"], more: 1 },
    { needed: 4, outOf: 5, before: ["raised", "raised", "cleared", "cleared"], more: 3 },
  ] as const)("$needed of $outOf after $before: $more", ({ needed, outOf, before, more }) => {
    const policy = of(needed, outOf);
    let state: ModelState = calm;
    let count = 0;
    const report = (word: "raised" | "cleared") => {
      count += 1;
      const signal = signalOf("drift.data", { id: `drift:${count}`, state: word });
      const moment = new Date(now.getTime() + count);
      const decision = decide(signal, policy, state, moment);
      state = stateAfter(signal, decision, state, moment);
      return decision.heldBack;
    };
    for (const word of before) report(word);
    expect(report("raised")).toMatchObject({
      hold: "consecutive-breaches",
      untilEvent: { event: "breaches", more },
      liftedBy: expect.stringContaining(`${more} more ${more === 1 ? "breach" : "breaches"} of drift.data `),
    });
    for (let missing = more - 1; missing > 0; missing -= 1) {
      expect(report("raised")?.untilEvent).toMatchObject({ more: missing });
    }
    expect(report("raised")).toBeNull();
  });

  test("in the plural, too", () => {
    const held = HeldBack.parse(decide(drift, of(3, undefined), calm, now).heldBack);
    expect(heldInWords(held)).toBe("consecutive-breaches until 2 more breaches are reported");
  });
});

test("a decision of before the event was recorded is read, and claims no more than it knows", () => {
  const old = HeldBack.parse({ hold: "duplicate", until: null, liftedBy: "a replay" });
  expect(heldInWords(old)).toBe("duplicate");
});
