/** The SQLite file of the durable engine: its layout, its settings, and the room in it that purged instances leave. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isDamagedDatabase } from "../errors.ts";
import { requireSound } from "../sound-database.ts";
import { COLUMNS } from "./instance-rows.ts";

/**
 * Rows are numbered in the order of their coming, so that what is written together lies together: each commit then
 * touches few pages. Ids are random, and in their order every row of a commit would be a page of its own.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS instances (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, version TEXT NOT NULL,
  execution_id TEXT NOT NULL, status INTEGER NOT NULL, input TEXT, output TEXT, custom_status TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, parent TEXT
);
CREATE TABLE IF NOT EXISTS history (number INTEGER PRIMARY KEY, instance INTEGER NOT NULL, events TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_by_instance ON history (instance);
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
`;

/** Every commit is on the disk before it is acknowledged; few checkpoints and a cache of 16 MB keep that cheap. */
const SETTINGS = `
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 8000;
PRAGMA cache_size = -16384;
`;

/** How the file was laid out before rows were numbered. */
const CONVERSION = `
BEGIN IMMEDIATE;
ALTER TABLE instances RENAME TO instances_by_id;
ALTER TABLE history RENAME TO history_by_id;
${SCHEMA}
INSERT INTO instances (${COLUMNS.join(", ")}) SELECT * FROM instances_by_id ORDER BY created_at, id;
INSERT INTO history (instance, events)
  SELECT instances.number, old.events FROM history_by_id old JOIN instances ON instances.id = old.instance_id
  ORDER BY instances.number, old.episode;
DROP TABLE history_by_id;
DROP TABLE instances_by_id;
COMMIT;
VACUUM;
`;

/** Fewer free pages than these (256 KB) stay in the file, for the rows to come. */
const FEWEST_PAGES_TO_RETURN = 64;

/** Pages given back in one go (8 MB): nothing else happens meanwhile. */
const PAGES_AT_ONCE = 2048;

/** @throws when another process holds the file: one engine writes it at a time */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec(SETTINGS);
    // the first write takes the file's lock for good: nobody else can run the same instances meanwhile
    database.exec(isNumbered(database) ? `BEGIN IMMEDIATE; ${SCHEMA} COMMIT;` : CONVERSION);
    requireSound(database);
    return database;
  } catch (error) {
    database.close();
    if (isDamagedDatabase(error)) throw error;
    throw new Error(
      `The durable store '${file}' cannot be opened. Another host may hold it: stop that host first.`,
      {
        cause: error,
      },
    );
  }
}

function isNumbered(database: DatabaseSync): boolean {
  const old = "SELECT 1 FROM pragma_table_info('history') WHERE name = 'instance_id'";
  return database.prepare(old).get() === undefined;
}

/** Whether enough of the file is free to be worth giving back. */
export function hasRoomToReturn(database: DatabaseSync): boolean {
  return freePages(database) >= FEWEST_PAGES_TO_RETURN;
}

/** Gives free pages back to the file system. @returns whether there are more to give */
export function returnRoom(database: DatabaseSync): boolean {
  const before = freePages(database);
  database.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`);
  const left = freePages(database);
  // a file taken over by a host that died before its VACUUM keeps its room: it must not be asked for without end
  if (left > 0 && left < before) return true;
  // the file itself becomes shorter only with the checkpoint
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return false;
}

function freePages(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA freelist_count").get()?.freelist_count);
}

export function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  return {
    putInstance: sql(
      `INSERT INTO instances (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})
       ON CONFLICT (id) DO UPDATE SET ${COLUMNS.slice(1)
         .map((column) => `${column} = excluded.${column}`)
         .join(", ")}`,
    ),
    deleteInstance: sql("DELETE FROM instances WHERE id = ?"),
    selectInstance: sql("SELECT * FROM instances WHERE id = ?"),
    insertEpisode: sql("INSERT INTO history (instance, events) SELECT number, ? FROM instances WHERE id = ?"),
    deleteHistory: sql("DELETE FROM history WHERE instance = (SELECT number FROM instances WHERE id = ?)"),
    selectHistory: sql(
      "SELECT events FROM history WHERE instance = (SELECT number FROM instances WHERE id = ?) ORDER BY number",
    ),
    insertMessage: sql("INSERT OR REPLACE INTO messages VALUES (?, ?)"),
    deleteMessage: sql("DELETE FROM messages WHERE id = ?"),
    selectMessages: sql("SELECT body FROM messages ORDER BY id"),
  };
}
