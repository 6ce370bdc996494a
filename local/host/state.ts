import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HostStartError, messageOf } from "./errors.ts";
import { requireSound } from "./sound-database.ts";

const SETUP = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS keys (scope TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (scope, name)) STRICT;
  CREATE TABLE IF NOT EXISTS timers (
    function TEXT PRIMARY KEY, schedule TEXT NOT NULL, last INTEGER, next INTEGER NOT NULL, updated INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS checkpoints (
    namespace TEXT, hub TEXT, consumer_group TEXT, partition TEXT, offset TEXT NOT NULL, sequence_number INTEGER NOT NULL,
    PRIMARY KEY (namespace, hub, consumer_group, partition)
  ) STRICT;
  COMMIT;
`;

/**
 * Opens what the host itself remembers (keys, timers, checkpoints) in the data folder, which it makes when there is none.
 *
 * @throws {HostStartError} when that folder cannot be made
 * @throws {DamagedDatabaseError} when the file in it is damaged
 * @returns a database whose acknowledged writes survive the end of the process; the caller closes it
 */
export function openState(dataFolder: string): DatabaseSync {
  try {
    mkdirSync(dataFolder, { recursive: true });
  } catch (error) {
    throw new HostStartError(`'${dataFolder}' cannot be the data folder: ${messageOf(error)}`);
  }
  const database = new DatabaseSync(path.join(dataFolder, "host.sqlite"));
  try {
    database.exec(SETUP);
    requireSound(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
