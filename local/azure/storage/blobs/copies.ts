import { randomUUID } from "node:crypto";
import type { Clock } from "../../../clock.ts";
import { notSimulated, StorageError } from "../errors.ts";
import type { StorageRequest } from "../http.ts";
import { authorizeSharedAccess } from "../shared-access.ts";
import type { Account } from "../shared-key.ts";
import { checkSourceConditions } from "./conditions.ts";
import { httpDate, readRange } from "./headers.ts";
import type { Blob, BlobStore, CopyOutcome } from "./store.ts";

type Source = Pick<StorageRequest, "path" | "query">;

/** Finds what a request names in `x-ms-copy-source`. Only blobs of this account can be copied. */
export class CopySources {
  readonly #store: BlobStore;
  readonly #account: Account;
  readonly #clock: Clock;

  constructor(store: BlobStore, account: Account, clock: Clock) {
    this.#store = store;
    this.#account = account;
    this.#clock = clock;
  }

  /**
   * @param isOwn - whether the key that signed the request opens the source too, as it does for Copy Blob alone
   * @throws {StorageError} CannotVerifyCopySource when nothing opens it, or when it is not there behind an address that
   *   had to be opened; 404 BlobNotFound; 412 SourceConditionNotMet
   */
  find(request: StorageRequest, isOwn: boolean): Blob {
    if (request.headers["x-ms-copy-source-authorization"] !== undefined) {
      throw notSimulated("A source that is opened by x-ms-copy-source-authorization");
    }
    const source = this.#parse(request);
    const isOpen = isOwn && !request.grant && !source.query.has("sig");
    const blob = isOpen ? this.#read(source) : verifying(() => this.#open(source, request.from));
    checkSourceConditions(request.headers, blob);
    if (blob.tier?.name === "Archive") throw notSimulated("Rehydrating an archived blob by copying it");
    return blob;
  }

  #open(source: Source, from: string): Blob {
    if (!source.query.has("sig")) {
      const message =
        "Server failed to authenticate the request: the source of the copy is not public, expected an address with a " +
        "shared access signature that may read it.";
      throw new StorageError(401, "NoAuthenticationInformation", message);
    }
    const read = { ...source, method: "GET", headers: {}, from };
    authorizeSharedAccess(read, "blob", this.#account, this.#clock.now());
    return this.#read(source);
  }

  #read({ path, query }: Source): Blob {
    const [container = "", ...rest] = path.split("/");
    const name = rest.join("/");
    const snapshot = query.get("snapshot");
    return snapshot === null
      ? this.#store.get(container, name)
      : this.#store.getSnapshot(container, name, snapshot);
  }

  /** The request as if the bytes of its source had come with it. */
  withBody(request: StorageRequest): StorageRequest {
    if (request.headers["x-ms-copy-source"] === undefined) return request;
    const source = this.find(request, false);
    const { "x-ms-source-range": range, "x-ms-source-content-md5": digest, ...headers } = request.headers;
    const part = range === undefined ? undefined : readRange({ range }, source.size);
    const body = this.#store.read(source, part?.first ?? 0, part?.last ?? source.size - 1);
    return {
      ...request,
      headers: digest === undefined ? headers : { ...headers, "content-md5": digest },
      body,
    };
  }

  #parse({ headers, accountUrl }: StorageRequest): Source {
    const text = headers["x-ms-copy-source"] ?? "";
    if (!URL.canParse(text)) {
      throw new StorageError(
        400,
        "InvalidHeaderValue",
        `'x-ms-copy-source' is '${text}', expected the URL of a blob.`,
      );
    }
    const url = new URL(text);
    const own = new URL(accountUrl);
    const isHere = url.port === own.port && ["127.0.0.1", "localhost", own.hostname].includes(url.hostname);
    const prefix = `${own.pathname}/`;
    if (!isHere || !url.pathname.startsWith(prefix)) {
      throw notSimulated("Copying from outside of this account");
    }
    return { path: decodeURIComponent(url.pathname.slice(prefix.length)), query: url.searchParams };
  }
}

/** What keeps the service from reading a source it tells by one code, under the status that the source answered. */
function verifying(read: () => Blob): Blob {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StorageError) || error.status === 501) throw error;
    throw new StorageError(error.status, "CannotVerifyCopySource", error.message);
  }
}

/** How a copy came about; the address of the source without what opens it. */
export function copyOutcome(request: StorageRequest, now: number): CopyOutcome {
  const source = new URL(request.headers["x-ms-copy-source"] ?? "");
  const snapshot = source.searchParams.get("snapshot");
  const query = snapshot === null ? "" : `?snapshot=${encodeURIComponent(snapshot)}`;
  return { id: randomUUID(), source: `${source.origin}${source.pathname}${query}`, completedMs: now };
}

/** `x-ms-copy-*` of a blob that is a copy. */
export function copyHeaders({ copy, size }: Blob): Record<string, string> {
  if (!copy) return {};
  return {
    "x-ms-copy-id": copy.id,
    "x-ms-copy-source": copy.source,
    "x-ms-copy-status": "success",
    "x-ms-copy-progress": `${size}/${size}`,
    "x-ms-copy-completion-time": httpDate(copy.completedMs),
  };
}
