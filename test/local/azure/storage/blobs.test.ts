import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBackend } from "./backend.ts";
import { all, type Clients, clients, freshContainer, freshContainerName, refusal } from "./contract.ts";

let backend: Awaited<ReturnType<typeof startBackend>>;
let storage: Clients;

beforeAll(async () => {
  backend = await startBackend();
  storage = clients(backend.connectionString);
});
afterAll(() => backend.stop());

const AN_HOUR_MS = 3_600_000;

describe("containers", () => {
  test("a created container exists, with its metadata", async () => {
    const container = storage.blobs.getContainerClient(freshContainerName());
    expect(await container.exists()).toBe(false);
    await container.create({ metadata: { purpose: "evidence" } });
    expect(await container.exists()).toBe(true);
    expect((await container.getProperties()).metadata).toEqual({ purpose: "evidence" });
  });

  test("createIfNotExists tells whether it created", async () => {
    const container = storage.blobs.getContainerClient(freshContainerName());
    expect((await container.createIfNotExists()).succeeded).toBe(true);
    expect((await container.createIfNotExists()).succeeded).toBe(false);
  });

  test("creating a container twice is refused", async () => {
    const container = await freshContainer(storage);
    expect(await refusal(container.create())).toMatchObject({ status: 409, code: "ContainerAlreadyExists" });
  });

  test("an invalid container name is refused", async () => {
    const refused = await refusal(storage.blobs.getContainerClient("Not-Lower").create());
    expect(refused).toMatchObject({ status: 400, code: "InvalidResourceName" });
  });

  test("a deleted container takes its blobs with it", async () => {
    const container = await freshContainer(storage);
    await container.getBlockBlobClient("a").upload("x", 1);
    await container.delete();
    const gone = await refusal(container.getBlobClient("a").download());
    expect(gone).toMatchObject({ status: 404 });
  });

  test("containers are listed by prefix", async () => {
    const prefix = `l-${randomUUID()}`;
    for (const suffix of ["b", "a"]) await storage.blobs.getContainerClient(`${prefix}-${suffix}`).create();
    const listed = await all(storage.blobs.listContainers({ prefix }));
    expect(listed.map((each) => each.name)).toEqual([`${prefix}-a`, `${prefix}-b`]);
  });

  test("metadata of a container can be changed", async () => {
    const container = await freshContainer(storage);
    await container.setMetadata({ team: "vision" });
    expect((await container.getProperties()).metadata).toEqual({ team: "vision" });
  });
});

