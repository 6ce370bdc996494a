import type { DatabaseSync } from "node:sqlite";
import { DamagedDatabaseError } from "./errors.ts";

/**
 * Looks at every page of the file, 4 ms for each MB: SQLite itself meets a damaged page only when it needs it, maybe days
 * after the start.
 *
 * @throws {DamagedDatabaseError} telling the first fault
 */
export function requireSound(database: DatabaseSync): void {
  const found = String(database.prepare("PRAGMA quick_check(1)").get()?.quick_check);
  if (found !== "ok") throw new DamagedDatabaseError(found.replace(/^\*\*\*.*\*\*\*\s*/, ""));
}
