import { describe, expect, test } from "vitest";
import type { ModelState } from "../../../shared/models/state.ts";
import { decide } from "../../../shared/policy/decide.ts";
import { stateAfter } from "../../../shared/policy/state-after.ts";
import { triage } from "../../../shared/policy/triage.ts";
import type { Measurement, SignalKind } from "../../../shared/signals/signal.ts";
import { at, calm, now, policyWith, signalOf } from "./given.ts";

const WEEK = 7 * 86_400_000;

const policy = policyWith((draft) => {
  draft.drift.consecutiveBreaches = 1;
  draft.drift.minimumImportance = 0.2;
  draft.drift.importance = { wind: 0.05, temp_min: 0.2, constructor: 0.01 };
});

const distance = (group: string | undefined, value: number | null = 0.4, threshold: number | null = 0.1) => ({
  metric: "NormalizedWassersteinDistance",
  value,
  threshold,
  ...(group === undefined ? {} : { group }),
});

const drifted = (
  measurements: Measurement[],
  facts: Record<string, string> = {},
  kind: SignalKind = "drift.data",
) => signalOf(kind, { evidence: { measurements, facts } });

const found = (signal = drifted([distance("temp_min")]), state: ModelState = calm, effective = policy) =>
  triage({ signal, state, policy: effective.policy, now });

describe("direction", () => {
  test.each([
    { metric: "NormalizedWassersteinDistance", value: 0.1, verdict: "suspected" },
    { metric: "NormalizedWassersteinDistance", value: 0.099, verdict: "noise" },
    { metric: "TwoSampleKolmogorovSmirnovTest", value: 0.1, verdict: "suspected" },
    { metric: "TwoSampleKolmogorovSmirnovTest", value: 0.101, verdict: "noise" },
    { metric: "somebody's own", value: 0, verdict: "suspected" },
  ])("takes $metric of $value against 0.1 as $verdict", ({ metric, value, verdict }) => {
    expect(found(drifted([{ metric, value, threshold: 0.1 }]))?.verdict).toBe(verdict);
  });

  test("is believed where there is no value or no limit to judge by", () => {
    expect(found(drifted([distance("x", 0, null)]))?.verdict).toBe("suspected");
    expect(found(drifted([distance("x", null, 9)]))?.verdict).toBe("suspected");
    expect(found(drifted([]))?.verdict).toBe("suspected");
  });

  test("one value on the bad side is enough", () => {
    expect(found(drifted([distance("a", 0), distance("b")]))?.verdict).toBe("suspected");
  });

  test("an accuracy above its threshold is noise, though the monitor fires on it", () => {
    const signal = drifted([{ metric: "Accuracy", value: 0.95, threshold: 0.9 }], {}, "performance.degraded");
    expect(found(signal)).toEqual({
      verdict: "noise",
      because: "every value is on the good side of its limit",
    });
  });
});

describe("importance", () => {
  test("drift of features that all matter little is noise, and says which", () => {
    expect(found(drifted([distance("wind")]))).toEqual({
      verdict: "noise",
      because: "the features that moved (wind) matter less than 0.2 to the model",
    });
  });

  test.each([
    { groups: ["temp_min"], verdict: "suspected" },
    { groups: ["wind", "temp_min"], verdict: "suspected" },
    { groups: ["wind", "unheard_of"], verdict: "suspected" },
    { groups: [undefined], verdict: "suspected" },
    { groups: ["toString"], verdict: "suspected" },
  ])("drift of $groups is $verdict", ({ groups, verdict }) => {
    expect(found(drifted(groups.map((group) => distance(group))))?.verdict).toBe(verdict);
  });

  test("looks at the features that moved alone", () => {
    expect(found(drifted([distance("temp_min", 0), distance("wind")]))?.verdict).toBe("noise");
  });

  test("as the signal measured it counts before what the policy says", () => {
    expect(found(drifted([distance("wind")], { "importance.wind": "0.3" }))?.verdict).toBe("suspected");
    expect(found(drifted([distance("temp_min")], { "importance.temp_min": "0.1" }))?.verdict).toBe("noise");
    expect(found(drifted([distance("wind")], { "importance.wind": "much" }))?.verdict).toBe("noise");
  });

  test("names five features and no more", () => {
    const many = drifted(
      ["a", "b", "c", "d", "e", "f"].map((group) => distance(group)),
      Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [`importance.${name}`, "0"])),
    );
    expect(found(many)?.because).toContain("(a, b, c, d, e)");
  });
});

