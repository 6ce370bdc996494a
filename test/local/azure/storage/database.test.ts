import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Database } from "../../../../local/azure/storage/database.ts";
import { systemClock } from "../../../../local/clock.ts";

let folder: string;
let database: Database;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "storage-"));
  database = new Database(folder, systemClock);
});
afterEach(() => {
  database.close();
  fs.rmSync(folder, { recursive: true });
});

const insert = (name: string) => database.sql("INSERT INTO tables (name) VALUES (?)").run(name);
const names = () =>
  database
    .sql("SELECT name FROM tables ORDER BY name")
    .all()
    .map((row) => row.name);

test("writes that arrive together share one commit", async () => {
  await Promise.all(Array.from({ length: 64 }, (_, i) => database.write(() => insert(`t${i}`))));
  expect(database.stats()).toEqual({ storageWrites: 64, storageCommits: 1 });
});

test("a write that throws is undone, and the others of its commit are kept", async () => {
  const outcomes = await Promise.allSettled([
    database.write(() => insert("before")),
    database.write(() => {
      insert("half");
      throw new Error("refused");
    }),
    database.write(() => insert("behind")),
  ]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(names()).toEqual(["before", "behind"]);
});

test("closing commits what was asked for before", async () => {
  const write = database.write(() => insert("last"));
  database.close();
  await write;
  database = new Database(folder, systemClock);
  expect(names()).toEqual(["last"]);
});
