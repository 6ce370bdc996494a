import type { Signal } from "./signal.ts";

/**
 * What a payload turned out to be. `rule` names the parser's row that decided, for the inbox.
 * `ignored` was read and calls for nothing; `rejected` could not be read, and `field` says where.
 */
export type ParseOutcome =
  | { outcome: "signal"; signals: Signal[]; rule: string }
  | { outcome: "handshake"; rule: string }
  | Ignored
  | { outcome: "rejected"; rule: string; reason: string; field: string };

export type Ignored = { outcome: "ignored"; rule: string; reason: string };

export const signalled = (rule: string, ...signals: Signal[]): ParseOutcome => ({
  outcome: "signal",
  signals,
  rule,
});

export const ignored = (rule: string, reason: string): Ignored => ({ outcome: "ignored", rule, reason });

export const rejected = (rule: string, field: string, reason: string): ParseOutcome => ({
  outcome: "rejected",
  rule,
  reason,
  field,
});