describe("confirmation", () => {
  const performance = (state: "raised" | "cleared", ms: number): ModelState => ({
    ...calm,
    reports: {
      "performance.degraded": [
        { at: at(-2 * WEEK), state: state === "raised" ? "cleared" : "raised", acted: false },
        { at: at(ms), state, acted: false },
      ],
    },
  });

  test.each([
    { state: performance("raised", -1), verdict: "confirmed", because: "found worse than its limit" },
    { state: performance("raised", -WEEK + 1), verdict: "confirmed", because: "found worse" },
    { state: performance("raised", -WEEK), verdict: "suspected", because: "no truths" },
    { state: performance("cleared", -1), verdict: "suspected", because: "back within its limit" },
    { state: calm, verdict: "suspected", because: "no truths" },
  ])("is $verdict: $because", ({ state, verdict, because }) => {
    expect(found(undefined, state)).toMatchObject({ verdict, because: expect.stringContaining(because) });
  });

  test("lies in a finding about performance itself", () => {
    expect(found(signalOf("performance.degraded"))).toEqual({
      verdict: "confirmed",
      because: "its predictions were compared with the truth",
    });
  });

  const careful = policyWith((draft) => {
    draft.drift.consecutiveBreaches = 1;
    draft.drift.actOn = "confirmed";
  });

  test("is waited for where the policy acts on confirmed drift only, and the decision says what lifts it", () => {
    const decision = decide(signalOf("drift.data"), careful, calm, now);
    expect(decision).toMatchObject({
      reaction: "retraining",
      triage: { verdict: "suspected" },
      heldBack: {
        hold: "confirmation",
        until: null,
        untilEvent: { event: "confirmation", kind: "performance.degraded" },
        liftedBy: "a finding that performance got worse, within P7D of the drift",
        policyField: "drift.actOn",
      },
    });
  });

  test("lets confirmed drift act, and the reason says so", () => {
    const decision = decide(signalOf("drift.data"), careful, performance("raised", -1), now);
    expect(decision.heldBack).toBeNull();
    expect(decision.reason).toContain(
      "so it is retrained on new production data. It is confirmed: its performance was found worse than its limit at",
    );
  });

  test("comes from a signal that was decided before: drift after worse performance is confirmed", () => {
    const worse = signalOf("performance.degraded");
    const after = stateAfter(worse, decide(worse, careful, calm, now), calm, now);
    expect(found(undefined, after)?.verdict).toBe("confirmed");
  });
});

test.each(["data-quality.violated", "endpoint.slow", "model.registered"] as const)(
  "says nothing about %s",
  (kind) => {
    expect(found(signalOf(kind))).toBeNull();
    expect(decide(signalOf(kind), policy, calm, now)).not.toHaveProperty("triage");
  },
);

test("says nothing without a policy, or when the finding has cleared", () => {
  expect(triage({ signal: signalOf("drift.data"), state: calm, policy: null, now })).toBeNull();
  expect(found(signalOf("drift.data", { state: "cleared" }))).toBeNull();
});

describe("noise and small samples", () => {
  const noise = drifted([distance("wind")]);

  test("are held back, and say what would be a finding", () => {
    expect(decide(noise, policy, calm, now).heldBack).toEqual({
      hold: "noise",
      until: null,
      untilEvent: { event: "finding", kind: "drift.data", importance: 0.2 },
      liftedBy: "a value on the bad side of its limit of a feature that matters at least 0.2",
      policyField: "drift.minimumImportance",
    });
    const plain = policyWith(() => {});
    expect(decide(drifted([distance("x", 0)]), plain, calm, now).heldBack?.liftedBy).toBe(
      "a value on the bad side of its limit",
    );
  });

  test("neither count as a breach nor end a count", () => {
    const counting = { ...calm, breaches: { "drift.data": [at(-1)] } };
    const after = stateAfter(noise, decide(noise, policy, counting, now), counting, now);
    expect(after).toMatchObject({ breaches: { "drift.data": [at(-1)] }, reports: {} });
    expect(after.decidedSignals).toEqual(["drift.data:1"]);
  });

  const sampled = policyWith((draft) => {
    draft.drift.consecutiveBreaches = 1;
    draft.drift.minimumSample = 30;
  });
  const of = (...sizes: (number | undefined)[]) =>
    drifted(
      sizes.map((sampleSize) => ({ ...distance("x"), ...(sampleSize === undefined ? {} : { sampleSize }) })),
    );

  test.each([
    { sizes: [29], hold: "minimum-sample" },
    { sizes: [30], hold: null },
    { sizes: [5, 31], hold: null },
    { sizes: [undefined], hold: null },
    { sizes: [], hold: null },
    { sizes: [undefined, 1], hold: "minimum-sample" },
  ])("rests on $sizes rows of at least 30: $hold", ({ sizes, hold }) => {
    expect(decide(of(...sizes), sampled, calm, now).heldBack?.hold ?? null).toBe(hold);
  });

  test("says how many rows it has, and does not count", () => {
    const small = of(12);
    const decision = decide(small, sampled, calm, now);
    expect(decision.heldBack).toMatchObject({
      until: null,
      untilEvent: { event: "sample", kind: "drift.data", rows: 30 },
      liftedBy: "a finding that rests on at least 30 rows; this one has 12",
    });
    expect(stateAfter(small, decision, calm, now)).toMatchObject({ breaches: {}, reports: {} });
  });

  test("hold back no other kind: an outage of few requests is an outage", () => {
    const slow = signalOf("endpoint.slow", { evidence: of(1).evidence });
    expect(decide(slow, sampled, calm, now).heldBack).toBeNull();
    const quality = signalOf("data-quality.violated", { evidence: of(1).evidence });
    expect(decide(quality, sampled, calm, now).heldBack).toBeNull();
  });

  test("hold back nothing that has cleared", () => {
    expect(decide({ ...of(1), state: "cleared" }, sampled, calm, now).heldBack).toBeNull();
  });
});
