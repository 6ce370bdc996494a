import * as z from "zod";
import { addPairs, NO_PAIRS, PairSums } from "./errors-of.ts";

/** Length of a tumbling window; it starts at whole multiples of it since the epoch. */
export const WINDOW_MS = 5 * 60_000;

/** How much later than newer records a record may come and still count: diagnostic logs are late by minutes. */
export const LATENESS_MS = 5 * 60_000;

/** An endpoint has at most 20 deployments, and few of its windows are open at a time: more is nonsense. */
const MOST_WINDOWS = 100;

/** What was seen of one deployment within one window. */
export const Window = z.object({
  deployment: z.string(),
  /** Start in ms since the epoch. */
  start: z.int(),
  requests: z.int(),
  /** Answered 4xx or 5xx, throttling apart. */
  failed: z.int(),
  /** Answered 429, or slowed down on the way. */
  throttled: z.int(),
  /** Requests by duration in ms, to three digits. */
  latencies: z.record(z.string(), z.int()),
  /** The worst minute's 95th percentile, from metrics; null without any. */
  metricP95Ms: z.number().nullable(),
  truths: PairSums,
});
export type Window = z.infer<typeof Window>;

/** Something to be counted: what it adds, to which deployment, at which time. */
export type Item = { readonly at: number; readonly deployment: string; readonly add: Partial<Counts> };
type Counts = Omit<Window, "deployment" | "start">;

export const windowStart = (at: number): number => Math.floor(at / WINDOW_MS) * WINDOW_MS;

export const emptyWindow = (deployment: string, start: number): Window => ({
  deployment,
  start,
  requests: 0,
  failed: 0,
  throttled: 0,
  latencies: {},
  metricP95Ms: null,
  truths: NO_PAIRS,
});

/** Counts items into windows; the oldest give way when there are too many. */
export function count(windows: readonly Window[], items: readonly Item[]): Window[] {
  const byKey = new Map(windows.map((window) => [keyOf(window), window]));
  for (const { at, deployment, add } of items) {
    const start = windowStart(at);
    const key = keyOf({ deployment, start });
    byKey.set(key, addTo(byKey.get(key) ?? emptyWindow(deployment, start), add));
  }
  return [...byKey.values()].sort((a, b) => a.start - b.start).slice(-MOST_WINDOWS);
}

/** One window of each deployment and start, from those of several partitions. */
export function combine(windows: readonly Window[]): Window[] {
  const items = windows.map(({ start, deployment, ...add }) => ({ at: start, deployment, add }));
  return count([], items);
}

function addTo(window: Window, add: Partial<Counts>): Window {
  const latencies = { ...window.latencies };
  for (const [ms, requests] of Object.entries(add.latencies ?? {})) {
    latencies[ms] = (latencies[ms] ?? 0) + requests;
  }
  const worst = Math.max(window.metricP95Ms ?? -1, add.metricP95Ms ?? -1);
  return {
    ...window,
    requests: window.requests + (add.requests ?? 0),
    failed: window.failed + (add.failed ?? 0),
    throttled: window.throttled + (add.throttled ?? 0),
    latencies,
    metricP95Ms: worst < 0 ? null : worst,
    truths: addPairs(window.truths, add.truths ?? NO_PAIRS),
  };
}

/** A duration cut to three digits: whole ms up to a second, tens of ms up to ten, and so on. */
export function latencyKey(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  const unit = 10 ** Math.max(0, String(whole).length - 3);
  return String(Math.floor(whole / unit) * unit);
}

/** The smallest duration that at least 95 % of the requests stayed within; null without any. */
export function p95Ms({ latencies, metricP95Ms }: Window): number | null {
  const sorted = Object.entries(latencies)
    .map(([ms, requests]) => ({ ms: Number(ms), requests }))
    .sort((a, b) => a.ms - b.ms);
  const total = sorted.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) return metricP95Ms;
  let seen = 0;
  for (const { ms, requests } of sorted) {
    seen += requests;
    if (seen >= total * 0.95) return ms;
  }
  return sorted.at(-1)?.ms ?? null;
}

const keyOf = ({ deployment, start }: Pick<Window, "deployment" | "start">) => `${start}|${deployment}`;
