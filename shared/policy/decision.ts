import { z } from "zod";

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

/** Why a reaction does not start now, until when, and what would lift it: an operator reads this. */
export const HeldBack = z.object({
  hold: z.string(),
  /** When it ends by itself; null when only `liftedBy` ends it. */
  until: z.iso.datetime().nullable(),
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
