import type { Clock } from "../../../clock.ts";
import type { Database } from "../database.ts";
import { StorageError } from "../errors.ts";
import type { HttpProperties } from "./headers.ts";
import type { Lease } from "./lease.ts";
import type { TierName } from "./tiers.ts";

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
  /** Absent while the account's default holds. */
  readonly tier: SetTier | undefined;
  /** How it came here, when it is a copy and has not been written since. */
  readonly copy: CopyOutcome | undefined;
  /** The name of this state of the blob, when it is a snapshot. */
  readonly snapshot?: string;
}

export interface SetTier {
  readonly name: TierName;
  readonly changedMs: number;
}

export interface CopyOutcome {
  readonly id: string;
  readonly source: string;
  readonly completedMs: number;
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
    blob: Pick<Blob, "container" | "name" | "type" | "properties" | "metadata" | "lease"> &
      Partial<Pick<Blob, "tier" | "copy">>,
    pieces: readonly Piece[],
  ): Blob {
    if (before) this.#deletePieces(before);
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
    const createdMs = before?.createdMs ?? now;
    const { tier, copy } = blob;
    return this.save({ ...blob, tier, copy, content, size, etag, createdMs, modifiedMs: now });
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
            properties, metadata, lease, tier, copy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
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
        toJson(blob.lease),
        toJson(blob.tier),
        toJson(blob.copy),
      );
    return blob;
  }

  /** Deletes the blob or, when it is one, the snapshot. */
  delete(blob: Blob): void {
    if (blob.snapshot !== undefined) {
      this.#database
        .sql("DELETE FROM snapshots WHERE container = ? AND name = ? AND snapshot = ?")
        .run(blob.container, blob.name, blob.snapshot);
      this.#deleteUnusedPieces(blob.content);
      return;
    }
    this.#deletePieces(blob);
    this.#database.sql("DELETE FROM blobs WHERE container = ? AND name = ?").run(blob.container, blob.name);
    this.#database
      .sql("DELETE FROM staged_blocks WHERE container = ? AND name = ?")
      .run(blob.container, blob.name);
  }

  /** Keeps the blob as it is now; its bytes stay where they are. */
  addSnapshot(blob: Blob, snapshot: string): void {
    this.#database
      .sql("INSERT INTO snapshots (container, name, snapshot, blob, content) VALUES (?, ?, ?, ?, ?)")
      .run(blob.container, blob.name, snapshot, JSON.stringify({ ...blob, lease: undefined }), blob.content);
  }

  /** @throws {StorageError} 404 BlobNotFound */
  getSnapshot(container: string, name: string, snapshot: string): Blob {
    const row = this.#database
      .sql("SELECT snapshot, blob FROM snapshots WHERE container = ? AND name = ? AND snapshot = ?")
      .get(container, name, snapshot);
    if (!row) throw new StorageError(404, "BlobNotFound", "The specified blob does not exist.");
    return toSnapshot(row);
  }

  /** From the oldest on. */
  snapshotsOf(container: string, name: string): Blob[] {
    return this.#database
      .sql("SELECT snapshot, blob FROM snapshots WHERE container = ? AND name = ? ORDER BY snapshot")
      .all(container, name)
      .map(toSnapshot);
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
      .sql("SELECT block_id, data FROM pieces WHERE content = ? AND start < ? ORDER BY start")
      .all(blob.content, blob.size);
    return rows.map((row) => ({ blockId: textOrNothing(row.block_id), data: bytes(row.data) }));
  }

  /** Ids and sizes of the blocks a blob is made of. */
  committedBlocks(blob: Blob): { id: string | undefined; size: number }[] {
    const rows = this.#database
      .sql("SELECT block_id, size FROM pieces WHERE content = ? AND start < ? ORDER BY start")
      .all(blob.content, blob.size);
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

  /** Snapshots go on reading the bytes of the blob as it was. */
  #deletePieces(blob: Blob): void {
    const isKept = this.#database.sql("SELECT 1 FROM snapshots WHERE content = ?").get(blob.content);
    if (!isKept) this.#database.sql("DELETE FROM pieces WHERE content = ?").run(blob.content);
  }

  #deleteUnusedPieces(content: number): void {
    const users = "SELECT content FROM snapshots UNION SELECT content FROM blobs";
    this.#database.sql(`DELETE FROM pieces WHERE content = ? AND content NOT IN (${users})`).run(content);
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

function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function fromJson(value: unknown) {
  return typeof value === "string" ? JSON.parse(value) : undefined;
}

function toSnapshot(row: Record<string, unknown>): Blob {
  return { ...fromJson(row.blob), snapshot: String(row.snapshot) };
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
    lease: fromJson(row.lease),
    tier: fromJson(row.tier),
    copy: fromJson(row.copy),
  };
}
