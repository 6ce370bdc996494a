import { z } from "zod";
import type { PayloadStore } from "../azure/payload-store.ts";
import type { Documents } from "../azure/tables.ts";
import { sha256 } from "../canonical.ts";

export const INBOX_OUTCOMES = ["signal", "handshake", "ignored", "rejected"] as const;

/** One inbound payload and what became of it. The bytes are in the blob `{id}`. */
export const InboxEntry = z.object({
  id: z.string(),
  door: z.string(),
  receivedAt: z.iso.datetime(),
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

/** Row keys count down, so that the newest entry comes first. */
const LAST_MS = 9_999_999_999_999;

/** Every payload that came to a door, with its outcome: nothing is lost, and nothing happens without a reason. */
export class Inbox {
  readonly #rows: Documents<InboxEntry>;
  readonly #payloads: PayloadStore;

  constructor(rows: Documents<InboxEntry>, payloads: PayloadStore) {
    this.#rows = rows;
    this.#payloads = payloads;
  }

  /** Safe to repeat: the id follows from door, time of the event and bytes, as given by the caller. */
  async keep(payload: Uint8Array, entry: Omit<InboxEntry, "id">): Promise<InboxEntry> {
    const id = sha256(`${entry.door}\n${Buffer.from(payload).toString("base64")}`).slice(0, 32);
    await this.#payloads.put(id, payload);
    const kept = { ...entry, id };
    await this.#rows.put({ partition: "inbox", row: rowOf(entry.receivedAt, id) }, kept);
    return kept;
  }

  /** Newest first. */
  async newest(most: number): Promise<InboxEntry[]> {
    const entries: InboxEntry[] = [];
    for await (const { value } of this.#rows.list({ partition: "inbox" })) {
      entries.push(value);
      if (entries.length === most) break;
    }
    return entries;
  }
}

function rowOf(receivedAt: string, id: string): string {
  return `${String(LAST_MS - Date.parse(receivedAt)).padStart(13, "0")}-${id}`;
}