describe("block blobs", () => {
  test("an uploaded blob is read back with its type, length and metadata", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("folder/ä b'c+d%.json");
    const options = {
      blobHTTPHeaders: { blobContentType: "application/json" },
      metadata: { a_b: "1", aa: "2", a1: "3" },
    };
    await blob.upload('{"é":1}', Buffer.byteLength('{"é":1}'), options);
    expect((await blob.downloadToBuffer()).toString()).toBe('{"é":1}');
    expect(await blob.getProperties()).toMatchObject({
      contentType: "application/json",
      contentLength: 8,
      blobType: "BlockBlob",
      metadata: { a_b: "1", aa: "2", a1: "3" },
      leaseState: "available",
    });
  });

  test("an empty blob is read back empty", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("empty");
    await blob.upload("", 0);
    expect((await blob.getProperties()).contentLength).toBe(0);
    expect((await blob.downloadToBuffer()).byteLength).toBe(0);
  });

  test("an upload without a type is octets", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.uploadData(Buffer.from([1, 2, 3]));
    expect((await blob.getProperties()).contentType).toBe("application/octet-stream");
  });

  test("a second upload replaces the blob and its etag", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    const first = await blob.upload("one", 3);
    const second = await blob.upload("three", 5);
    expect(second.etag).not.toBe(first.etag);
    expect((await blob.downloadToBuffer()).toString()).toBe("three");
  });

  test.each([
    { offset: 0, count: 4, text: "0123" },
    { offset: 7, count: undefined, text: "789" },
    { offset: 8, count: 50, text: "89" },
  ])("a range from $offset is '$text'", async ({ offset, count, text }) => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("digits");
    await blob.upload("0123456789", 10);
    const answer = await blob.download(offset, count);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).toString()).toBe(text);
    expect(answer.contentLength).toBe(text.length);
  });

  test("reading what is not there is refused", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("none");
    expect(await refusal(blob.download())).toMatchObject({ status: 404, code: "BlobNotFound" });
    expect(await blob.exists()).toBe(false);
  });

  test("writing into a container that is not there is refused", async () => {
    const blob = storage.blobs.getContainerClient(freshContainerName()).getBlockBlobClient("a");
    expect(await refusal(blob.upload("a", 1))).toMatchObject({ status: 404, code: "ContainerNotFound" });
  });

  test("a deleted blob is gone; deleting it again is refused", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.upload("a", 1);
    await blob.delete();
    expect(await blob.exists()).toBe(false);
    expect(await refusal(blob.delete())).toMatchObject({ status: 404, code: "BlobNotFound" });
    expect((await blob.deleteIfExists()).succeeded).toBe(false);
  });

  test("metadata and headers can be changed", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.upload("a", 1, { metadata: { old: "1" } });
    await blob.setMetadata({ fresh: "2" });
    await blob.setHTTPHeaders({ blobContentType: "text/plain", blobCacheControl: "no-store" });
    const properties = await blob.getProperties();
    expect(properties.metadata).toEqual({ fresh: "2" });
    expect(properties).toMatchObject({ contentType: "text/plain", cacheControl: "no-store" });
  });

  test("blocks become a blob in the order of the list", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("blocks");
    const [a, b] = [Buffer.from("block-a").toString("base64"), Buffer.from("block-b").toString("base64")];
    await blob.stageBlock(a, "AAA", 3);
    await blob.stageBlock(b, "BB", 2);
    expect(await blob.exists()).toBe(false);
    expect((await blob.getBlockList("uncommitted")).uncommittedBlocks?.map((block) => block.size)).toEqual([
      3, 2,
    ]);
    await blob.commitBlockList([b, a]);
    expect((await blob.downloadToBuffer()).toString()).toBe("BBAAA");
    const lists = await blob.getBlockList("all");
    expect(lists.committedBlocks?.map((block) => block.name)).toEqual([b, a]);
    expect(lists.uncommittedBlocks ?? []).toEqual([]);
  });

  test("a new block list may keep committed blocks", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("blocks");
    const [a, b] = [Buffer.from("block-a").toString("base64"), Buffer.from("block-b").toString("base64")];
    await blob.stageBlock(a, "AAA", 3);
    await blob.commitBlockList([a]);
    await blob.stageBlock(b, "BB", 2);
    await blob.commitBlockList([a, b]);
    expect((await blob.downloadToBuffer()).toString()).toBe("AAABB");
  });

  test("a block list that names an unknown block is refused and changes nothing", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.upload("kept", 4);
    const refused = await refusal(blob.commitBlockList([Buffer.from("unknown").toString("base64")]));
    expect(refused).toMatchObject({ status: 400, code: "InvalidBlockList" });
    expect((await blob.downloadToBuffer()).toString()).toBe("kept");
  });

  test("a large upload goes in blocks and comes back whole", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("large");
    const data = randomBytes(3 * 1024 * 1024 + 17);
    await blob.uploadData(data, { blockSize: 1024 * 1024, maxSingleShotSize: 1024 * 1024, concurrency: 3 });
    const got = await blob.downloadToBuffer(0, undefined, { blockSize: 700_000 });
    expect(Buffer.compare(got, data)).toBe(0);
  });
});

