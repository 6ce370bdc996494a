import { describe, expect, test } from "vitest";
import { decide } from "../../../shared/policy/decide.ts";
import type { Reaction } from "../../../shared/policy/decision.ts";
import type { Signal } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const ready = policyWith((policy) => {
  policy.drift.consecutiveBreaches = 1;
});

/** A signal that calls for each reaction. */
const CALLS_FOR: Record<Exclude<Reaction, "none">, Signal> = {
  promotion: signalOf("model.registered"),
  retraining: signalOf("drift.data"),
  "development-loopback": signalOf("data-quality.violated"),
  "setup-loopback": signalOf("policy.violated"),
  "cost-review": signalOf("budget.reached", {
    evidence: { measurements: [], facts: { tierPercent: "100", thresholdType: "Actual" } },
  }),
  decommission: signalOf("workspace.idle"),
  "image-quarantine": signalOf("image.vulnerable"),
  notice: signalOf("platform.unhealthy"),
  "raise-event": signalOf("job.completed"),
};
const reactions = Object.keys(CALLS_FOR) as (keyof typeof CALLS_FOR)[];
const held = (...names: (keyof typeof CALLS_FOR)[]) =>
  reactions.map((reaction) => ({ reaction, isHeld: names.includes(reaction) }));

test.each(reactions)("there is a signal that calls for %s, and nothing holds it", (reaction) => {
  expect(decide(CALLS_FOR[reaction], ready, calm, now)).toMatchObject({ reaction, heldBack: null });
});

test.each(
  held(
    "retraining",
    "development-loopback",
    "setup-loopback",
    "cost-review",
    "decommission",
    "image-quarantine",
  ),
)("a freeze holds $reaction: $isHeld", ({ reaction, isHeld }) => {
  const frozen = policyWith((policy) => {
    policy.drift.consecutiveBreaches = 1;
    policy.freezes = [{ from: at(-1), to: at(1000), reason: "year end" }];
  });
  expect(decide(CALLS_FOR[reaction], frozen, calm, now).heldBack).toEqual(
    isHeld
      ? {
          hold: "freeze",
          until: at(1000),
          liftedBy: "the end of the freeze (year end), or a policy without it",
          policyField: "freezes",
        }
      : null,
  );
});

test.each(
  held("retraining", "development-loopback", "setup-loopback", "cost-review", "decommission", "notice"),
)("flapping holds $reaction: $isHeld", ({ reaction, isHeld }) => {
  const signal = CALLS_FOR[reaction];
  const states = ["raised", "cleared", "raised", "cleared", "raised", "cleared"] as const;
  const reports = states.map((state, index) => ({ at: at(index - 100), state, acted: false }));
  const state = { ...calm, reports: { [signal.kind]: reports } };
  expect(decide(signal, ready, state, now).heldBack?.hold ?? null).toBe(isHeld ? "flapping" : null);
});

describe("an operation under way", () => {
  const kinds = [
    "promotion",
    "retraining",
    "rollout",
    "development-loopback",
    "cost-review",
    "decommission",
    "image-quarantine",
  ];
  const waits: Partial<Record<Reaction, string[]>> = {
    retraining: ["promotion", "retraining", "rollout", "development-loopback"],
    "development-loopback": ["development-loopback"],
    "cost-review": ["cost-review"],
    decommission: ["decommission"],
    "image-quarantine": ["image-quarantine"],
  };

  test.each(
    reactions.flatMap((reaction) =>
      kinds.map((kind) => ({ reaction, kind, isHeld: waits[reaction]?.includes(kind) ?? false })),
    ),
  )("of kind $kind holds $reaction: $isHeld", ({ reaction, kind, isHeld }) => {
    const state = { ...calm, operations: [{ id: "op-1", kind, since: at(-1000) }] };
    expect(decide(CALLS_FOR[reaction], ready, state, now).heldBack).toEqual(
      isHeld
        ? {
            hold: "operation-under-way",
            until: null,
            untilEvent: { event: "operation-end", operation: "op-1", kind },
            liftedBy: `the end of operation op-1 (${kind}, since ${at(-1000)})`,
          }
        : null,
    );
  });
});

test("breaches in a row are asked for in these words", () => {
  const two = policyWith((policy) => {
    policy.drift.consecutiveBreaches = 2;
  });
  expect(decide(signalOf("drift.prediction"), two, calm, now).heldBack).toEqual({
    hold: "consecutive-breaches",
    until: null,
    untilEvent: { event: "breaches", kind: "drift.prediction", more: 1 },
    liftedBy: "1 more breach of drift.prediction in a row",
    policyField: "drift.consecutiveBreaches",
  });
});

