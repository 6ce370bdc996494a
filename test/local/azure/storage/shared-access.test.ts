import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AnonymousCredential,
  type BlobClient,
  BlobSASPermissions,
  BlobServiceClient,
  BlockBlobClient,
  ContainerClient,
  ContainerSASPermissions,
  SASProtocol,
} from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBackend } from "./backend.ts";
import { all, type Clients, clients, freshContainer, freshContainerName, refusal } from "./contract.ts";

let backend: Awaited<ReturnType<typeof startBackend>>;
let storage: Clients;
let container: ContainerClient;
let blob: BlockBlobClient;

beforeAll(async () => {
  backend = await startBackend();
  storage = clients(backend.connectionString);
  container = await freshContainer(storage);
  blob = container.getBlockBlobClient("folder/a b+ü.txt");
  await blob.upload("content", 7, { blobHTTPHeaders: { blobContentType: "text/plain" } });
});
afterAll(() => backend.stop());

const ONCE = { retryOptions: { maxTries: 1 } };
const anonymous = new AnonymousCredential();
const inMs = (ms: number) => new Date(Date.now() + ms);
const soon = () => inMs(3_600_000);

/** A client that knows nothing but the address. */
const byUrl = (url: string) => new BlockBlobClient(url, anonymous, ONCE);
const sharing = async (permissions: string, of: BlobClient = blob) =>
  byUrl(await of.generateSasUrl({ permissions: BlobSASPermissions.parse(permissions), expiresOn: soon() }));
const sharingContainer = async (permissions: string) => {
  const options = { permissions: ContainerSASPermissions.parse(permissions), expiresOn: soon() };
  return new ContainerClient(await container.generateSasUrl(options), anonymous, ONCE);
};
const sharingAccount = (permissions: string, types = "sco") => {
  const granted = AccountSASPermissions.parse(permissions);
  const url = storage.blobs.generateAccountSasUrl(soon(), granted, types);
  return new BlobServiceClient(url, anonymous, ONCE);
};

describe("the signature of a blob", () => {
  test("opens it to who has the address", async () => {
    const shared = await sharing("r");
    expect((await shared.downloadToBuffer()).toString()).toBe("content");
    expect((await shared.getProperties()).contentType).toBe("text/plain");
  });

  test("opens no other blob", async () => {
    const other = container.getBlockBlobClient("other");
    await other.upload("other", 5);
    const url = await blob.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: soon() });
    const refused = await refusal(byUrl(`${other.url}?${new URL(url).search.slice(1)}`).download());
    expect(refused).toMatchObject({ status: 403 });
  });

  test.each([
    { sp: "r", what: "writing", attempt: (shared: BlockBlobClient) => shared.upload("x", 1) },
    { sp: "r", what: "deleting", attempt: (shared: BlockBlobClient) => shared.delete() },
    { sp: "w", what: "reading", attempt: (shared: BlockBlobClient) => shared.download() },
    {
      sp: "r",
      what: "setting metadata",
      attempt: (shared: BlockBlobClient) => shared.setMetadata({ a: "b" }),
    },
  ])("with '$sp' refuses $what", async ({ sp, attempt }) => {
    expect(await refusal(attempt(await sharing(sp)))).toMatchObject({
      status: 403,
      code: "AuthorizationPermissionMismatch",
    });
  });

  test("with w replaces the blob", async () => {
    const mine = container.getBlockBlobClient("mine");
    await mine.upload("old", 3);
    await (await sharing("w", mine)).upload("new", 3);
    expect((await mine.downloadToBuffer()).toString()).toBe("new");
  });

  test("with c writes a new blob and replaces none", async () => {
    const fresh = container.getBlockBlobClient("fresh");
    const shared = await sharing("c", fresh);
    await shared.upload("new", 3);
    expect(await refusal(shared.upload("again", 5))).toMatchObject({ status: 403 });
    expect((await fresh.downloadToBuffer()).toString()).toBe("new");
  });

  test("with c stages no blocks", async () => {
    const shared = await sharing("c", container.getBlockBlobClient("large"));
    expect(await refusal(shared.stageBlock("AAAA", "x", 1))).toMatchObject({
      status: 403,
      code: "AuthorizationPermissionMismatch",
    });
  });

  test("with d deletes the blob", async () => {
    const doomed = container.getBlockBlobClient("doomed");
    await doomed.upload("x", 1);
    await (await sharing("d", doomed)).delete();
    expect(await doomed.exists()).toBe(false);
  });

  test.each([
    { what: "is over", times: { startsOn: inMs(-7_200_000), expiresOn: inMs(-3_600_000) } },
    { what: "has not begun", times: { startsOn: inMs(3_600_000), expiresOn: inMs(7_200_000) } },
  ])("is refused when its time $what", async ({ times }) => {
    const url = await blob.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), ...times });
    expect(await refusal(byUrl(url).download())).toMatchObject({ status: 403 });
  });

  test("is refused when anything in it was changed", async () => {
    const url = await blob.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: soon() });
    const refused = await refusal(byUrl(url.replace("sp=r", "sp=rw")).download());
    expect(refused).toMatchObject({ status: 403 });
  });

  test("for https alone is refused over http", async () => {
    const options = {
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: soon(),
      protocol: SASProtocol.Https,
    };
    expect(await refusal(byUrl(await blob.generateSasUrl(options)).download())).toMatchObject({
      status: 403,
      code: "AuthorizationProtocolMismatch",
    });
  });

  test("sets the headers of the answer that it names", async () => {
    const url = await blob.generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: soon(),
      contentType: "application/json",
      contentDisposition: "attachment; filename=a.json",
    });
    const { contentType, contentDisposition } = await byUrl(url).download();
    expect({ contentType, contentDisposition }).toEqual({
      contentType: "application/json",
      contentDisposition: "attachment; filename=a.json",
    });
  });
});

