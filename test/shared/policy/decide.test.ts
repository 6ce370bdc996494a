import { describe, expect, test } from "vitest";
import { decide } from "../../../shared/policy/decide.ts";
import type { Reaction } from "../../../shared/policy/decision.ts";
import { Decision } from "../../../shared/policy/decision.ts";
import type { Scenario } from "../../../shared/policy/schema.ts";
import { SIGNAL_KINDS, type SignalKind } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const DAY = 86_400_000;

/** Retraining is on, one breach is enough, nothing holds back. */
const open = policyWith((policy) => {
  policy.drift.consecutiveBreaches = 1;
  policy.retraining.coolDown = "P1D";
  policy.retraining.quota = { retrains: 4, window: "P30D" };
  policy.retraining.loopGuard = 3;
});

describe("the reaction table", () => {
  const rows: [SignalKind, Reaction, Reaction, Reaction][] = [
    ["model.registered", "promotion", "promotion", "promotion"],
    ["model.deployed", "raise-event", "raise-event", "raise-event"],
    ["job.completed", "raise-event", "raise-event", "raise-event"],
    ["job.failed", "raise-event", "raise-event", "raise-event"],
    ["drift.data", "retraining", "development-loopback", "development-loopback"],
    ["drift.prediction", "retraining", "development-loopback", "development-loopback"],
    ["performance.degraded", "retraining", "development-loopback", "development-loopback"],
    ["data-quality.violated", "development-loopback", "development-loopback", "development-loopback"],
    ["responsible-ai.violated", "development-loopback", "development-loopback", "development-loopback"],
    ["endpoint.slow", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["endpoint.failing", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["endpoint.saturated", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["capacity.insufficient", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["network.unreachable", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["throttling.exceeded", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["endpoint.unused", "decommission", "decommission", "decommission"],
    ["workspace.idle", "decommission", "decommission", "decommission"],
    ["budget.reached", "notice", "notice", "notice"],
    ["policy.violated", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["image.vulnerable", "image-quarantine", "image-quarantine", "image-quarantine"],
    ["api.threatened", "setup-loopback", "setup-loopback", "setup-loopback"],
    ["platform.unhealthy", "notice", "notice", "notice"],
  ];
  const cells = rows.flatMap(([kind, classical, vision, language]) => [
    { kind, scenario: "classical" as Scenario, reaction: classical },
    { kind, scenario: "vision" as Scenario, reaction: vision },
    { kind, scenario: "language" as Scenario, reaction: language },
  ]);

  test("has a row here for every kind", () => {
    expect(rows.map(([kind]) => kind).sort()).toEqual([...SIGNAL_KINDS].sort());
  });

  test.each(cells)("answers $kind of a $scenario model with $reaction", ({ kind, scenario, reaction }) => {
    const policy = policyWith((draft) => {
      draft.scenario = scenario;
      draft.drift.consecutiveBreaches = 1;
    });
    const decision = decide(signalOf(kind), policy, calm, now);
    expect(decision).toMatchObject({ reaction, rule: `${kind}/${scenario}`, heldBack: null });
    expect(Decision.parse(decision)).toEqual(decision);
  });

  test.each(cells)("tells what waits that $kind of a $scenario model has cleared", ({ kind, scenario }) => {
    const policy = policyWith((draft) => {
      draft.scenario = scenario;
      draft.drift.consecutiveBreaches = 2;
      draft.freezes = [{ from: at(-DAY), to: at(DAY), reason: "inventory" }];
    });
    const decision = decide(signalOf(kind, { state: "cleared" }), policy, calm, now);
    expect(decision).toMatchObject({ reaction: "raise-event", rule: `${kind}/cleared`, heldBack: null });
    expect(decision.reason).toContain("no longer");
  });
});

test("says what happened and what follows, for an operator", () => {
  const drift = signalOf("drift.data", {
    evidence: {
      measurements: [
        { metric: "NormalizedWassersteinDistance", value: 0.41, threshold: 0.1, group: "temp_min" },
      ],
      facts: {},
    },
  });
  expect(decide(drift, open, calm, now).reason).toBe(
    "Model weather-max version 3 gets data that has drifted " +
      "(NormalizedWassersteinDistance of temp_min 0.41, limit 0.1), so it is retrained on new production data.",
  );
});

test("records the digest of the policy it decided under", () => {
  expect(decide(signalOf("drift.data"), open, calm, now).policyDigest).toBe("0".repeat(64));
});

describe("without a policy", () => {
  test.each(["model.registered", "drift.data", "endpoint.slow"] as const)(
    "does nothing about %s of a model that no pattern matches",
    (kind) => {
      const decision = decide(signalOf(kind), null, calm, now);
      expect(decision).toMatchObject({
        reaction: "none",
        rule: "no-policy",
        policyDigest: "",
        heldBack: null,
      });
      expect(decision.reason).toContain("no pattern in the policy matches it");
    },
  );

  test("does nothing about drift that names no model", () => {
    expect(decide(signalOf("drift.data", { subject: { job: "run-1" } }), null, calm, now).rule).toBe(
      "no-policy",
    );
  });

  test.each([
    { kind: "budget.reached", subject: { budget: "team" }, reaction: "notice" },
    { kind: "workspace.idle", subject: { workspace: "/w" }, reaction: "decommission" },
    { kind: "job.completed", subject: { job: "run-1", model: "stranger" }, reaction: "raise-event" },
  ] as const)("still answers $kind with $reaction, which needs none", ({ kind, subject, reaction }) => {
    expect(decide(signalOf(kind, { subject }), null, calm, now)).toMatchObject({
      reaction,
      policyDigest: "",
    });
  });
});

describe("what holds a reaction back", () => {
  const drift = signalOf("drift.data");
  const holdOf = (state: object, policy = open, signal = drift) =>
    decide(signal, policy, { ...calm, ...state }, now).heldBack;

  test("holds a redelivered signal as a duplicate before anything else", () => {
    const state = { decidedSignals: [drift.id], lastRetrainedAt: at(-1) };
    expect(holdOf(state)).toMatchObject({ hold: "duplicate", until: null });
  });

  test("holds even an event for an operation when it is a duplicate", () => {
    const job = signalOf("job.completed");
    expect(holdOf({ decidedSignals: [job.id] }, open, job)?.hold).toBe("duplicate");
  });

  test.each([
    { at: "one ms before its start", from: 1, to: 1000, hold: null },
    { at: "its start", from: 0, to: 1000, hold: "freeze" },
    { at: "one ms before its end", from: -1000, to: 1, hold: "freeze" },
    { at: "its end", from: -1000, to: 0, hold: null },
  ])("holds a freeze at $at: $hold", ({ from, to, hold }) => {
    const frozen = policyWith((policy) => {
      policy.drift.consecutiveBreaches = 1;
      policy.freezes = [{ from: at(from), to: at(to), reason: "year end" }];
    });
    const held = holdOf({}, frozen);
    expect(held?.hold ?? null).toBe(hold);
    if (held) expect(held).toMatchObject({ until: at(to), liftedBy: expect.stringContaining("year end") });
  });

  test("lets a registered version through a freeze: its rollout waits for the end, so that it is not forgotten", () => {
    const frozen = policyWith((policy) => {
      policy.freezes = [{ from: at(-1), to: at(1), reason: "year end" }];
    });
    expect(holdOf({}, frozen, signalOf("model.registered"))).toBeNull();
  });

  test("lets a notice through a freeze", () => {
    const frozen = policyWith((policy) => {
      policy.freezes = [{ from: at(-1), to: at(1), reason: "year end" }];
    });
    expect(holdOf({}, frozen, signalOf("platform.unhealthy"))).toBeNull();
  });

  test("tells the operation that registered a version, and starts nothing for it", () => {
    const state = { ...calm, claims: { "3": "retraining-weather-max-1" } };
    const decision = decide(signalOf("model.registered"), open, state, now);
    expect(decision).toMatchObject({
      reaction: "raise-event",
      rule: "model.registered/classical/claimed",
      heldBack: { hold: "operation-under-way", until: null },
    });
    expect(decision.heldBack?.liftedBy).toContain("retraining-weather-max-1");
  });

  test("promotes a version that nobody claimed, whatever its name", () => {
    const signal = signalOf("model.registered", {
      subject: { model: "weather-max", version: "constructor" },
    });
    expect(decide(signal, open, calm, now)).toMatchObject({ reaction: "promotion", heldBack: null });
  });

  test.each([
    { kind: "drift.data", other: "retraining", hold: "operation-under-way" },
    { kind: "drift.data", other: "development-loopback", hold: "operation-under-way" },
    { kind: "drift.data", other: "cost-review", hold: null },
    { kind: "model.registered", other: "promotion", hold: null },
    { kind: "model.registered", other: "development-loopback", hold: null },
    { kind: "data-quality.violated", other: "promotion", hold: null },
    { kind: "data-quality.violated", other: "development-loopback", hold: "operation-under-way" },
  ] as const)("$kind beside a $other: $hold", ({ kind, other, hold }) => {
    const operations = [{ id: "op-1", kind: other, since: at(-1000) }];
    expect(holdOf({ operations }, open, signalOf(kind))?.hold ?? null).toBe(hold);
  });

  test.each([
    { before: 0, hold: "consecutive-breaches", missing: "2 more breaches" },
    { before: 1, hold: "consecutive-breaches", missing: "1 more breach " },
    { before: 2, hold: null, missing: "" },
  ])("waits for three breaches in a row, after $before earlier: $hold", ({ before, hold, missing }) => {
    const three = policyWith((policy) => {
      policy.drift.consecutiveBreaches = 3;
    });
    const held = holdOf({ breaches: { "drift.data": Array(before).fill(at(-DAY)) } }, three);
    expect(held?.hold ?? null).toBe(hold);
    expect(held?.liftedBy ?? "").toContain(missing);
  });

  test("counts breaches of one kind only", () => {
    const two = policyWith((policy) => {
      policy.drift.consecutiveBreaches = 2;
    });
    expect(holdOf({ breaches: { "performance.degraded": [at(-DAY)] } }, two)?.hold).toBe(
      "consecutive-breaches",
    );
  });

  test.each([
    { at: "one ms before the end", ended: -DAY + 1, hold: "cool-down" },
    { at: "the end itself", ended: -DAY, hold: null },
  ])("holds a cool-down until $at", ({ ended, hold }) => {
    const held = holdOf({ lastRetrainedAt: at(ended) });
    expect(held?.hold ?? null).toBe(hold);
    if (held) expect(held.until).toBe(at(ended + DAY));
  });

  test("counts the cool-down from the start of a retraining that has not ended", () => {
    expect(holdOf({ retrains: [{ startedAt: at(-1), cause: "drift.data" }] })?.hold).toBe("cool-down");
  });

  test("has no cool-down for a loopback", () => {
    expect(holdOf({ lastRetrainedAt: at(-1) }, open, signalOf("data-quality.violated"))).toBeNull();
  });

  const retrained = (...days: number[]) => ({
    retrains: days.map((day) => ({ startedAt: at(-day * DAY), cause: "drift.prediction" })),
  });

  test.each([
    { earlier: retrained(20, 10, 5), hold: null },
    { earlier: retrained(29, 20, 10, 5), hold: "quota" },
    { earlier: retrained(30, 20, 10, 5), hold: null },
  ])("allows four retrains in thirty days ($hold)", ({ earlier, hold }) => {
    expect(holdOf(earlier)?.hold ?? null).toBe(hold);
  });

  test("frees the quota when its oldest retrain is thirty days old", () => {
    expect(holdOf(retrained(29, 20, 10, 5))?.until).toBe(at(DAY));
  });
});

describe("turns", () => {
  const sameCause = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      startedAt: at(-(10 - index) * DAY),
      cause: "drift.data" as const,
    }));

  test.each([
    { count: 2, reaction: "retraining", rule: "drift.data/classical" },
    { count: 3, reaction: "development-loopback", rule: "drift.data/classical/loop-guard" },
  ])("after $count retrains for the same cause: $reaction", ({ count, reaction, rule }) => {
    const decision = decide(signalOf("drift.data"), open, { ...calm, retrains: sameCause(count) }, now);
    expect(decision).toMatchObject({ reaction, rule, heldBack: null });
  });

  test("forgets retrains that are older than the quota's window", () => {
    const old = sameCause(3).map((one) => ({ ...one, startedAt: at(-30 * DAY) }));
    expect(decide(signalOf("drift.data"), open, { ...calm, retrains: old }, now).reaction).toBe("retraining");
  });

  test("loops back to development where the policy does not retrain", () => {
    const manual = policyWith((policy) => {
      policy.retraining.enabled = false;
      policy.drift.consecutiveBreaches = 1;
    });
    expect(decide(signalOf("drift.data"), manual, calm, now)).toMatchObject({
      reaction: "development-loopback",
      rule: "drift.data/classical/retraining-disabled",
    });
  });

  test.each([
    { kind: "endpoint.slow", under: "rollout", rule: "endpoint.slow/classical/during-rollout" },
    { kind: "endpoint.slow", under: "setup-loopback", rule: "endpoint.slow/classical/same-incident" },
    { kind: "policy.violated", under: "rollout", rule: "policy.violated/classical" },
    { kind: "api.threatened", under: "rollout", rule: "api.threatened/classical" },
    {
      kind: "capacity.insufficient",
      under: "rollout",
      rule: "capacity.insufficient/classical/during-rollout",
    },
    { kind: "network.unreachable", under: "rollout", rule: "network.unreachable/classical/during-rollout" },
    { kind: "throttling.exceeded", under: "rollout", rule: "throttling.exceeded/classical/during-rollout" },
    { kind: "endpoint.failing", under: "rollout", rule: "endpoint.failing/classical/during-rollout" },
    { kind: "endpoint.saturated", under: "rollout", rule: "endpoint.saturated/classical/during-rollout" },
  ] as const)("answers $kind during a $under by $rule", ({ kind, under, rule }) => {
    const state = { ...calm, operations: [{ id: "op-1", kind: under, since: at(-1000) }] };
    const decision = decide(signalOf(kind), open, state, now);
    expect(decision).toMatchObject({ rule, heldBack: null });
  });

  test.each(
    (["classical", "vision", "language"] as const).flatMap((scenario) => [
      {
        scenario,
        kind: "endpoint.slow" as const,
        rollout: true,
        reaction: "raise-event",
        turn: "/during-rollout",
      },
      { scenario, kind: "endpoint.unused" as const, rollout: true, reaction: "decommission", turn: "" },
      { scenario, kind: "budget.reached" as const, tier: "99", reaction: "notice", turn: "" },
      { scenario, kind: "budget.reached" as const, tier: "100", reaction: "cost-review", turn: "/last-tier" },
      {
        scenario,
        kind: "budget.reached" as const,
        tier: "100",
        before: 2,
        reaction: "setup-loopback",
        turn: "/repeated",
      },
    ]),
  )("turn $kind of a $scenario model into $reaction$turn", ({ scenario, kind, reaction, turn, ...row }) => {
    const policy = policyWith((draft) => {
      draft.scenario = scenario;
    });
    const tierPercent = "tier" in row ? row.tier : undefined;
    const signal = signalOf(kind, {
      evidence: { measurements: [], facts: tierPercent === undefined ? {} : { tierPercent } },
    });
    const state = {
      ...calm,
      operations: "rollout" in row ? [{ id: "op-1", kind: "rollout", since: at(-1000) }] : [],
      breaches: { "budget.reached": Array("before" in row ? row.before : 0).fill(at(-DAY)) },
    };
    expect(decide(signal, policy, state, now)).toMatchObject({
      reaction,
      rule: `${kind}/${scenario}${turn}`,
    });
  });

  const spent = (tierPercent: string, thresholdType = "Actual") =>
    signalOf("budget.reached", {
      subject: { budget: "team" },
      evidence: { measurements: [], facts: { tierPercent, thresholdType } },
    });

  test.each([
    { signal: spent("80"), before: 0, reaction: "notice" },
    { signal: spent("99.9"), before: 5, reaction: "notice" },
    { signal: spent("100", "Forecasted"), before: 0, reaction: "notice" },
    { signal: spent("100"), before: 0, reaction: "cost-review" },
    { signal: spent("100"), before: 1, reaction: "cost-review" },
    { signal: spent("120"), before: 2, reaction: "setup-loopback" },
  ])(
    "answers a budget by its tier, and by how often it ran out: $reaction",
    ({ signal, before, reaction }) => {
      const state = { ...calm, breaches: { "budget.reached": Array(before).fill(at(-DAY)) } };
      expect(decide(signal, null, state, now).reaction).toBe(reaction);
    },
  );
});
