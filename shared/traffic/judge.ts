import * as z from "zod";
import type { ModelPolicy } from "../policy/schema.ts";
import { type Measurement, type Signal, SignalKind } from "../signals/signal.ts";
import { addPairs, errorOf, NO_PAIRS, PairSums } from "./errors-of.ts";
import { p95Ms, WINDOW_MS, type Window } from "./windows.ts";

/** What has been judged of one deployment, and which alarms stand. */
export const Alarms = z.object({
  deployment: z.string(),
  /** Start of the last window that was judged. */
  judgedThrough: z.int(),
  raised: z.array(SignalKind),
  /** Truths that were too few to judge, waiting for more. */
  carried: PairSums,
});
export type Alarms = z.infer<typeof Alarms>;

export const noAlarms = (deployment: string): Alarms => ({
  deployment,
  judgedThrough: 0,
  raised: [],
  carried: NO_PAIRS,
});

export type Limits = { readonly rollout: ModelPolicy["rollout"]["limits"]; readonly quality: Quality };
type Quality = ModelPolicy["staging"]["checks"]["quality"];

export type Finding = {
  readonly kind: SignalKind;
  readonly state: Signal["state"];
  readonly start: number;
  readonly measurement: Measurement;
};

type Reading = { kind: SignalKind; isBreach: boolean; measurement: Measurement };

/**
 * Judges one window. An alarm is raised by the first window above a limit and cleared by the first one within it; too
 * small a sample changes nothing. Worse predictions are told by every window, because the policy counts breaches.
 */
export function judge(
  window: Window,
  limits: Limits,
  alarms: Alarms,
): { findings: Finding[]; alarms: Alarms } {
  const carried = addPairs(alarms.carried, window.truths);
  const truth = readTruths(carried, limits.quality, window);
  const readings = [...readRequests(window, limits.rollout), ...(truth ? [truth] : [])];
  const raised = new Set(alarms.raised);
  const findings: Finding[] = [];
  for (const { kind, isBreach, measurement } of readings) {
    const wasRaised = raised.has(kind);
    const isRepeated = kind === "performance.degraded" && isBreach;
    if (isBreach !== wasRaised || isRepeated) {
      findings.push({ kind, state: isBreach ? "raised" : "cleared", start: window.start, measurement });
    }
    if (isBreach) raised.add(kind);
    else raised.delete(kind);
  }
  return {
    findings,
    alarms: {
      ...alarms,
      judgedThrough: window.start,
      raised: [...raised],
      carried: truth ? NO_PAIRS : carried,
    },
  };
}

function readRequests(window: Window, limits: Limits["rollout"]): Reading[] {
  const { requests, failed, throttled } = window;
  const common = { window: intervalOf(window), ...(requests > 0 ? { sampleSize: requests } : {}) };
  const read = (
    kind: SignalKind,
    metric: string,
    value: number,
    threshold: number,
    unit?: string,
  ): Reading => ({
    kind,
    isBreach: value > threshold,
    measurement: { metric, value, threshold, ...common, ...(unit === undefined ? {} : { unit }) },
  });
  const slow = (p95: number | null) =>
    p95 === null ? [] : [read("endpoint.slow", "RequestLatency_P95", p95, limits.p95Ms, "ms")];
  // A metric is an answer of its own: it comes without the number of requests.
  if (requests === 0) return slow(window.metricP95Ms);
  if (requests < limits.minimumRequests) return [];
  return [
    read("endpoint.failing", "ErrorRate", failed / requests, limits.errorRate),
    read("throttling.exceeded", "ThrottledRate", throttled / requests, limits.errorRate),
    ...slow(p95Ms(window)),
  ];
}

function readTruths(sums: PairSums, quality: Quality, window: Window): Reading | null {
  if (sums.pairs === 0 || sums.pairs < quality.minimumSample) return null;
  const value = errorOf(quality.metric, sums);
  if (value === null) return null;
  return {
    kind: "performance.degraded",
    isBreach: value > quality.maximum,
    measurement: {
      metric: quality.metric,
      value,
      threshold: quality.maximum,
      unit: quality.unit,
      sampleSize: sums.pairs,
      window: intervalOf(window),
    },
  };
}

const intervalOf = ({ start }: Window): string =>
  `${new Date(start).toISOString()}/${new Date(start + WINDOW_MS).toISOString()}`;
