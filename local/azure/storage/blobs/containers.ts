import type { Clock } from "../../../clock.ts";
import type { Database } from "../database.ts";
import { notSimulated, StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest } from "../http.ts";
import { checkConditions } from "./conditions.ts";
import { metadataHeaders, readMetadata, versionHeaders } from "./headers.ts";
import { actOnLease, checkLease, type Lease, leaseHeaders } from "./lease.ts";
import type { Metadata } from "./store.ts";
import { xmlDocument } from "./xml.ts";

export interface Container {
  readonly name: string;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly metadata: Metadata;
  readonly lease: Lease | undefined;
}

const CONTAINER_NAME = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** Requests with `restype=container`, lists apart. */
export class Containers {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async handle(request: StorageRequest, name: string): Promise<StorageAnswer> {
    const comp = request.query.get("comp") ?? "";
    const operation = `${request.method} ${comp}`.trim();
    switch (operation) {
      case "PUT":
        return this.#write(() => this.#create(request, name));
      case "GET":
      case "HEAD":
      case "GET metadata":
      case "HEAD metadata":
        return this.#properties(request, name);
      case "DELETE":
        return this.#write(() => this.#delete(request, name));
      case "PUT metadata":
        return this.#write(() => this.#setMetadata(request, name));
      case "PUT lease":
        return this.#write(() => this.#lease(request, name));
      case "GET acl":
        return this.#acl(name);
      default:
        throw notSimulated(`The container operation '${operation}'`);
    }
  }

  /** @throws {StorageError} 404 ContainerNotFound */
  get(name: string): Container {
    const row = this.#database.sql("SELECT * FROM containers WHERE name = ?").get(name);
    if (!row) throw new StorageError(404, "ContainerNotFound", "The specified container does not exist.");
    return toContainer(row);
  }

  /** Containers in order of name, from `from` on. */
  list(from: string): Container[] {
    return this.#database
      .sql("SELECT * FROM containers WHERE name >= ? ORDER BY name")
      .all(from)
      .map(toContainer);
  }

  #write(work: () => StorageAnswer): Promise<StorageAnswer> {
    return this.#database.write(work);
  }

  #create(request: StorageRequest, name: string): StorageAnswer {
    if (!CONTAINER_NAME.test(name)) {
      const expected = "3 to 63 lower-case letters, digits and single hyphens";
      throw new StorageError(
        400,
        "InvalidResourceName",
        `The container name '${name}' is invalid: expected ${expected}.`,
      );
    }
    // What new accounts are made with.
    if (request.headers["x-ms-blob-public-access"] !== undefined) {
      const message = "Public access is not permitted on this storage account.";
      throw new StorageError(409, "PublicAccessNotPermitted", message);
    }
    if (this.#database.sql("SELECT 1 FROM containers WHERE name = ?").get(name)) {
      throw new StorageError(409, "ContainerAlreadyExists", "The specified container already exists.");
    }
    const metadata = readMetadata(request);
    return { status: 201, headers: versionHeaders(this.#save({ name, metadata, lease: undefined })) };
  }

  #properties(request: StorageRequest, name: string): StorageAnswer {
    const container = this.get(name);
    checkLease(container.lease, request.headers, this.#clock.now(), "Container", false);
    const headers = {
      ...versionHeaders(container),
      ...leaseHeaders(container.lease, this.#clock.now()),
      ...metadataHeaders(container.metadata),
      "x-ms-has-immutability-policy": "false",
      "x-ms-has-legal-hold": "false",
    };
    return { status: 200, headers };
  }

  #delete(request: StorageRequest, name: string): StorageAnswer {
    const container = this.get(name);
    checkConditions(request.headers, container, false);
    checkLease(container.lease, request.headers, this.#clock.now(), "Container");
    for (const table of ["blobs", "snapshots"]) {
      const contents = `SELECT content FROM ${table} WHERE container = ?`;
      this.#database.sql(`DELETE FROM pieces WHERE content IN (${contents})`).run(name);
    }
    this.#database.sql("DELETE FROM snapshots WHERE container = ?").run(name);
    this.#database.sql("DELETE FROM blobs WHERE container = ?").run(name);
    this.#database.sql("DELETE FROM staged_blocks WHERE container = ?").run(name);
    this.#database.sql("DELETE FROM containers WHERE name = ?").run(name);
    return { status: 202 };
  }

  #setMetadata(request: StorageRequest, name: string): StorageAnswer {
    const container = this.get(name);
    checkConditions(request.headers, container, false);
    checkLease(container.lease, request.headers, this.#clock.now(), "Container", false);
    const metadata = readMetadata(request);
    return { status: 200, headers: versionHeaders(this.#save({ name, metadata, lease: container.lease })) };
  }

  #lease(request: StorageRequest, name: string): StorageAnswer {
    const container = this.get(name);
    checkConditions(request.headers, container, false);
    const outcome = actOnLease(container.lease, request.headers, this.#clock.now());
    const lease = outcome.lease === undefined ? null : JSON.stringify(outcome.lease);
    this.#database.sql("UPDATE containers SET lease = ? WHERE name = ?").run(lease, name);
    return { status: outcome.status, headers: { ...versionHeaders(container), ...outcome.headers } };
  }

  /** No container is public, and there are no stored policies. */
  #acl(name: string): StorageAnswer {
    const headers = { ...versionHeaders(this.get(name)), "Content-Type": "application/xml" };
    return { status: 200, headers, body: xmlDocument("<SignedIdentifiers />") };
  }

  #save(container: Pick<Container, "name" | "metadata" | "lease">): Container {
    const etag = this.#database.timestamps.nextBlobEtag();
    const modifiedMs = this.#clock.now();
    const { name, metadata, lease } = container;
    this.#database
      .sql(
        "INSERT OR REPLACE INTO containers (name, etag, modified_ms, metadata, lease) VALUES (?, ?, ?, ?, ?)",
      )
      .run(
        name,
        etag,
        modifiedMs,
        JSON.stringify(metadata),
        lease === undefined ? null : JSON.stringify(lease),
      );
    return { ...container, etag, modifiedMs };
  }
}

function toContainer(row: Record<string, unknown>): Container {
  return {
    name: String(row.name),
    etag: String(row.etag),
    modifiedMs: Number(row.modified_ms),
    metadata: JSON.parse(String(row.metadata)),
    lease: row.lease === null ? undefined : JSON.parse(String(row.lease)),
  };
}
