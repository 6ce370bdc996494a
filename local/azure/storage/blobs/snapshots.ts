import type { Clock } from "../../../clock.ts";
import { StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest } from "../http.ts";
import type { BlobAddress } from "./blob-writes.ts";
import { checkConditions } from "./conditions.ts";
import { readMetadata, versionHeaders } from "./headers.ts";
import { checkLease } from "./lease.ts";
import type { Blob, BlobStore } from "./store.ts";
import { requireOnline } from "./tiers.ts";

/** Operations on a blob that keep it, or lose it together with what was kept. To be called inside `Database.write`. */
export class BlobSnapshots {
  readonly #store: BlobStore;
  readonly #clock: Clock;

  constructor(store: BlobStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Snapshot Blob: the blob as it is now, readable under the time it was taken at. Its metadata may be others. */
  take(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#store.get(address.container, address.name);
    checkConditions(request.headers, blob, false);
    checkLease(blob.lease, request.headers, this.#clock.now(), "Blob", false);
    requireOnline(blob);
    const given = readMetadata(request);
    const metadata = Object.keys(given).length > 0 ? given : blob.metadata;
    const snapshot = this.#nextName(blob);
    this.#store.addSnapshot({ ...blob, metadata }, snapshot);
    return { status: 201, headers: { ...versionHeaders(blob), "x-ms-snapshot": snapshot } };
  }

  /** Delete Blob: of one with snapshots the caller must say what becomes of them. */
  delete(request: StorageRequest, { container, name }: BlobAddress): StorageAnswer {
    const { headers, query } = request;
    const snapshot = query.get("snapshot");
    const scope = headers["x-ms-delete-snapshots"];
    if (scope !== undefined && scope !== "include" && scope !== "only") {
      const message = `'x-ms-delete-snapshots' is '${scope}', expected include or only.`;
      throw new StorageError(400, "InvalidHeaderValue", message);
    }
    if (snapshot !== null) {
      this.#store.delete(this.#store.getSnapshot(container, name, snapshot));
      return DELETED;
    }
    const blob = this.#store.get(container, name);
    checkConditions(headers, blob, false);
    checkLease(blob.lease, headers, this.#clock.now(), "Blob", scope !== "only");
    const snapshots = this.#store.snapshotsOf(container, name);
    if (snapshots.length > 0 && scope === undefined) {
      throw new StorageError(
        409,
        "SnapshotsPresent",
        "This operation is not permitted because the blob has snapshots.",
      );
    }
    for (const each of snapshots) this.#store.delete(each);
    if (scope !== "only") this.#store.delete(blob);
    return DELETED;
  }

  /** A time to 100 ns, as the service writes it; later than that of the one before, whatever the clock says. */
  #nextName(blob: Blob): string {
    const last = this.#store.snapshotsOf(blob.container, blob.name).at(-1)?.snapshot;
    const now = `${new Date(this.#clock.now()).toISOString().slice(0, -1)}0000Z`;
    if (last === undefined || last < now) return now;
    const digits = String(Number(last.slice(20, 27)) + 1).padStart(7, "0");
    return `${last.slice(0, 20)}${digits}Z`;
  }
}

const DELETED: StorageAnswer = { status: 202, headers: { "x-ms-delete-type-permanent": "true" } };
