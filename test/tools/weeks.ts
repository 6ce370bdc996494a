import type { Signal, SignalKind } from "../../shared/signals/signal.ts";

/** A week of signals about weather-max and what it runs on, as an inbox's export: one line for each. */
export function weekOfSignals(): string {
  return WEEK.map(([receivedAt, kind, subject, change]) => {
    const signal: Signal = {
      id: `${kind}:${receivedAt}`,
      kind,
      state: "raised",
      subject,
      severity: 2,
      occurredAt: receivedAt,
      evidence: { measurements: [], facts: {} },
      source: { door: "test", type: "test", id: receivedAt },
      ...change,
    };
    return JSON.stringify({ receivedAt, signal });
  }).join("\n");
}

const model = { model: "weather-max" };
const endpoint = { endpoint: "search-ranking" };
const cleared = { state: "cleared" as const };
const spent = (tierPercent: string) => ({
  evidence: { measurements: [], facts: { tierPercent, thresholdType: "Actual" } },
});

const WEEK: readonly (readonly [string, SignalKind, Signal["subject"], Partial<Signal>?])[] = [
  ["2026-07-06T06:00:00.000Z", "drift.data", model],
  ["2026-07-06T18:00:00.000Z", "drift.data", model],
  ["2026-07-07T06:00:00.000Z", "drift.data", model, cleared],
  ["2026-07-07T09:00:00.000Z", "endpoint.failing", endpoint],
  ["2026-07-07T09:05:00.000Z", "endpoint.slow", endpoint],
  ["2026-07-07T09:10:00.000Z", "throttling.exceeded", endpoint],
  ["2026-07-07T11:00:00.000Z", "endpoint.failing", endpoint, cleared],
  ["2026-07-08T06:00:00.000Z", "performance.degraded", model],
  ["2026-07-08T06:30:00.000Z", "performance.degraded", model],
  ["2026-07-08T12:00:00.000Z", "performance.degraded", model],
  ["2026-07-09T08:00:00.000Z", "budget.reached", { budget: "team" }, spent("80")],
  ["2026-07-10T08:00:00.000Z", "budget.reached", { budget: "team" }, spent("100")],
  ["2026-07-10T09:00:00.000Z", "model.registered", { ...model, version: "7" }],
  ["2026-07-11T09:00:00.000Z", "data-quality.violated", model],
  ["2026-07-12T09:00:00.000Z", "workspace.idle", { workspace: "/workspaces/w" }],
  ["2026-07-12T10:00:00.000Z", "drift.data", { model: "stranger" }],
];