describe("the signature of a container", () => {
  test("with l lists, with r reads every blob", async () => {
    const shared = await sharingContainer("rl");
    expect((await all(shared.listBlobsFlat())).map((each) => each.name)).toContain(blob.name);
    expect((await shared.getBlobClient(blob.name).downloadToBuffer()).toString()).toBe("content");
  });

  test("without l does not list", async () => {
    expect(await refusal(all((await sharingContainer("r")).listBlobsFlat()))).toMatchObject({
      status: 403,
      code: "AuthorizationPermissionMismatch",
    });
  });

  test("does not reach the container itself", async () => {
    expect(await refusal((await sharingContainer("rwdl")).delete())).toMatchObject({ status: 403 });
  });
});

describe("the signature of the account", () => {
  test("creates containers and writes, reads, lists and deletes blobs", async () => {
    const shared = sharingAccount("rwdlac").getContainerClient(freshContainerName());
    await shared.create();
    await shared.getBlockBlobClient("a").upload("x", 1);
    expect((await all(shared.listBlobsFlat())).map((each) => each.name)).toEqual(["a"]);
    await shared.getBlobClient("a").delete();
    await shared.delete();
  });

  test("lists containers", async () => {
    const prefix = container.containerName;
    const listed = await all(sharingAccount("l").listContainers({ prefix }));
    expect(listed.map((each) => each.name)).toEqual([prefix]);
  });

  test("for objects alone does not list", async () => {
    const shared = sharingAccount("rl", AccountSASResourceTypes.parse("o").toString());
    expect(
      await refusal(all(shared.getContainerClient(container.containerName).listBlobsFlat())),
    ).toMatchObject({
      status: 403,
      code: "AuthorizationResourceTypeMismatch",
    });
  });

  test("without the permission is refused", async () => {
    const shared = sharingAccount("r").getContainerClient(container.containerName);
    expect(await refusal(shared.getBlockBlobClient("x").upload("x", 1))).toMatchObject({
      status: 403,
      code: "AuthorizationPermissionMismatch",
    });
  });
});
