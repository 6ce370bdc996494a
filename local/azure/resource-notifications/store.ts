import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { openSqliteFile } from "../sqlite-file.ts";
import type { Availability } from "./events.ts";

export const AvailabilityState = z.enum(["Available", "Unavailable", "Degraded", "Unknown"]);

const Row = z.object({
  resourceId: z.string(),
  availabilityState: AvailabilityState,
  occurredTime: z.string(),
});
/** How well a resource is, and since when. */
export type Status = z.infer<typeof Row>;

/** What is known of the health of resources, in one SQLite file. */
export class HealthStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(
      file,
      `CREATE TABLE IF NOT EXISTS statuses (
        key TEXT PRIMARY KEY, resourceId TEXT NOT NULL, availabilityState TEXT NOT NULL, occurredTime TEXT NOT NULL) STRICT;`,
    );
  }

  /** Of a resource that nothing was heard of, nothing is known. */
  availability(resourceId: string): Availability {
    const row = this.#db.prepare("SELECT * FROM statuses WHERE key = ?").get(resourceId.toLowerCase());
    return row ? Row.parse(row).availabilityState : "Unknown";
  }

  put({ resourceId, availabilityState, occurredTime }: Status): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO statuses VALUES (?, ?, ?, ?)")
      .run(resourceId.toLowerCase(), resourceId, availabilityState, occurredTime);
  }

  all(): Status[] {
    const rows = this.#db.prepare("SELECT * FROM statuses ORDER BY key").all();
    return rows.map((row) => Row.parse(row));
  }

  close(): void {
    this.#db.close();
  }
}
