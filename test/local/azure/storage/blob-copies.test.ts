import { BlobSASPermissions, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startBackend } from "./backend.ts";
import { all, type Clients, clients, freshContainer, refusal } from "./contract.ts";

let backend: Awaited<ReturnType<typeof startBackend>>;
let storage: Clients;
let container: ContainerClient;

beforeAll(async () => {
  backend = await startBackend();
  storage = clients(backend.connectionString);
});
afterAll(() => backend.stop());
beforeEach(async () => {
  container = await freshContainer(storage);
});

const AN_HOUR_MS = 3_600_000;
const written = async (name: string, content: string, metadata: Record<string, string> = {}) => {
  const blob = container.getBlockBlobClient(name);
  await blob.upload(content, content.length, {
    metadata,
    blobHTTPHeaders: { blobContentType: "text/plain" },
  });
  return blob;
};
const textOf = async (blob: { downloadToBuffer(): Promise<Buffer> }) =>
  (await blob.downloadToBuffer()).toString();

describe("copies", () => {
  test("a copy has the bytes, the type and the metadata of its source", async () => {
    const source = await written("source", "content", { kind: "model" });
    const copy = container.getBlobClient("copy");
    const poller = await copy.beginCopyFromURL(source.url, { intervalInMs: 1 });
    expect((await poller.pollUntilDone()).copyStatus).toBe("success");
    expect(await textOf(copy)).toBe("content");
    expect(await copy.getProperties()).toMatchObject({
      contentType: "text/plain",
      metadata: { kind: "model" },
      copyStatus: "success",
      copySource: source.url,
      copyProgress: "7/7",
    });
  });

  test("a copy into another container, over a blob that is there, with metadata of its own", async () => {
    const source = await written("source", "content", { kind: "model" });
    const target = (await freshContainer(storage)).getBlockBlobClient("target");
    await target.upload("old", 3);
    await (await target.beginCopyFromURL(source.url, { metadata: { kind: "copy" } })).pollUntilDone();
    expect(await textOf(target)).toBe("content");
    expect((await target.getProperties()).metadata).toEqual({ kind: "copy" });
  });

  test("a copy stays as it is when its source changes", async () => {
    const source = await written("source", "before");
    const copy = container.getBlobClient("copy");
    await (await copy.beginCopyFromURL(source.url)).pollUntilDone();
    await source.upload("after", 5);
    expect(await textOf(copy)).toBe("before");
  });

  test("a copy from a shared address is done when the answer comes", async () => {
    const source = await written("source", "content");
    const url = await source.generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: new Date(Date.now() + AN_HOUR_MS),
    });
    const copy = container.getBlobClient("copy");
    expect((await copy.syncCopyFromURL(url)).copyStatus).toBe("success");
    expect(await textOf(copy)).toBe("content");
  });

  test("a copy of what is not there is refused", async () => {
    const copy = container.getBlobClient("copy");
    expect(await refusal(copy.beginCopyFromURL(container.getBlobClient("none").url))).toMatchObject({
      status: 404,
    });
  });

  test("a copy on the condition of an old etag of the target is refused", async () => {
    const source = await written("source", "content");
    const target = await written("target", "one");
    const { etag = "" } = await target.getProperties();
    await target.upload("two", 3);
    const copying = target.beginCopyFromURL(source.url, { conditions: { ifMatch: etag } });
    expect(await refusal(copying)).toMatchObject({ status: 412, code: "ConditionNotMet" });
  });

  test("a leased target is not written over without the lease's id", async () => {
    const source = await written("source", "content");
    const target = await written("target", "one");
    const lease = target.getBlobLeaseClient();
    const { leaseId = "" } = await lease.acquireLease(60);
    expect(await refusal(target.beginCopyFromURL(source.url))).toMatchObject({
      status: 412,
      code: "LeaseIdMissing",
    });
    await (await target.beginCopyFromURL(source.url, { conditions: { leaseId } })).pollUntilDone();
    expect(await textOf(target)).toBe("content");
  });

  test("a finished copy cannot be aborted", async () => {
    const source = await written("source", "content");
    const copy = container.getBlobClient("copy");
    const { copyId = "" } = await (await copy.beginCopyFromURL(source.url)).pollUntilDone();
    expect(await refusal(copy.abortCopyFromURL(copyId))).toMatchObject({
      status: 409,
      code: "NoPendingCopyOperation",
    });
  });
});

