import { readFileSync } from "node:fs";
import { ModelState } from "../../../shared/models/state.ts";
import { type EffectivePolicy, loadPolicy } from "../../../shared/policy/load.ts";
import { ModelPolicy } from "../../../shared/policy/schema.ts";
import type { Signal, SignalKind } from "../../../shared/signals/signal.ts";

export const now = new Date("2026-07-01T12:00:00Z");

/** The moment so many milliseconds from `now`, as text. */
export const at = (ms: number): string => new Date(now.getTime() + ms).toISOString();

export const policyText = readFileSync(new URL("../../../policy.yaml", import.meta.url), "utf8");

const shipped = loadPolicy(policyText, "policy.yaml").for("weather-max");

/** The shipped policy of weather-max with other values, digest and all. */
export function policyWith(change: (policy: ModelPolicy) => void): EffectivePolicy {
  if (!shipped) throw new Error("policy.yaml has no weather-max");
  const policy = structuredClone(shipped.policy);
  change(policy);
  return { policy: ModelPolicy.parse(policy), digest: "0".repeat(64), sources: {} };
}

/** Nothing under way, nothing remembered. */
export const calm = ModelState.parse({ model: "weather-max" });

export function signalOf(kind: SignalKind, change: Partial<Signal> = {}): Signal {
  return {
    id: `${kind}:1`,
    kind,
    state: "raised",
    subject: { model: "weather-max", version: "3" },
    severity: 2,
    occurredAt: "2026-07-01T11:59:00.000Z",
    evidence: { measurements: [], facts: {} },
    source: { door: "test", type: "test", id: "1" },
    ...change,
  };
}
