import { vi } from "vitest";

/**
 * How long a test waits for what a process, a request or a timer brings about. It measures nothing: on a busy machine
 * all of it takes longer, and only a fault takes this long. Less than a test's own timeout, so that the fault is told by name.
 */
const PATIENCE_MS = 50_000;

/** Waits until `look` answers something. */
export const until = <T>(look: () => T | Promise<T>, withinMs = PATIENCE_MS) =>
  vi.waitUntil(look, { timeout: withinMs, interval: 20 });

/** Waits until `check` throws no more. */
export const eventually = <T>(check: () => T | Promise<T>, withinMs = PATIENCE_MS) =>
  vi.waitFor(check, { timeout: withinMs, interval: 20 });
