import type { Clock } from "../../../clock.ts";
import { invalidHeader, notSimulated, StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest } from "../http.ts";
import { checkConditions } from "./conditions.ts";
import { type CopySources, copyOutcome } from "./copies.ts";
import { checkMd5, md5, readMetadata, readProperties, versionHeaders } from "./headers.ts";
import { actOnLease, checkLease } from "./lease.ts";
import type { Blob, BlobStore, Piece } from "./store.ts";
import { inTier, readTier, requireOnline } from "./tiers.ts";
import { type BlockReference, parseBlockList } from "./xml.ts";

const ENCRYPTED = { "x-ms-request-server-encrypted": "true" };
const LONGEST_BLOCK_ID_BYTES = 64;
const MOST_BLOCKS = 50_000;

/** Which blob a request is about. */
export interface BlobAddress {
  readonly container: string;
  readonly name: string;
}

/** The operations that change a blob. To be called inside `Database.write`; each checks everything before it writes. */
export class BlobWrites {
  readonly #store: BlobStore;
  readonly #sources: CopySources;
  readonly #clock: Clock;

  constructor(store: BlobStore, sources: CopySources, clock: Clock) {
    this.#store = store;
    this.#sources = sources;
    this.#clock = clock;
  }

  /** Put Blob: the whole of a block blob (which may come from another), or a new, empty append blob. */
  put(asked: StorageRequest, address: BlobAddress): StorageAnswer {
    const isFromBlob = asked.headers["x-ms-copy-source"] !== undefined;
    const type = asked.headers["x-ms-blob-type"];
    if (isFromBlob && type === undefined) return this.#copy(asked, address);
    const request = this.#sources.withBody(asked);
    const { headers, body } = request;
    if (type === "PageBlob") throw notSimulated("A page blob");
    if (type !== "BlockBlob" && type !== "AppendBlob") {
      throw invalidHeader("x-ms-blob-type", String(type), "BlockBlob or AppendBlob");
    }
    checkMd5(headers, body);
    const before = this.#writable(request, address);
    const isDescribed = isFromBlob && headers["x-ms-copy-source-blob-properties"] !== "false";
    const given = {
      ...(isDescribed ? this.#sources.find(asked, false).properties : {}),
      ...readProperties(headers),
    };
    const isBlock = type === "BlockBlob";
    const properties = isBlock ? { "content-md5": md5(body), ...given } : given;
    const pieces: Piece[] = isBlock && body.byteLength > 0 ? [{ blockId: undefined, data: body }] : [];
    const blob = this.#store.put(
      before,
      {
        ...address,
        type,
        properties,
        metadata: readMetadata(request),
        lease: this.#keptLease(request, before),
        tier: readTier(headers, this.#clock.now()) ?? before?.tier,
      },
      pieces,
    );
    const digest = isBlock ? { "Content-MD5": md5(body) } : {};
    return { status: 201, headers: { ...versionHeaders(blob), ...digest, ...ENCRYPTED } };
  }

  /** Copy Blob, and Copy Blob From URL (`x-ms-requires-sync`): within an account both are done at once. */
  #copy(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const { headers } = request;
    const isSync = headers["x-ms-requires-sync"] === "true";
    const source = this.#sources.find(request, !isSync);
    if (isSync) requireType(source, "BlockBlob");
    const before = this.#writable(request, address);
    requireType(before, source.type);
    const metadata = readMetadata(request);
    const copy = copyOutcome(request, this.#clock.now());
    const blob = this.#store.put(
      before,
      {
        ...address,
        type: source.type,
        properties: source.properties,
        metadata: Object.keys(metadata).length > 0 ? metadata : source.metadata,
        lease: this.#keptLease(request, before),
        tier: readTier(headers, this.#clock.now()) ?? before?.tier,
        copy,
      },
      this.#store.pieces(source),
    );
    const outcome = { "x-ms-copy-id": copy.id, "x-ms-copy-status": "success" };
    return { status: 202, headers: { ...versionHeaders(blob), ...outcome } };
  }

  /** Abort Copy Blob: copies within an account are over before anybody can ask. */
  abortCopy(request: StorageRequest, address: BlobAddress): StorageAnswer {
    this.#store.get(address.container, address.name);
    const id = request.query.get("copyid");
    throw new StorageError(
      409,
      "NoPendingCopyOperation",
      `There is currently no pending copy operation '${id}'.`,
    );
  }

  setTier(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#store.get(address.container, address.name);
    checkLease(blob.lease, request.headers, this.#clock.now(), "Blob", false);
    this.#store.save(inTier(blob, request.headers, this.#clock.now()));
    return { status: 200 };
  }

  /** Put Block: staged until a block list names it. */
  stage(asked: StorageRequest, address: BlobAddress): StorageAnswer {
    const request = this.#sources.withBody(asked);
    const id = request.query.get("blockid") ?? "";
    const length = Buffer.from(id, "base64").byteLength;
    if (
      length === 0 ||
      length > LONGEST_BLOCK_ID_BYTES ||
      Buffer.from(id, "base64").toString("base64") !== id
    ) {
      const message = `blockid is '${id}', expected base64 of 1 to ${LONGEST_BLOCK_ID_BYTES} bytes.`;
      throw new StorageError(400, "InvalidQueryParameterValue", message);
    }
    checkMd5(request.headers, request.body);
    const blob = this.#store.find(address.container, address.name);
    checkLease(blob?.lease, request.headers, this.#clock.now(), "Blob");
    requireType(blob, "BlockBlob");
    const other = this.#store.stagedBlocks(address.container, address.name)[0];
    if (other && other.id.length !== id.length) {
      const message = `The block id '${id}' differs in length from '${other.id}'; all of a blob must be equally long.`;
      throw new StorageError(400, "InvalidBlobOrBlock", message);
    }
    this.#store.stage(address.container, address.name, id, request.body);
    return { status: 201, headers: { "Content-MD5": md5(request.body), ...ENCRYPTED } };
  }

  /** Put Block List: makes the blob of the blocks named, in that order. */
  commit(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const list = parseBlockList(Buffer.from(request.body).toString("utf8"));
    if (list.length > MOST_BLOCKS) {
      const message = `The block list names ${list.length} blocks, expected at most ${MOST_BLOCKS}.`;
      throw new StorageError(409, "BlockCountExceedsLimit", message);
    }
    const before = this.#writable(request, address);
    requireType(before, "BlockBlob");
    const committed = new Map(
      before && this.#store.pieces(before).flatMap(({ blockId, data }) => (blockId ? [[blockId, data]] : [])),
    );
    const pieces = list.map((reference) => ({
      blockId: reference.id,
      data: this.#block(address, reference, committed),
    }));
    const { headers } = request;
    const blob = this.#store.put(
      before,
      {
        ...address,
        type: "BlockBlob",
        properties: readProperties(headers),
        metadata: readMetadata(request),
        lease: this.#keptLease(request, before),
        tier: readTier(headers, this.#clock.now()) ?? before?.tier,
      },
      pieces,
    );
    return { status: 201, headers: { ...versionHeaders(blob), ...ENCRYPTED } };
  }

  #block(
    address: BlobAddress,
    { from, id }: BlockReference,
    committed: ReadonlyMap<string, Uint8Array>,
  ): Uint8Array {
    const staged =
      from === "Committed" ? undefined : this.#store.stagedBlock(address.container, address.name, id);
    const data = staged ?? (from === "Uncommitted" ? undefined : committed.get(id));
    if (!data)
      throw new StorageError(
        400,
        "InvalidBlockList",
        `The block list names '${id}' (${from}), which is not there.`,
      );
    return data;
  }

  /** Append Block. */
  append(asked: StorageRequest, address: BlobAddress): StorageAnswer {
    const request = this.#sources.withBody(asked);
    const { headers, body } = request;
    checkMd5(headers, body);
    const blob = this.#store.get(address.container, address.name);
    checkConditions(headers, blob, false);
    checkLease(blob.lease, headers, this.#clock.now(), "Blob");
    requireType(blob, "AppendBlob");
    if (body.byteLength === 0) throw invalidHeader("content-length", "0", "at least 1 byte to append");
    checkAppend(headers, blob.size, body.byteLength);
    this.#store.addPiece(blob.content, blob.size, { blockId: undefined, data: body });
    const after = this.#store.touch({ ...blob, size: blob.size + body.byteLength });
    const count = this.#store.committedBlocks(after).length;
    const appended = {
      "x-ms-blob-append-offset": String(blob.size),
      "x-ms-blob-committed-block-count": String(count),
    };
    return {
      status: 201,
      headers: { ...versionHeaders(after), "Content-MD5": md5(body), ...appended, ...ENCRYPTED },
    };
  }

  setMetadata(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#changeable(request, address);
    const after = this.#store.touch({ ...blob, metadata: readMetadata(request) });
    return { status: 200, headers: { ...versionHeaders(after), ...ENCRYPTED } };
  }

  setProperties(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#changeable(request, address);
    const after = this.#store.touch({ ...blob, properties: readProperties(request.headers) });
    return { status: 200, headers: versionHeaders(after) };
  }

  /** Neither ETag nor time of change is touched by a lease. */
  lease(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#store.get(address.container, address.name);
    checkConditions(request.headers, blob, false);
    const outcome = actOnLease(blob.lease, request.headers, this.#clock.now());
    this.#store.save({ ...blob, lease: outcome.lease });
    return { status: outcome.status, headers: { ...versionHeaders(blob), ...outcome.headers } };
  }

  #changeable(request: StorageRequest, address: BlobAddress): Blob {
    const blob = this.#store.get(address.container, address.name);
    checkConditions(request.headers, blob, false);
    checkLease(blob.lease, request.headers, this.#clock.now(), "Blob");
    requireOnline(blob);
    return blob;
  }

  #writable(request: StorageRequest, address: BlobAddress): Blob | undefined {
    const before = this.#store.find(address.container, address.name);
    if (before && request.grant?.mayOverwrite === false) {
      throw new StorageError(
        403,
        "UnauthorizedBlobOverwrite",
        "The shared access signature may write a new blob, and this one is there already: it lacks w (sp).",
      );
    }
    checkConditions(request.headers, before, false);
    checkLease(before?.lease, request.headers, this.#clock.now(), "Blob");
    requireOnline(before);
    return before;
  }

  /** A write without a lease ID got here because no lease holds any more: what is left of one is gone with it. */
  #keptLease(request: StorageRequest, before: Blob | undefined) {
    return request.headers["x-ms-lease-id"] === undefined ? undefined : before?.lease;
  }
}

function requireType(blob: Blob | undefined, type: Blob["type"]): void {
  if (!blob || blob.type === type) return;
  throw new StorageError(409, "InvalidBlobType", `The blob is of type ${blob.type}, expected ${type}.`);
}

function checkAppend(headers: StorageRequest["headers"], size: number, added: number): void {
  const position = headers["x-ms-blob-condition-appendpos"];
  if (position !== undefined && Number(position) !== size) {
    const message = `The append position is ${size}, the condition expects ${position}.`;
    throw new StorageError(412, "AppendPositionConditionNotMet", message);
  }
  const most = headers["x-ms-blob-condition-maxsize"];
  if (most !== undefined && size + added > Number(most)) {
    const message = `The blob would have ${size + added} bytes, the condition allows ${most}.`;
    throw new StorageError(412, "MaxBlobSizeConditionNotMet", message);
  }
}
