import type { Clock } from "../../../clock.ts";
import type { Database } from "../database.ts";
import { StorageError } from "../errors.ts";
import type { HttpProperties } from "./headers.ts";
import type { Lease } from "./lease.ts";

export type BlobType = "BlockBlob" | "AppendBlob";
export type Metadata = Readonly<Record<string, string>>;

export interface Blob {
  readonly container: string;
  readonly name: string;
  /** Id of its bytes in `pieces`: a rewritten blob gets a new one. */
  readonly content: number;
  readonly type: BlobType;
  readonly size: number;
  readonly etag: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly properties: HttpProperties;
  readonly metadata: Metadata;
  readonly lease: Lease | undefined;
}

/** A stretch of a blob's bytes: the whole of a Put Blob, one committed block, or one appended block. */
export interface Piece {
  readonly blockId: string | undefined;
  readonly data: Uint8Array;
}

/** The rows of blobs and their bytes. Methods that write are to be called inside `Database.write`. */
export class BlobStore {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  find(container: string, name: string): Blob | undefined {
    const row = this.#database
      .sql("SELECT * FROM blobs WHERE container = ? AND name = ?")
      .get(container, name);
    return row && toBlob(row);
  }

  /** @throws {StorageError} 404 BlobNotFound */
  get(container: string, name: string): Blob {
    const blob = this.find(container, name);
    if (!blob) throw new StorageError(404, "BlobNotFound", "The specified blob does not exist.");
    return blob;
  }

  /** Writes a whole blob, in place of the one before; a lease on that one stays. */
  put(
    before: Blob | undefined,
    blob: Pick<Blob, "container" | "name" | "type" | "properties" | "metadata" | "lease">,
    pieces: readonly Piece[],
  ): Blob {
    if (before) this.#database.sql("DELETE FROM pieces WHERE content = ?").run(before.content);
    this.#database
      .sql("DELETE FROM staged_blocks WHERE container = ? AND name = ?")
      .run(blob.container, blob.name);
    const content = this.#nextContent();
    let size = 0;
    for (const piece of pieces) {
      this.addPiece(content, size, piece);
      size += piece.data.byteLength;
    }
    const now = this.#clock.now();
    const etag = this.#database.timestamps.nextBlobEtag();
    return this.save({ ...blob, content, size, etag, createdMs: before?.createdMs ?? now, modifiedMs: now });
  }

  addPiece(content: number, start: number, piece: Piece): void {
    this.#database
      .sql("INSERT INTO pieces (content, start, block_id, size, data) VALUES (?, ?, ?, ?, ?)")
      .run(content, start, piece.blockId ?? null, piece.data.byteLength, piece.data);
  }

  /** The blob as of now: with a new ETag and a new time of change. */
  touch(blob: Blob): Blob {
    return this.save({
      ...blob,
      etag: this.#database.timestamps.nextBlobEtag(),
      modifiedMs: this.#clock.now(),
    });
  }

  save(blob: Blob): Blob {
    this.#database
      .sql(`INSERT OR REPLACE INTO blobs (container, name, content, type, size, etag, created_ms, modified_ms,
            properties, metadata, lease) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
      .run(
        blob.container,
        blob.name,
        blob.content,
        blob.type,
        blob.size,
        blob.etag,
        blob.createdMs,
        blob.modifiedMs,
        JSON.stringify(blob.properties),
        JSON.stringify(blob.metadata),
        blob.lease === undefined ? null : JSON.stringify(blob.lease),
      );
    return blob;
  }

  delete(blob: Blob): void {
    this.#database.sql("DELETE FROM pieces WHERE content = ?").run(blob.content);
    this.#database.sql("DELETE FROM blobs WHERE container = ? AND name = ?").run(blob.container, blob.name);
    this.#database
      .sql("DELETE FROM staged_blocks WHERE container = ? AND name = ?")
      .run(blob.container, blob.name);
  }

  /** The bytes from `first` to `last`, both included. */
  read(blob: Blob, first: number, last: number): Uint8Array {
    const rows = this.#database
      .sql(
        "SELECT start, data FROM pieces WHERE content = ? AND start <= ? AND start + size > ? ORDER BY start",
      )
      .all(blob.content, last, first);
    const parts = rows.map((row) => {
      const start = Number(row.start);
      return bytes(row.data).subarray(Math.max(0, first - start), last - start + 1);
    });
    return Buffer.concat(parts);
  }

  pieces(blob: Blob): Piece[] {
    const rows = this.#database
      .sql("SELECT block_id, data FROM pieces WHERE content = ? ORDER BY start")
      .all(blob.content);
    return rows.map((row) => ({ blockId: textOrNothing(row.block_id), data: bytes(row.data) }));
  }

  /** Ids and sizes of the blocks a blob is made of. */
  committedBlocks(blob: Blob): { id: string | undefined; size: number }[] {
    const rows = this.#database
      .sql("SELECT block_id, size FROM pieces WHERE content = ? ORDER BY start")
      .all(blob.content);
    return rows.map((row) => ({ id: textOrNothing(row.block_id), size: Number(row.size) }));
  }

  stage(container: string, name: string, blockId: string, data: Uint8Array): void {
    this.#database
      .sql(
        "INSERT OR REPLACE INTO staged_blocks (container, name, block_id, size, data) VALUES (?, ?, ?, ?, ?)",
      )
      .run(container, name, blockId, data.byteLength, data);
  }

  stagedBlocks(container: string, name: string): { id: string; size: number }[] {
    const rows = this.#database
      .sql("SELECT block_id, size FROM staged_blocks WHERE container = ? AND name = ? ORDER BY rowid")
      .all(container, name);
    return rows.map((row) => ({ id: String(row.block_id), size: Number(row.size) }));
  }

  stagedBlock(container: string, name: string, blockId: string): Uint8Array | undefined {
    const row = this.#database
      .sql("SELECT data FROM staged_blocks WHERE container = ? AND name = ? AND block_id = ?")
      .get(container, name, blockId);
    return row && bytes(row.data);
  }

  /** Blobs of a container in order of name, from `from` on; read lazily. */
  *list(container: string, from: string): Generator<Blob> {
    const rows = this.#database
      .sql("SELECT * FROM blobs WHERE container = ? AND name >= ? ORDER BY name")
      .iterate(container, from);
    for (const row of rows) yield toBlob(row);
  }

  /** Ids are never used twice, so bytes of an old blob cannot show up in a new one. */
  #nextContent(): number {
    const sql = `INSERT INTO meta (name, value) VALUES ('last-content', '1')
      ON CONFLICT DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) RETURNING value`;
    return Number(this.#database.sql(sql).get()?.value);
  }
}

function bytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function toBlob(row: Record<string, unknown>): Blob {
  return {
    container: String(row.container),
    name: String(row.name),
    content: Number(row.content),
    type: row.type === "AppendBlob" ? "AppendBlob" : "BlockBlob",
    size: Number(row.size),
    etag: String(row.etag),
    createdMs: Number(row.created_ms),
    modifiedMs: Number(row.modified_ms),
    properties: JSON.parse(String(row.properties)),
    metadata: JSON.parse(String(row.metadata)),
    lease: row.lease === null ? undefined : JSON.parse(String(row.lease)),
  };
}
