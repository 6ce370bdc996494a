import * as z from "zod";
import type { EventStream } from "../azure/event-stream.ts";
import type { Documents } from "../azure/tables.ts";
import { sha256 } from "../canonical.ts";
import { OuterloopError } from "../errors.ts";
import { chain, GENESIS, LedgerEntry, type LedgerRecord, type Verification, verifyChain } from "./entry.ts";

/** The ledger's table holds entries, the head of the chain, and one marker for each key that was recorded. */
export const LedgerRow = z.union([
  LedgerEntry,
  z.object({ head: z.string(), sequence: z.int() }),
  z.object({ recorded: z.int() }),
]);
export type LedgerRow = z.infer<typeof LedgerRow>;

/** One chain is one partition: only within a partition can an entry and the head change together. */
const PARTITION = "chain";
const HEAD = { partition: PARTITION, row: "head" };
const entryKey = (sequence: number) => ({
  partition: PARTITION,
  row: `entry:${String(sequence).padStart(12, "0")}`,
});

const markerOf = (key: string) => ({ partition: PARTITION, row: `key:${sha256(key)}` });

/** Other writers move the head meanwhile; each loss means that somebody else got on. */
const MOST_ATTEMPTS = 50;

/** The ledger was so busy that this entry found no place. Worth another try. */
export class LedgerBusyError extends OuterloopError {
  override name = "LedgerBusyError";
}

/** The append-only, hash-chained record of what was decided and done. */
export class Ledger {
  readonly #rows: Documents<LedgerRow>;
  readonly #stream: EventStream | null;
  readonly #now: () => Date;

  constructor(rows: Documents<LedgerRow>, stream: EventStream | null, now: () => Date) {
    this.#rows = rows;
    this.#stream = stream;
    this.#now = now;
  }

  /**
   * Appends an entry, once for each key: the same key again answers the entry that is there.
   *
   * @param key - names the fact, such as `signal:{id}` or `{operation}/traffic-50`
   * @throws {LedgerBusyError} when other writers were faster every time
   */
  async append(key: string, record: LedgerRecord): Promise<LedgerEntry> {
    const marker = markerOf(key);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const recorded = await this.#rows.get(marker);
      if (recorded && "recorded" in recorded.value) {
        const entry = await this.#entry(recorded.value.recorded);
        // It may have been recorded by a run that died before it could tell.
        await this.#tell(entry);
        return entry;
      }
      const entry = await this.#tryAppend(marker, record);
      if (entry) {
        await this.#tell(entry);
        return entry;
      }
      // A random pause, so that two writers do not meet again and again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * (attempt + 1)));
    }
    throw new LedgerBusyError(`The ledger took no entry for '${key}' in ${MOST_ATTEMPTS} attempts.`, { key });
  }

  /** The entry that was appended under this key; null when none was. */
  async find(key: string): Promise<LedgerEntry | null> {
    const recorded = await this.#rows.get(markerOf(key));
    return recorded && "recorded" in recorded.value ? this.#entry(recorded.value.recorded) : null;
  }

  /** Entries in order, from sequence `from` on. */
  async *entries(from = 1): AsyncGenerator<LedgerEntry> {
    const range = { partition: PARTITION, from: entryKey(from).row, below: "entry;" };
    for await (const { value } of this.#rows.list(range)) {
      if ("hash" in value) yield value;
    }
  }

  /** Number of entries: the sequence of the newest one. */
  async length(): Promise<number> {
    const head = await this.#rows.get(HEAD);
    return head && "head" in head.value ? head.value.sequence : 0;
  }

  async verify(): Promise<Verification> {
    return verifyChain(await Array.fromAsync(this.entries()));
  }

  async #tryAppend(
    marker: { partition: string; row: string },
    record: LedgerRecord,
  ): Promise<LedgerEntry | null> {
    const head = await this.#rows.get(HEAD);
    const last = head && "head" in head.value ? head.value : { head: GENESIS, sequence: 0 };
    const entry = chain(record, last.sequence + 1, last.head, this.#now());
    const inserts = [
      { key: entryKey(entry.sequence), value: entry },
      { key: marker, value: { recorded: entry.sequence } },
    ];
    const newHead = { key: HEAD, value: { head: entry.hash, sequence: entry.sequence } };
    const outcome = head
      ? await this.#rows.insertAll(inserts, [{ ...newHead, etag: head.etag }])
      : await this.#rows.insertAll([...inserts, newHead]);
    return outcome === "inserted" ? entry : null;
  }

  async #entry(sequence: number): Promise<LedgerEntry> {
    const stored = await this.#rows.get(entryKey(sequence));
    return LedgerEntry.parse(stored?.value);
  }

  async #tell(entry: LedgerEntry): Promise<void> {
    await this.#stream?.send({ id: `ledger-${entry.sequence}`, body: entry });
  }
}