describe("lists", () => {
  test("blobs are listed in order of name, by prefix, with metadata when asked", async () => {
    const container = await freshContainer(storage);
    for (const name of ["b/2", "a", "b/10"])
      await container.getBlockBlobClient(name).upload("x", 1, { metadata: { k: "<&>" } });
    const listed = await all(container.listBlobsFlat({ prefix: "b/", includeMetadata: true }));
    expect(listed.map((blob) => blob.name)).toEqual(["b/10", "b/2"]);
    expect(listed[0]).toMatchObject({
      metadata: { k: "<&>" },
      properties: { contentLength: 1, blobType: "BlockBlob" },
    });
  });

  test("the list tells names of metadata as they were written", async () => {
    const container = await freshContainer(storage);
    await container
      .getBlockBlobClient("a")
      .upload("x", 1, { metadata: { ownerId: "me", Job_Name: "train" } });
    const [blob] = await all(container.listBlobsFlat({ includeMetadata: true }));
    expect(blob?.metadata).toEqual({ ownerId: "me", Job_Name: "train" });
  });

  test("names with signs that XML reserves are listed as they are", async () => {
    const container = await freshContainer(storage);
    await container.getBlockBlobClient(`a&b<c>"d"`).upload("x", 1);
    expect((await all(container.listBlobsFlat())).map((blob) => blob.name)).toEqual([`a&b<c>"d"`]);
  });

  test("a delimiter groups names", async () => {
    const container = await freshContainer(storage);
    for (const name of ["m/1/a", "m/1/b", "m/2/a", "m/readme", "n/1"]) {
      await container.getBlockBlobClient(name).upload("x", 1);
    }
    const listed = await all(container.listBlobsByHierarchy("/", { prefix: "m/" }));
    expect(listed.map((item) => `${item.kind} ${item.name}`).sort()).toEqual([
      "blob m/readme",
      "prefix m/1/",
      "prefix m/2/",
    ]);
  });

  test("a list goes on where the last page ended", async () => {
    const container = await freshContainer(storage);
    for (const name of ["a", "b", "c"]) await container.getBlockBlobClient(name).upload("x", 1);
    const pages = await all(container.listBlobsFlat().byPage({ maxPageSize: 2 }));
    expect(pages.map((page) => page.segment.blobItems.map((blob) => blob.name))).toEqual([["a", "b"], ["c"]]);
  });

  test("an empty container lists nothing", async () => {
    expect(await all((await freshContainer(storage)).listBlobsFlat())).toEqual([]);
  });

  test("listing a container that is not there is refused", async () => {
    const missing = storage.blobs.getContainerClient(freshContainerName());
    expect(await refusal(all(missing.listBlobsFlat()))).toMatchObject({
      status: 404,
      code: "ContainerNotFound",
    });
  });
});

describe("conditions", () => {
  const written = async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    const { etag = "" } = await blob.upload("one", 3);
    return { blob, etag };
  };

  test("If-None-Match * writes only what is new", async () => {
    const { blob } = await written();
    const again = blob.upload("two", 3, { conditions: { ifNoneMatch: "*" } });
    expect(await refusal(again)).toMatchObject({ status: 409, code: "BlobAlreadyExists" });
  });

  test("If-Match with the current etag writes, with an old one it does not", async () => {
    const { blob, etag } = await written();
    await blob.upload("two", 3, { conditions: { ifMatch: etag } });
    const late = await refusal(blob.upload("three", 5, { conditions: { ifMatch: etag } }));
    expect(late).toMatchObject({ status: 412, code: "ConditionNotMet" });
    expect((await blob.downloadToBuffer()).toString()).toBe("two");
  });

  test("If-Match does not write what is not there", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("none");
    const refused = await refusal(blob.upload("a", 1, { conditions: { ifMatch: '"0x1"' } }));
    expect(refused).toMatchObject({ status: 412, code: "ConditionNotMet" });
  });

  test("If-None-Match with the current etag answers a read with 304", async () => {
    const { blob, etag } = await written();
    expect(await refusal(blob.download(0, undefined, { conditions: { ifNoneMatch: etag } }))).toMatchObject({
      status: 304,
    });
  });

  test("If-Modified-Since in the future answers a read with 304, in the past with the blob", async () => {
    const { blob } = await written();
    const future = { conditions: { ifModifiedSince: new Date(Date.now() + AN_HOUR_MS) } };
    const past = { conditions: { ifModifiedSince: new Date(Date.now() - AN_HOUR_MS) } };
    expect(await refusal(blob.download(0, undefined, future))).toMatchObject({ status: 304 });
    expect((await blob.download(0, undefined, past)).contentLength).toBe(3);
  });

  test("If-Unmodified-Since in the past refuses a delete", async () => {
    const { blob } = await written();
    const past = { conditions: { ifUnmodifiedSince: new Date(Date.now() - AN_HOUR_MS) } };
    expect(await refusal(blob.delete(past))).toMatchObject({ status: 412, code: "ConditionNotMet" });
  });
});

