import * as z from "zod";
import { SignalKind } from "../signals/signal.ts";

/** What can be done about a signal. `notice` tells people; `raise-event` wakes the operation that waits for it. */
export const REACTIONS = [
  "promotion",
  "retraining",
  "development-loopback",
  "setup-loopback",
  "cost-review",
  "decommission",
  "image-quarantine",
  "notice",
  "raise-event",
  "none",
] as const;
export const Reaction = z.enum(REACTIONS);
export type Reaction = z.infer<typeof Reaction>;

/** What ends a hold that no clock ends, with all that it takes to recognise it when it happens. */
export const UntilEvent = z.discriminatedUnion("event", [
  /** Somebody sends the signal again from the inbox, on purpose: it then has another id. */
  z.object({ event: z.literal("replay"), signal: z.string() }),
  /** The operation ends, whatever its outcome. */
  z.object({ event: z.literal("operation-end"), operation: z.string(), kind: z.string() }),
  /** Nothing: the operation itself carries on what the signal is about. */
  z.object({ event: z.literal("never"), operation: z.string() }),
  /** So many more reports that are breaches, one after another. */
  z.object({ event: z.literal("breaches"), kind: SignalKind, more: z.int().min(1) }),
  /** A report with a value beyond its limit, of a feature that matters at least this share. */
  z.object({ event: z.literal("finding"), kind: SignalKind, importance: z.number() }),
  /** A report that rests on so many rows. */
  z.object({ event: z.literal("sample"), kind: SignalKind, rows: z.int() }),
  /** A finding of this kind, from predictions compared with the truth. */
  z.object({ event: z.literal("confirmation"), kind: SignalKind }),
  /** Somebody who may says that it may cost so much. */
  z.object({ event: z.literal("approval"), reaction: Reaction, amount: z.number(), currency: z.string() }),
]);
export type UntilEvent = z.infer<typeof UntilEvent>;

/** Why a reaction does not start now, until when, and what would lift it: an operator reads this. */
export const HeldBack = z.object({
  hold: z.string(),
  /** The moment at which it ends by itself; null when no clock ends it, but `untilEvent`. */
  until: z.iso.datetime().nullable(),
  /** Absent where `until` is a moment, and in decisions of before it was recorded. */
  untilEvent: UntilEvent.optional(),
  liftedBy: z.string(),
  /** The policy's value that it rests on, as a dotted path. */
  policyField: z.string().optional(),
});
export type HeldBack = z.infer<typeof HeldBack>;

/** Whether a finding about drift or performance means anything: noise is recorded and not counted. */
export const Triage = z.object({ verdict: z.enum(["noise", "suspected", "confirmed"]), because: z.string() });
export type Triage = z.infer<typeof Triage>;

/** One signal's consequence, by one rule, with the reason in a sentence. Suppressed decisions are decisions too. */
export const Decision = z.object({
  signalId: z.string(),
  reaction: Reaction,
  /** Name of the rule that chose it, e.g. `drift.data/classical`. */
  rule: z.string(),
  reason: z.string(),
  /** The policy's value that the rule rests on, as a dotted path; absent where no policy has a say. */
  policyField: z.string().optional(),
  /** How sure it is that the model got worse; absent for what says nothing about that. */
  triage: Triage.optional(),
  /** Id of the incident that the signal opens, or belongs to. */
  incident: z.string().optional(),
  heldBack: HeldBack.nullable(),
  /** SHA-256 of the effective policy, hex; empty when the model has no policy. */
  policyDigest: z.string(),
  decidedAt: z.iso.datetime(),
});
export type Decision = z.infer<typeof Decision>;
