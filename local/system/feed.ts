import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";

/** The parts of a ledger entry that are told as they come. */
const LedgerLine = z.looseObject({
  sequence: z.int(),
  recordedAt: z.string(),
  kind: z.string(),
  summary: z.string(),
  operation: z.string().optional(),
  version: z.string().optional(),
  evidence: z.record(z.string(), z.unknown()),
});
export type LedgerLine = z.infer<typeof LedgerLine>;

const Page = z.object({ value: z.array(LedgerLine) });

const PAUSE_MS = 500;
const TIMEOUT_MS = 10_000;

/** Follows the ledger over the operator API until `signal` is aborted; a moment without answers is waited out. */
export async function* followLedger(host: string, signal: AbortSignal, from = 1): AsyncGenerator<LedgerLine> {
  let next = from;
  while (!signal.aborted) {
    const lines = await read(`${host}/api/ledger?from=${next}`, signal);
    for (const line of lines) {
      next = line.sequence + 1;
      yield line;
    }
    if (lines.length === 0) await pause(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

async function read(url: string, signal: AbortSignal): Promise<LedgerLine[]> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
    return Page.parse(await answer.json()).value;
  } catch {
    return [];
  }
}
