import { describe, expect, test } from "vitest";
import { decide } from "../../../shared/policy/decide.ts";
import { REACTIONS } from "../../../shared/policy/decision.ts";
import { reasonFor } from "../../../shared/policy/reason.ts";
import type { Measurement, SignalKind, Subject } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const quick = policyWith((draft) => {
  draft.drift.consecutiveBreaches = 1;
});

const about = (kind: SignalKind, subject: Subject, measurements: Measurement[] = []) =>
  reasonFor(signalOf(kind, { subject, evidence: { measurements, facts: {} } }), "none", null, null);

describe("names what it is about", () => {
  test.each([
    { subject: { model: "m", version: "3", endpoint: "e" }, name: "Model m version 3" },
    { subject: { model: "m" }, name: "Model m" },
    { subject: { endpoint: "e", deployment: "blue", resource: "/r" }, name: "Endpoint e (blue)" },
    { subject: { endpoint: "e" }, name: "Endpoint e" },
    { subject: { budget: "team" }, name: "Budget team" },
    { subject: { image: "r/i@sha256:1" }, name: "Image r/i@sha256:1" },
    { subject: { resource: "/r", workspace: "/w" }, name: "Resource /r" },
    { subject: { workspace: "/w" }, name: "Workspace /w" },
    { subject: {}, name: "Something unnamed" },
  ])("as $name", ({ subject, name }) => {
    expect(about("endpoint.slow", subject)).toBe(`${name} answers too slowly, so nothing is done.`);
  });

  test("and a job's end is about the job, whatever model it trains", () => {
    expect(about("job.completed", { job: "j", model: "m" })).toBe("Job j completed, so nothing is done.");
    expect(about("drift.data", { job: "j" })).toContain("Job j gets data");
  });
});

test.each([
  ["model.registered", "was registered"],
  ["model.deployed", "was deployed"],
  ["job.failed", "failed"],
  ["drift.prediction", "gives predictions that have drifted"],
  ["performance.degraded", "performs worse than its limit"],
  ["data-quality.violated", "gets data below its quality limits"],
  ["responsible-ai.violated", "breaks a responsible AI limit"],
  ["endpoint.failing", "fails too often"],
  ["endpoint.saturated", "is at the limit of its instances"],
  ["capacity.insufficient", "lacks capacity"],
  ["network.unreachable", "cannot be reached"],
  ["throttling.exceeded", "is throttled too much"],
  ["endpoint.unused", "is not used"],
  ["workspace.idle", "is idle"],
  ["budget.reached", "has reached a tier"],
  ["policy.violated", "violates an Azure Policy"],
  ["image.vulnerable", "has a vulnerability"],
  ["api.threatened", "is under threat"],
  ["platform.unhealthy", "runs on a platform that is not healthy"],
] as const)("says of %s that it %s", (kind, words) => {
  expect(about(kind, { model: "m" })).toBe(`Model m ${words}, so nothing is done.`);
});

test("says of what has cleared that it is so no longer", () => {
  const cleared = signalOf("endpoint.slow", { state: "cleared", subject: { endpoint: "e" } });
  expect(decide(cleared, null, calm, now).reason).toBe(
    "Endpoint e no longer answers too slowly, so the operation that waits for it is told.",
  );
});

test("says of every reaction what follows", () => {
  const said = REACTIONS.map((reaction) =>
    reasonFor(signalOf("drift.data", { subject: {} }), reaction, null, null).replace(/^.*, so /, ""),
  );
  expect(said).toEqual([
    "its way to production starts.",
    "it is retrained on new production data.",
    "it goes back to development with the evidence.",
    "it goes back to administration and setup with the evidence.",
    "its costs are reviewed.",
    "its removal is proposed.",
    "the image is quarantined.",
    "those concerned are told.",
    "the operation that waits for it is told.",
    "nothing is done.",
  ]);
});

