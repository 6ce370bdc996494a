/** What the service documents and Azurite does not do: for our own storage alone, so apart from the contract. */
import { AnonymousCredential, BlobSASPermissions, BlockBlobClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, startOwnBackend } from "./backend.ts";
import {
  all,
  type Clients,
  clients,
  freshContainer,
  freshContainerName,
  freshTable,
  refusal,
} from "./contract.ts";

let backend: Backend;
let storage: Clients;

beforeAll(async () => {
  backend = await startOwnBackend();
  storage = clients(backend.connectionString);
});
afterAll(() => backend.stop());

test("a range behind the end is refused", async () => {
  const blob = (await freshContainer(storage)).getBlockBlobClient("a");
  await blob.upload("abc", 3);
  expect(await refusal(blob.download(3, 1))).toMatchObject({ status: 416, code: "InvalidRange" });
});

test("an entity above 1 MiB is refused", async () => {
  const table = await freshTable(storage);
  const properties = Object.fromEntries(
    Array.from({ length: 17 }, (_, i) => [`p${i}`, "x".repeat(32 * 1024)]),
  );
  const over = table.createEntity({ partitionKey: "p", rowKey: "r", ...properties });
  expect(await refusal(over)).toMatchObject({ status: 400, code: "EntityTooLarge" });
});

test.each([
  { count: 252, refused: false },
  { count: 253, refused: true },
])("$count own properties: refused is $refused", async ({ count, refused }) => {
  const table = await freshTable(storage);
  const properties = Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]));
  const insert = table.createEntity({ partitionKey: "p", rowKey: "r", ...properties });
  if (refused) expect(await refusal(insert)).toMatchObject({ status: 400, code: "TooManyProperties" });
  else await insert;
});

test("a filter with an open quote is refused, and the error says where", async () => {
  const table = await freshTable(storage);
  const refused = await refusal(all(table.listEntities({ queryOptions: { filter: "n eq 'open" } })));
  expect(refused).toMatchObject({ status: 400, code: "InvalidInput" });
  expect(refused.message).toContain("'open' at character 5");
});

test("a guid in a filter is found in any case", async () => {
  const table = await freshTable(storage);
  const id = { value: "00000000-0000-0000-0000-00000000000a", type: "Guid" };
  await table.createEntity({ partitionKey: "p", rowKey: "r", id });
  const filter = "id eq guid'00000000-0000-0000-0000-00000000000A'";
  expect(await all(table.listEntities({ queryOptions: { filter } }))).toHaveLength(1);
});

describe("copies from an address", () => {
  const shared = (blob: BlockBlobClient) =>
    blob.generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
  const written = async (content: string) => {
    const container = await freshContainer(storage);
    const source = container.getBlockBlobClient("source");
    const blobHTTPHeaders = { blobContentType: "text/plain" };
    await source.upload(content, content.length, { blobHTTPHeaders });
    return { source, target: container.getBlockBlobClient("target") };
  };
  const textOf = async (blob: BlockBlobClient) => (await blob.downloadToBuffer()).toString();

  test("that nothing opens are refused when they are to be done at once", async () => {
    const { source, target } = await written("content");
    expect(await refusal(target.syncCopyFromURL(source.url))).toMatchObject({
      status: 401,
      code: "CannotVerifyCopySource",
    });
  });

  test("that open nothing are refused, and so are those of what is not there", async () => {
    const { source, target } = await written("content");
    const writeOnly = (await shared(source)).replace("sp=r", "sp=w");
    expect(await refusal(target.beginCopyFromURL(writeOnly))).toMatchObject({
      status: 403,
      code: "CannotVerifyCopySource",
    });
    const missing = await shared(target);
    expect(await refusal(target.stageBlockFromURL("AAAA", missing))).toMatchObject({
      status: 404,
      code: "CannotVerifyCopySource",
    });
  });

  test("a whole blob is put from one, with its type", async () => {
    const { source, target } = await written("content");
    await target.syncUploadFromURL(await shared(source));
    expect(await textOf(target)).toBe("content");
    expect((await target.getProperties()).contentType).toBe("text/plain");
  });

  test("a block is staged from a part of one", async () => {
    const { source, target } = await written("abcdef");
    const id = Buffer.from("0001").toString("base64");
    await target.stageBlockFromURL(id, await shared(source), 2, 3);
    await target.commitBlockList([id]);
    expect(await textOf(target)).toBe("cde");
  });

  test("on a condition that the source does not meet are refused", async () => {
    const { source, target } = await written("content");
    const sourceConditions = { ifMatch: '"another"' };
    const copying = target.beginCopyFromURL(source.url, { sourceConditions });
    expect(await refusal(copying)).toMatchObject({ status: 412, code: "SourceConditionNotMet" });
  });

  test("outside of the account say that they are not simulated", async () => {
    const { target } = await written("content");
    const refused = await refusal(target.beginCopyFromURL("https://example.com/container/blob"));
    expect(refused).toMatchObject({ status: 501, code: "NotImplemented" });
    expect(refused.message).toContain("Copying from outside of this account");
  });
});