describe("leases", () => {
  const leased = async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.upload("one", 3);
    const lease = blob.getBlobLeaseClient();
    await lease.acquireLease(15);
    return { blob, lease };
  };

  test("a leased blob is written only with the lease's id", async () => {
    const { blob, lease } = await leased();
    expect(await refusal(blob.upload("two", 3))).toMatchObject({ status: 412, code: "LeaseIdMissing" });
    const other = blob.upload("two", 3, { conditions: { leaseId: randomUUID() } });
    expect(await refusal(other)).toMatchObject({ status: 412, code: "LeaseIdMismatchWithBlobOperation" });
    await blob.upload("two", 3, { conditions: { leaseId: lease.leaseId } });
    expect(await blob.getProperties()).toMatchObject({
      leaseState: "leased",
      leaseStatus: "locked",
      leaseDuration: "fixed",
    });
  });

  test("a leased blob is not deleted without the lease's id", async () => {
    const { blob } = await leased();
    expect(await refusal(blob.delete())).toMatchObject({ status: 412, code: "LeaseIdMissing" });
  });

  test("a second lease is refused", async () => {
    const { blob } = await leased();
    const second = await refusal(blob.getBlobLeaseClient().acquireLease(15));
    expect(second).toMatchObject({ status: 409, code: "LeaseAlreadyPresent" });
  });

  test("a renewed lease stays, a released one is free for others", async () => {
    const { blob, lease } = await leased();
    await lease.renewLease();
    await lease.releaseLease();
    await expect(blob.getBlobLeaseClient().acquireLease(-1)).resolves.toBeDefined();
  });

  test("a changed lease goes by its new id", async () => {
    const { blob, lease } = await leased();
    const [old, fresh] = [lease.leaseId, randomUUID()];
    await lease.changeLease(fresh);
    const withOld = blob.upload("two", 3, { conditions: { leaseId: old } });
    expect(await refusal(withOld)).toMatchObject({ status: 412 });
    await blob.upload("two", 3, { conditions: { leaseId: fresh } });
  });

  test("a lease broken at once lets others write", async () => {
    const { blob, lease } = await leased();
    await lease.breakLease(0);
    await blob.upload("two", 3);
    await expect(blob.getBlobLeaseClient().acquireLease(15)).resolves.toBeDefined();
  });

  test("a lease being broken still holds", async () => {
    const { blob, lease } = await leased();
    await lease.breakLease(10);
    expect((await blob.getProperties()).leaseState).toBe("breaking");
    expect(await refusal(blob.upload("two", 3))).toMatchObject({ status: 412, code: "LeaseIdMissing" });
    const second = await refusal(blob.getBlobLeaseClient().acquireLease(15));
    expect(second).toMatchObject({ status: 409, code: "LeaseAlreadyPresent" });
    const same = await refusal(blob.getBlobLeaseClient(lease.leaseId).acquireLease(15));
    expect(same).toMatchObject({ status: 409, code: "LeaseIsBreakingAndCannotBeAcquired" });
  });

  test("a lease of 5 seconds is refused", async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.upload("one", 3);
    expect(await refusal(blob.getBlobLeaseClient().acquireLease(5))).toMatchObject({ status: 400 });
  });

  test("a leased container is not deleted without the lease's id", async () => {
    const container = await freshContainer(storage);
    const lease = container.getBlobLeaseClient();
    await lease.acquireLease(-1);
    expect(await refusal(container.delete())).toMatchObject({ status: 412, code: "LeaseIdMissing" });
    await container.delete({ conditions: { leaseId: lease.leaseId } });
  });
});

describe("append blobs", () => {
  test("blocks are appended in order", async () => {
    const blob = (await freshContainer(storage)).getAppendBlobClient("log");
    await blob.create();
    expect((await blob.appendBlock("one ", 4)).blobAppendOffset).toBe("0");
    expect((await blob.appendBlock("two", 3)).blobAppendOffset).toBe("4");
    expect((await blob.downloadToBuffer()).toString()).toBe("one two");
    expect(await blob.getProperties()).toMatchObject({ blobType: "AppendBlob", blobCommittedBlockCount: 2 });
  });

  test("an append at another position than expected is refused", async () => {
    const blob = (await freshContainer(storage)).getAppendBlobClient("log");
    await blob.create();
    await blob.appendBlock("one", 3);
    const refused = await refusal(blob.appendBlock("x", 1, { conditions: { appendPosition: 1 } }));
    expect(refused).toMatchObject({ status: 412, code: "AppendPositionConditionNotMet" });
  });

  test("appending to a block blob is refused", async () => {
    const container = await freshContainer(storage);
    await container.getBlockBlobClient("a").upload("a", 1);
    const refused = await refusal(container.getAppendBlobClient("a").appendBlock("b", 1));
    expect(refused).toMatchObject({ status: 409, code: "InvalidBlobType" });
  });
});