test.each([
  ["loop-guard", "retraining for this cause has not helped"],
  ["retraining-disabled", "its policy does not retrain automatically"],
  ["during-rollout", "a rollout is under way and rolls back first"],
  ["same-incident", "an incident is open already"],
  ["minor", "its sender does not rate it severe enough"],
  ["claimed", "an operation registered it itself"],
  ["repeated", "its budget has run out again and again"],
  ["last-tier", "its whole budget is spent"],
  ["no-policy", "no pattern in the policy matches it"],
])("says of the turn %s that %s", (turn, words) => {
  expect(reasonFor(signalOf("drift.data", { subject: {} }), "none", turn, null)).toBe(
    `Something unnamed gets data that has drifted, so nothing is done: ${words}.`,
  );
});

describe("gives the figures", () => {
  const one = (change: Partial<Measurement>): Measurement => ({
    metric: "x",
    value: 1,
    threshold: 2,
    ...change,
  });

  test.each([
    { measurements: [one({})], says: " (x 1, limit 2)" },
    { measurements: [one({ group: "a", unit: "ms" })], says: " (x of a 1 ms, limit 2 ms)" },
    { measurements: [one({ value: null })], says: " (x unknown, limit 2)" },
    { measurements: [one({ threshold: null })], says: " (x 1)" },
    { measurements: [one({ value: 0.123456 })], says: " (x 0.123, limit 2)" },
    {
      measurements: [one({}), one({ metric: "y" }), one({ metric: "z" })],
      says: " (x 1, limit 2; y 1, limit 2; z 1, limit 2)",
    },
    {
      measurements: Array.from({ length: 5 }, () => one({ threshold: null })),
      says: " (x 1; x 1; x 1; 2 more)",
    },
    { measurements: [], says: "" },
  ])("as$says", ({ measurements, says }) => {
    expect(about("endpoint.slow", { endpoint: "e" }, measurements)).toBe(
      `Endpoint e answers too slowly${says}, so nothing is done.`,
    );
  });

  test("and a budget's share first", () => {
    const signal = signalOf("budget.reached", {
      subject: { budget: "team" },
      evidence: { measurements: [], facts: { tierPercent: "80" } },
    });
    expect(reasonFor(signal, "notice", null, null)).toBe(
      "Budget team has reached a tier (80% of the budget), so those concerned are told.",
    );
    const other = signalOf("endpoint.slow", {
      subject: {},
      evidence: { measurements: [], facts: { tierPercent: "80" } },
    });
    expect(reasonFor(other, "none", null, null)).not.toContain("80%");
  });
});

describe("says what holds it back, until when, and what lifts it", () => {
  const held = (state: object, signal = signalOf("drift.data")) =>
    decide(signal, quick, { ...calm, ...state }, now).reason.replace(/^.*? Held/, "Held");

  test.each([
    {
      state: { decidedSignals: ["drift.data:1"] },
      says: "Held back by duplicate until it is replayed; lifted by a replay of the signal from the inbox: it has been decided before.",
    },
    {
      state: { operations: [{ id: "op-1", kind: "retraining", since: at(-1000) }] },
      says: "Held back by operation-under-way until operation op-1 ends; lifted by the end of operation op-1 (retraining, since 2026-07-01T11:59:59.000Z).",
    },
    {
      state: { lastRetrainedAt: at(-1000) },
      says: "Held back by cool-down until 2026-07-01T12:00:29.000Z; lifted by the end of the cool-down of PT30S after the last retraining.",
    },
    {
      state: {
        retrains: Array.from({ length: 20 }, (_, index) => ({
          startedAt: at(-60_000 - index),
          cause: "drift.prediction",
        })).reverse(),
      },
      says: "Held back by quota until 2026-07-01T12:58:59.981Z; lifted by the age of earlier retrains: 20 within PT1H are allowed.",
    },
  ])("$says", ({ state, says }) => {
    expect(held(state)).toBe(says);
  });

  test("and the quota is free again when the oldest that counts leaves it, in whatever order they are kept", () => {
    const retrains = Array.from({ length: 20 }, (_, index) => ({
      startedAt: at(-60_000 - index),
      cause: "drift.prediction" as const,
    }));
    expect(decide(signalOf("drift.data"), quick, { ...calm, retrains }, now).heldBack?.until).toBe(
      "2026-07-01T12:58:59.981Z",
    );
  });
});