test("an archived blob is neither written over nor kept as a snapshot, and not rehydrated here", async () => {
  const blob = (await freshContainer(storage)).getBlockBlobClient("a");
  await blob.upload("x", 1, { tier: "Archive" });
  expect(await refusal(blob.upload("y", 1))).toMatchObject({ status: 409, code: "BlobArchived" });
  expect(await refusal(blob.createSnapshot())).toMatchObject({ status: 409, code: "BlobArchived" });
  expect((await refusal(blob.setAccessTier("Hot"))).message).toContain("Rehydrating an archived blob");
});

test("a blob that is written over keeps its tier", async () => {
  const blob = (await freshContainer(storage)).getBlockBlobClient("a");
  await blob.upload("x", 1, { tier: "Cool" });
  await blob.upload("y", 1);
  expect((await blob.getProperties()).accessTier).toBe("Cool");
});

test("a container that everybody may read is refused, as in an account as they are made now", async () => {
  const container = storage.blobs.getContainerClient(freshContainerName());
  expect(await refusal(container.create({ access: "blob" }))).toMatchObject({
    status: 409,
    code: "PublicAccessNotPermitted",
  });
});

test("the digest of a part above 4 MiB is refused", async () => {
  const blob = (await freshContainer(storage)).getBlockBlobClient("a");
  await blob.uploadData(Buffer.alloc(4 * 1024 * 1024 + 1));
  const reading = blob.download(0, 4 * 1024 * 1024 + 1, { rangeGetContentMD5: true });
  expect(await refusal(reading)).toMatchObject({ status: 400 });
});

test("a list with snapshots goes on where the last page ended", async () => {
  const container = await freshContainer(storage);
  for (const name of ["a", "b"]) {
    const blob = container.getBlockBlobClient(name);
    await blob.upload("x", 1);
    for (let i = 0; i < 2; i++) await blob.createSnapshot();
  }
  const names: string[] = [];
  for await (const { segment } of container
    .listBlobsFlat({ includeSnapshots: true })
    .byPage({ maxPageSize: 1 })) {
    for (const each of segment.blobItems) names.push(`${each.name}${each.snapshot ? "@" : ""}`);
  }
  expect(names.toSorted()).toEqual(["a", "a@", "a@", "b", "b@", "b@"]);
});

describe("a shared access signature", () => {
  const options = { permissions: BlobSASPermissions.parse("r"), expiresOn: new Date(Date.now() + 3_600_000) };
  const byUrl = (url: string) =>
    new BlockBlobClient(url, new AnonymousCredential(), { retryOptions: { maxTries: 1 } });
  const written = async () => {
    const blob = (await freshContainer(storage)).getBlockBlobClient("a");
    await blob.upload("content", 7);
    return blob;
  };
  const reading = async (more: object) =>
    byUrl(await (await written()).generateSasUrl({ ...options, ...more })).download();

  test.each(["2018-03-28", "2018-11-09", "2020-10-02", "2020-12-06"])(
    "of version %s is read",
    async (version) => {
      expect((await reading({ version })).contentLength).toBe(7);
    },
  );

  test.each([
    { ipRange: { start: "127.0.0.1" }, opens: true },
    { ipRange: { start: "127.0.0.0", end: "127.0.0.255" }, opens: true },
    { ipRange: { start: "10.0.0.1", end: "10.0.0.9" }, opens: false },
  ])("for $ipRange opens the blob to this machine: $opens", async ({ ipRange, opens }) => {
    if (opens) expect((await reading({ ipRange })).contentLength).toBe(7);
    else expect(await refusal(reading({ ipRange }))).toMatchObject({ code: "AuthorizationSourceIPMismatch" });
  });

  test("that is over, or not the one of its parameters, authenticates nobody", async () => {
    const over = reading({ expiresOn: new Date(Date.now() - 1000) });
    expect(await refusal(over)).toMatchObject({ status: 403, code: "AuthenticationFailed" });
    const url = (await (await written()).generateSasUrl(options)).replace("sp=r", "sp=w");
    expect(await refusal(byUrl(url).download())).toMatchObject({ status: 403, code: "AuthenticationFailed" });
  });

  test("that only creates says that it may not write over", async () => {
    const url = await (await written()).generateSasUrl({
      ...options,
      permissions: BlobSASPermissions.parse("c"),
    });
    const refused = await refusal(byUrl(url).upload("new", 3));
    expect(refused).toMatchObject({ status: 403, code: "UnauthorizedBlobOverwrite" });
  });

  test("of a directory says that it is not simulated", async () => {
    const url = (await (await written()).generateSasUrl(options)).replace("sr=b", "sr=d&skoid=x");
    expect(await refusal(byUrl(url).download())).toMatchObject({ status: 501, code: "NotImplemented" });
  });
});
