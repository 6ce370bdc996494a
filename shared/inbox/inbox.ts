import { createHash } from "node:crypto";
import * as z from "zod";
import type { PayloadStore } from "../azure/payload-store.ts";
import type { Documents } from "../azure/tables.ts";
import { Signal } from "../signals/signal.ts";

export const INBOX_OUTCOMES = ["signal", "handshake", "ignored", "rejected", "duplicate"] as const;

/** One inbound payload and what became of it. Its bytes are in a blob named by their digest. */
export const InboxEntry = z.object({
  /** Digest of door and bytes, then the moment it was received: one for each delivery. */
  id: z.string(),
  door: z.string(),
  receivedAt: z.iso.datetime(),
  /** `duplicate`: every signal in it had come before; it is decided once. */
  outcome: z.enum(INBOX_OUTCOMES),
  /** The signal's kind, where it became one. */
  kind: z.string().nullable(),
  signalIds: z.array(z.string()),
  /** The parser or the rule that answered. */
  rule: z.string(),
  reason: z.string().nullable(),
  /** What could not be read, as a path; null unless rejected. */
  field: z.string().nullable(),
});
export type InboxEntry = z.infer<typeof InboxEntry>;

/** A signal, and the entry that it came in with first. */
export const Arrival = z.object({ entry: z.string(), receivedAt: z.iso.datetime(), signal: Signal });
export type Arrival = z.infer<typeof Arrival>;

/** The inbox's table holds entries, and one arrival for each signal. */
export const InboxRow = z.union([InboxEntry, Arrival]);
export type InboxRow = z.infer<typeof InboxRow>;

export type NewEntry = Omit<InboxEntry, "id" | "signalIds" | "kind"> & { signals: readonly Signal[] };

export type InboxFilter = {
  outcome?: string | undefined;
  door?: string | undefined;
  since?: Date | undefined;
};

/** Row keys count down, so that the newest entry comes first. */
const LAST_MS = 9_999_999_999_999;

/** A filter that matches little is not followed to the beginning of time in one request. */
const MOST_EXAMINED = 5_000;

const ENTRIES = "inbox";
const ARRIVALS = "signal";

/** Every payload that came to a door, with its outcome: nothing is lost, and nothing happens without a reason. */
export class Inbox {
  readonly #rows: Documents<InboxRow>;
  readonly #payloads: PayloadStore;

  constructor(rows: Documents<InboxRow>, payloads: PayloadStore) {
    this.#rows = rows;
    this.#payloads = payloads;
  }

  /**
   * Keeps a payload and its outcome; a signal that arrived before makes it a `duplicate`.
   *
   * Safe to repeat: equal bytes at one door in one millisecond are one entry. A try that died half-way leaves an
   * arrival whose entry is missing, and such an arrival does not count.
   */
  async keep(payload: Uint8Array, { signals, ...facts }: NewEntry): Promise<InboxEntry> {
    const digest = createHash("sha256").update(`${facts.door}\n`).update(payload).digest("hex").slice(0, 32);
    const id = `${digest}-${Date.parse(facts.receivedAt).toString(36)}`;
    await this.#payloads.put(digest, payload);
    const isNew = await Promise.all(signals.map((signal) => this.#arrives(signal, id, facts.receivedAt)));
    const isDuplicate = facts.outcome === "signal" && !isNew.includes(true);
    const entry: InboxEntry = {
      ...facts,
      id,
      outcome: isDuplicate ? "duplicate" : facts.outcome,
      kind: signals[0]?.kind ?? null,
      signalIds: signals.map((signal) => signal.id),
      reason: isDuplicate ? "the same had come before: it is decided once" : facts.reason,
    };
    await this.#rows.put(keyOf(id), entry);
    return entry;
  }

  async get(id: string): Promise<InboxEntry | null> {
    if (!/^[0-9a-f]{32}-[0-9a-z]{1,9}$/.test(id)) return null;
    const stored = await this.#rows.get(keyOf(id));
    return stored && "id" in stored.value ? stored.value : null;
  }

  /** The bytes of an entry, exactly as they came. */
  async payload(id: string): Promise<Uint8Array> {
    return this.#payloads.get(id.slice(0, 32));
  }

  /** Where a signal came in first; null when it never did. */
  async arrival(signalId: string): Promise<Arrival | null> {
    const stored = await this.#rows.get({ partition: ARRIVALS, row: signalId });
    return stored && "signal" in stored.value ? stored.value : null;
  }

  /** Newest first. */
  async newest(most: number): Promise<InboxEntry[]> {
    return (await this.page(most)).entries;
  }

  /**
   * Newest first, at most `top` that fit the filter.
   *
   * @param after - continues behind the page that gave it
   * @returns `continuation` is null at the end; a page may be short and still have one
   */
  async page(
    top: number,
    { outcome, door, since }: InboxFilter = {},
    after?: string,
  ): Promise<{ entries: InboxEntry[]; continuation: string | null }> {
    const entries: InboxEntry[] = [];
    const range = {
      partition: ENTRIES,
      ...(after === undefined ? {} : { from: `${after}!` }),
      ...(since === undefined ? {} : { below: countdown(since.getTime() - 1) }),
    };
    let examined = 0;
    for await (const { value } of this.#rows.list(range)) {
      if (!("id" in value)) continue;
      const fits = (outcome ?? value.outcome) === value.outcome && (door ?? value.door) === value.door;
      if (fits) entries.push(value);
      examined += 1;
      if (entries.length === top || examined === MOST_EXAMINED) {
        return { entries, continuation: rowOf(value.id) };
      }
    }
    return { entries, continuation: null };
  }

  /** Every signal that came in since then, once, oldest first. */
  async arrivals(since: Date): Promise<Arrival[]> {
    const found: Arrival[] = [];
    for await (const { value } of this.#rows.list({ partition: ARRIVALS })) {
      if ("signal" in value && Date.parse(value.receivedAt) >= since.getTime()) found.push(value);
    }
    return found.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  }

  async #arrives(signal: Signal, entry: string, receivedAt: string): Promise<boolean> {
    const key = { partition: ARRIVALS, row: signal.id };
    if (await this.#rows.insert(key, { entry, receivedAt, signal })) return true;
    const first = await this.arrival(signal.id);
    return first === null || first.entry === entry || (await this.get(first.entry)) === null;
  }
}

const countdown = (ms: number): string => String(LAST_MS - ms).padStart(13, "0");

function rowOf(id: string): string {
  return `${countdown(Number.parseInt(id.slice(33), 36))}-${id}`;
}

const keyOf = (id: string) => ({ partition: ENTRIES, row: rowOf(id) });