describe("snapshots", () => {
  test("a snapshot keeps the blob as it was", async () => {
    const blob = await written("a", "before", { at: "first" });
    const { snapshot = "" } = await blob.createSnapshot();
    await blob.upload("after", 5);
    const kept = blob.withSnapshot(snapshot);
    expect(await textOf(kept)).toBe("before");
    expect((await kept.getProperties()).metadata).toEqual({ at: "first" });
    expect(await textOf(blob)).toBe("after");
  });

  test("a snapshot of an append blob does not grow with it", async () => {
    const log = container.getAppendBlobClient("log");
    await log.create();
    await log.appendBlock("one", 3);
    const { snapshot = "" } = await log.createSnapshot();
    await log.appendBlock("two", 3);
    expect(await textOf(log.withSnapshot(snapshot))).toBe("one");
    expect(await textOf(log)).toBe("onetwo");
  });

  test("snapshots are listed when asked for, beside their blob", async () => {
    const blob = await written("a", "x");
    await written("b", "y");
    const first = await blob.createSnapshot();
    const second = await blob.createSnapshot();
    const plain = await all(container.listBlobsFlat());
    expect(plain.map((each) => each.name)).toEqual(["a", "b"]);
    const found = await all(container.listBlobsFlat({ includeSnapshots: true }));
    const listed = found.map((each) => [each.name, each.snapshot || undefined]);
    expect(new Set(listed)).toEqual(
      new Set([
        ["a", first.snapshot],
        ["a", second.snapshot],
        ["a", undefined],
        ["b", undefined],
      ]),
    );
  });

  test("a blob with snapshots is deleted only with them", async () => {
    const blob = await written("a", "x");
    await blob.createSnapshot();
    expect(await refusal(blob.delete())).toMatchObject({ status: 409, code: "SnapshotsPresent" });
    await blob.delete({ deleteSnapshots: "include" });
    expect(await all(container.listBlobsFlat({ includeSnapshots: true }))).toEqual([]);
  });

  test("snapshots are deleted without the blob, all or one", async () => {
    const blob = await written("a", "x");
    const { snapshot = "" } = await blob.createSnapshot();
    await blob.createSnapshot();
    await blob.withSnapshot(snapshot).delete();
    const left = await all(container.listBlobsFlat({ includeSnapshots: true }));
    expect(left).toHaveLength(2);
    await blob.delete({ deleteSnapshots: "only" });
    expect(await all(container.listBlobsFlat({ includeSnapshots: true }))).toHaveLength(1);
    expect(await textOf(blob)).toBe("x");
  });

  test("a snapshot copied over its blob brings the old content back", async () => {
    const blob = await written("a", "before");
    const { snapshot = "" } = await blob.createSnapshot();
    await blob.upload("after", 5);
    await (await blob.beginCopyFromURL(blob.withSnapshot(snapshot).url)).pollUntilDone();
    expect(await textOf(blob)).toBe("before");
  });

  test("a snapshot that is not there is not found", async () => {
    const blob = await written("a", "x");
    const none = blob.withSnapshot("2020-01-01T00:00:00.0000000Z");
    expect(await refusal(none.getProperties())).toMatchObject({ status: 404 });
  });
});

describe("access tiers", () => {
  test("a blob is in the account's tier until one is set", async () => {
    const blob = await written("a", "x");
    expect(await blob.getProperties()).toMatchObject({ accessTier: "Hot", accessTierInferred: true });
    const { etag } = await blob.getProperties();
    await blob.setAccessTier("Cool");
    const after = await blob.getProperties();
    expect(after).toMatchObject({ accessTier: "Cool", etag });
    expect(after.accessTierInferred ?? false).toBe(false);
    expect(after.accessTierChangedOn).toBeInstanceOf(Date);
  });

  test("an upload says its tier, and the list tells it", async () => {
    await container.getBlockBlobClient("a").upload("x", 1, { tier: "Cool" });
    const [item] = await all(container.listBlobsFlat());
    expect(item?.properties.accessTier).toBe("Cool");
  });

  test("a tier of page blobs is refused", async () => {
    const blob = await written("a", "x");
    expect(await refusal(blob.setAccessTier("P4"))).toMatchObject({ status: 400 });
  });

  test("an archived blob is described and not read", async () => {
    const blob = await written("a", "x");
    await blob.setAccessTier("Archive");
    expect((await blob.getProperties()).accessTier).toBe("Archive");
    expect(await refusal(blob.download())).toMatchObject({ status: 409, code: "BlobArchived" });
  });
});

describe("digests", () => {
  test("a part of a blob is read with the digest of the part when asked for", async () => {
    const blob = await written("a", "abcdef");
    const part = await blob.download(1, 3, { rangeGetContentMD5: true });
    // md5 of "bcd"
    expect(Buffer.from(part.contentMD5 ?? []).toString("hex")).toBe("d4b7c284882ca9e208bb65e8abd5f4c8");
  });
});