test("a sample that is too small names its limit", () => {
  const demanding = policyWith((policy) => {
    policy.drift.minimumSample = 500;
  });
  const small = signalOf("drift.data", {
    evidence: {
      measurements: [{ metric: "m", value: 1, threshold: 0.5, sampleSize: 499 }],
      facts: {},
    },
  });
  expect(decide(small, demanding, calm, now).heldBack).toEqual({
    hold: "minimum-sample",
    until: null,
    untilEvent: { event: "sample", kind: "drift.data", rows: 500 },
    liftedBy: "a finding that rests on at least 500 rows; this one has 499",
    policyField: "drift.minimumSample",
  });
});

test("what has cleared is never held for its sample or its count", () => {
  const demanding = policyWith((policy) => {
    policy.drift.minimumSample = 500;
    policy.drift.consecutiveBreaches = 3;
  });
  const cleared = signalOf("drift.data", {
    state: "cleared",
    evidence: { measurements: [{ metric: "m", value: 1, threshold: 2, sampleSize: 1 }], facts: {} },
  });
  expect(decide(cleared, demanding, calm, now)).toMatchObject({ reaction: "raise-event", heldBack: null });
});

describe("the cool-down and the quota of retrains", () => {
  const retrained = {
    ...calm,
    lastRetrainedAt: at(-1),
    retrains: Array.from({ length: 20 }, (_, index) => ({
      startedAt: at(-40_000 - index),
      cause: "drift.prediction" as const,
    })),
  };

  test.each(reactions.filter((reaction) => reaction !== "retraining"))("do not hold %s", (reaction) => {
    expect(decide(CALLS_FOR[reaction], ready, retrained, now).heldBack).toBeNull();
  });
});

test("the loop guard counts retrains for the same cause alone, and turns nothing but a retraining", () => {
  const state = (cause: Signal["kind"]) => ({
    ...calm,
    retrains: [1, 2, 3, 4, 5].map((count) => ({ startedAt: at(-count * 60_000), cause })),
  });
  expect(decide(CALLS_FOR.retraining, ready, state("drift.data"), now).rule).toBe(
    "drift.data/classical/loop-guard",
  );
  expect(decide(CALLS_FOR.retraining, ready, state("drift.prediction"), now).rule).toBe(
    "drift.data/classical",
  );
  expect(decide(CALLS_FOR.decommission, ready, state("workspace.idle"), now)).toMatchObject({
    reaction: "decommission",
    rule: "workspace.idle/classical",
  });
});

test.each([
  { why: "an open incident", field: "incidents.window", rule: "endpoint.slow/classical/same-incident" },
  { why: "the last tier", field: "scenario", rule: "budget.reached/classical/last-tier" },
  {
    why: "a budget that ran out three times",
    field: "scenario",
    rule: "budget.reached/classical/repeated",
  },
])("the rule for $why is named, and what it rests on", ({ field, rule }) => {
  const signal = rule.startsWith("endpoint") ? signalOf("endpoint.slow") : CALLS_FOR["cost-review"];
  const state = {
    ...calm,
    operations: rule.endsWith("same-incident")
      ? [{ id: "op-1", kind: "setup-loopback", since: at(-1000) }]
      : [],
    breaches: rule.endsWith("repeated") ? { "budget.reached": [at(-2), at(-1)] } : {},
  };
  expect(decide(signal, ready, state, now)).toMatchObject({ rule, policyField: field });
});

test("a rollout and an open incident turn nothing but a setup loopback", () => {
  for (const kind of ["rollout", "setup-loopback"]) {
    const state = { ...calm, operations: [{ id: "op-1", kind, since: at(-1000) }] };
    for (const reaction of ["decommission", "notice", "image-quarantine", "cost-review"] as const) {
      expect(decide(CALLS_FOR[reaction], ready, state, now).reaction).toBe(reaction);
    }
  }
});

test("a claim is about a registered version alone", () => {
  const state = { ...calm, claims: { "3": "retraining-1" } };
  expect(decide(signalOf("model.deployed"), ready, state, now).rule).toBe("model.deployed/classical");
  const unversioned = signalOf("model.registered", { subject: { model: "weather-max" } });
  expect(decide(unversioned, ready, { ...calm, claims: { undefined: "op" } }, now).rule).toBe(
    "model.registered/classical",
  );
});

test("a policy that does not retrain loops back for drift alone: what calls for a notice stays one", () => {
  const manual = policyWith((policy) => {
    policy.retraining.enabled = false;
  });
  expect(decide(CALLS_FOR.notice, manual, calm, now).reaction).toBe("notice");
});
