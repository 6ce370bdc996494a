import { createHash } from "node:crypto";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import * as z from "zod";
import { openSqliteFile, transact } from "../sqlite-file.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS repositories (
    name TEXT PRIMARY KEY, createdTime TEXT NOT NULL, lastUpdateTime TEXT NOT NULL, attributes TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS manifests (
    repository TEXT NOT NULL, digest TEXT NOT NULL, mediaType TEXT NOT NULL, bytes BLOB NOT NULL,
    createdTime TEXT NOT NULL, lastUpdateTime TEXT NOT NULL, attributes TEXT NOT NULL,
    PRIMARY KEY (repository, digest)) STRICT;
  CREATE TABLE IF NOT EXISTS tags (
    repository TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
    createdTime TEXT NOT NULL, lastUpdateTime TEXT NOT NULL, attributes TEXT NOT NULL,
    PRIMARY KEY (repository, name)) STRICT;
  CREATE TABLE IF NOT EXISTS blobs (
    repository TEXT NOT NULL, digest TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (repository, digest)) STRICT;
  CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, repository TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
`;

/** What may be done with a repository, an image or a tag; images carry their quarantine as well. */
const Attributes = z.object({
  deleteEnabled: z.boolean(),
  writeEnabled: z.boolean(),
  listEnabled: z.boolean(),
  readEnabled: z.boolean(),
  quarantineState: z.enum(["Quarantined", "Passed", "Failed"]).optional(),
  quarantineDetails: z.string().optional(),
});
export type Attributes = z.infer<typeof Attributes>;
export const UNLOCKED: Attributes = {
  deleteEnabled: true,
  writeEnabled: true,
  listEnabled: true,
  readEnabled: true,
};

const AttributesText = z.string().transform((text) => Attributes.parse(JSON.parse(text)));
const Times = { createdTime: z.string(), lastUpdateTime: z.string(), attributes: AttributesText };
const Bytes = z.instanceof(Uint8Array).transform((bytes): Buffer => Buffer.from(bytes));
const Repository = z.object({ name: z.string(), ...Times });
const Manifest = z.object({
  repository: z.string(),
  digest: z.string(),
  mediaType: z.string(),
  bytes: Bytes,
  ...Times,
});
const Tag = z.object({ repository: z.string(), name: z.string(), digest: z.string(), ...Times });

export type Repository = z.infer<typeof Repository>;
export type Manifest = z.infer<typeof Manifest>;
export type Tag = z.infer<typeof Tag>;
/** A repository, one of its images by digest, or one of its tags by name. */
export type Target =
  | { readonly repository: string }
  | { readonly repository: string; readonly digest: string }
  | { readonly repository: string; readonly tag: string };

export const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Everything that the registry keeps, in one SQLite file; what a method has written survives kill -9. */
export class RegistryStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(file, SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  transaction<T>(work: () => T): T {
    return transact(this.#db, work);
  }

  repositories(): Repository[] {
    return this.#all(Repository, "SELECT * FROM repositories ORDER BY name");
  }

  repository(name: string): Repository | undefined {
    return this.#get(Repository, "SELECT * FROM repositories WHERE name = ?", name);
  }

  manifests(repository: string): Manifest[] {
    return this.#all(Manifest, "SELECT * FROM manifests WHERE repository = ? ORDER BY digest", repository);
  }

  manifest(repository: string, digest: string): Manifest | undefined {
    return this.#get(
      Manifest,
      "SELECT * FROM manifests WHERE repository = ? AND digest = ?",
      repository,
      digest,
    );
  }

  tags(repository: string): Tag[] {
    return this.#all(Tag, "SELECT * FROM tags WHERE repository = ? ORDER BY name", repository);
  }

  tag(repository: string, name: string): Tag | undefined {
    return this.#get(Tag, "SELECT * FROM tags WHERE repository = ? AND name = ?", repository, name);
  }

  putManifest(
    { repository, digest, mediaType, bytes }: Omit<Manifest, "createdTime" | "lastUpdateTime">,
    now: string,
    attributes: Attributes,
  ): void {
    const kept = JSON.stringify(UNLOCKED);
    this.#run(
      `INSERT INTO repositories VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET lastUpdateTime = excluded.lastUpdateTime`,
      repository,
      now,
      now,
      kept,
    );
    this.#run(
      `INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (repository, digest)
       DO UPDATE SET lastUpdateTime = excluded.lastUpdateTime`,
      repository,
      digest,
      mediaType,
      bytes,
      now,
      now,
      JSON.stringify(attributes),
    );
  }

  putTag(repository: string, name: string, digest: string, now: string): void {
    this.#run(
      `INSERT INTO tags VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (repository, name)
       DO UPDATE SET digest = excluded.digest, lastUpdateTime = excluded.lastUpdateTime`,
      repository,
      name,
      digest,
      now,
      now,
      JSON.stringify(UNLOCKED),
    );
  }

  setAttributes(target: Target, attributes: Attributes, now: string): void {
    const text = JSON.stringify(attributes);
    const set = "SET attributes = ?, lastUpdateTime = ?";
    const { repository } = target;
    if ("digest" in target)
      this.#run(
        `UPDATE manifests ${set} WHERE repository = ? AND digest = ?`,
        text,
        now,
        repository,
        target.digest,
      );
    else if ("tag" in target)
      this.#run(`UPDATE tags ${set} WHERE repository = ? AND name = ?`, text, now, repository, target.tag);
    else this.#run(`UPDATE repositories ${set} WHERE name = ?`, text, now, repository);
  }

  deleteTag(repository: string, name: string): boolean {
    return this.#run("DELETE FROM tags WHERE repository = ? AND name = ?", repository, name) > 0;
  }

  /** With the tags that lead to it. */
  deleteManifest(repository: string, digest: string): void {
    this.#run("DELETE FROM tags WHERE repository = ? AND digest = ?", repository, digest);
    this.#run("DELETE FROM manifests WHERE repository = ? AND digest = ?", repository, digest);
  }

  deleteRepository(repository: string): void {
    for (const table of ["tags", "manifests", "blobs"]) {
      this.#run(`DELETE FROM ${table} WHERE repository = ?`, repository);
    }
    this.#run("DELETE FROM repositories WHERE name = ?", repository);
  }

  blob(repository: string, digest: string): Uint8Array | undefined {
    const row = this.#db
      .prepare("SELECT bytes FROM blobs WHERE repository = ? AND digest = ?")
      .get(repository, digest);
    return row && Bytes.parse(row.bytes);
  }

  putBlob(repository: string, digest: string, bytes: Uint8Array): void {
    this.#run("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", repository, digest, bytes);
  }

  deleteBlob(repository: string, digest: string): boolean {
    return this.#run("DELETE FROM blobs WHERE repository = ? AND digest = ?", repository, digest) > 0;
  }

  upload(id: string): { repository: string; bytes: Uint8Array } | undefined {
    return this.#get(
      z.object({ repository: z.string(), bytes: Bytes }),
      "SELECT * FROM uploads WHERE id = ?",
      id,
    );
  }

  putUpload(id: string, repository: string, bytes: Uint8Array): void {
    this.#run("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?)", id, repository, bytes);
  }

  deleteUpload(id: string): void {
    this.#run("DELETE FROM uploads WHERE id = ?", id);
  }

  /** The registry itself, its webhooks, its key: small documents under a key. */
  document(key: string): unknown {
    const row = this.#db.prepare("SELECT document FROM documents WHERE key = ?").get(key);
    return row && JSON.parse(String(row.document));
  }

  putDocument(key: string, document: unknown): void {
    this.#run("INSERT OR REPLACE INTO documents VALUES (?, ?)", key, JSON.stringify(document));
  }

  count(name: "imagesPushed" | "imagesDeleted"): void {
    this.#run("INSERT INTO counts VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1", name);
  }

  counts(): Record<string, number> {
    const rows = this.#all(z.object({ name: z.string(), n: z.number() }), "SELECT * FROM counts");
    return { imagesPushed: 0, imagesDeleted: 0, ...Object.fromEntries(rows.map(({ name, n }) => [name, n])) };
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes);
  }

  #get<T>(schema: z.ZodType<T>, sql: string, ...values: SQLInputValue[]): T | undefined {
    const row = this.#db.prepare(sql).get(...values);
    return row && schema.parse(row);
  }

  #all<T>(schema: z.ZodType<T>, sql: string, ...values: SQLInputValue[]): T[] {
    return this.#db
      .prepare(sql)
      .all(...values)
      .map((row) => schema.parse(row));
  }
}
