import * as z from "zod";
import { canonicalJson, sha256 } from "../canonical.ts";

/** What an entry may record. */
export const LEDGER_KINDS = ["decision", "started", "step", "approval", "outcome"] as const;

/** The facts of an entry, as whoever records it knows them. */
export const LedgerRecord = z.object({
  kind: z.enum(LEDGER_KINDS),
  /** One sentence that an auditor would understand. */
  summary: z.string().max(2_000),
  /** Who or what did it: a person's address, or `outerloop`. */
  actor: z.string(),
  model: z.string().optional(),
  version: z.string().optional(),
  /** The operation it belongs to. */
  operation: z.string().optional(),
  signal: z.string().optional(),
  /** SHA-256 of the effective policy. */
  policyDigest: z.string().optional(),
  /** Figures and evidence that the entry rests on. */
  evidence: z.record(z.string(), z.unknown()).default({}),
});
export type LedgerRecord = z.infer<typeof LedgerRecord>;

/** A record in the chain: `hash` covers everything else, `previous` is the hash of entry `sequence - 1`. */
export const LedgerEntry = LedgerRecord.extend({
  sequence: z.int().min(1),
  recordedAt: z.iso.datetime(),
  previous: z.string(),
  hash: z.string(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** The hash before the first entry. */
export const GENESIS = "0".repeat(64);

export function chain(
  record: LedgerRecord,
  sequence: number,
  previous: string,
  recordedAt: Date,
): LedgerEntry {
  const body = { ...record, sequence, previous, recordedAt: recordedAt.toISOString() };
  return { ...body, hash: sha256(canonicalJson(body)) };
}

export interface Verification {
  readonly verified: boolean;
  readonly entries: number;
  /** Where the chain breaks first, and how; null when it holds. */
  readonly broken: { readonly sequence: number; readonly reason: string } | null;
}

/** Checks an unbroken run of entries from the first one. */
export function verifyChain(entries: Iterable<LedgerEntry>): Verification {
  let previous = GENESIS;
  let count = 0;
  for (const entry of entries) {
    const { hash, ...body } = entry;
    const expected = count + 1;
    let reason: string | null = null;
    if (entry.sequence !== expected) reason = `entry ${expected} is missing`;
    else if (entry.previous !== previous) reason = "it does not follow the entry before it";
    else if (hash !== sha256(canonicalJson(body))) reason = "its content does not match its hash";
    if (reason !== null) return { verified: false, entries: count, broken: { sequence: expected, reason } };
    previous = hash;
    count += 1;
  }
  return { verified: true, entries: count, broken: null };
}
