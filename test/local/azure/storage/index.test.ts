import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DEVELOPMENT_KEY, type Storage, startStorage } from "../../../../local/azure/storage/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { clients, freshContainer, freshTable, refusal } from "./contract.ts";

let data: string;
const running: Storage[] = [];

beforeEach(() => {
  data = fs.mkdtempSync(path.join(os.tmpdir(), "storage-"));
});
afterEach(async () => {
  for (const storage of running.splice(0)) await storage.stop();
  fs.rmSync(data, { recursive: true });
});

async function start(options: Partial<Parameters<typeof startStorage>[0]> = {}): Promise<Storage> {
  const storage = await startStorage({ port: 0, data, ...options });
  running.push(storage);
  return storage;
}

test("what was stored is there after a restart", async () => {
  const before = await startStorage({ port: 0, data });
  const table = await freshTable(clients(before.connectionString));
  const { etag } = await table.createEntity({ partitionKey: "p", rowKey: "r", a: 1 });
  await before.stop();
  const after = clients((await start()).connectionString).table(table.tableName);
  expect(await after.getEntity("p", "r")).toMatchObject({ a: 1, etag });
});

test("every write that was acknowledged survives kill -9", async () => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "storage-process.ts"), data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const of = clients(await firstLine(child));
  const table = await freshTable(of);
  const blob = (await freshContainer(of)).getBlockBlobClient("evidence");
  await blob.upload("kept", 4);
  const acknowledged: string[] = [];
  const writer = async (name: number) => {
    for (let i = 0; ; i++) {
      await table.createEntity({ partitionKey: "p", rowKey: `${name}-${i}` });
      acknowledged.push(`${name}-${i}`);
      if (acknowledged.length === 200) child.kill("SIGKILL");
    }
  };
  const exited = once(child, "exit");
  await Promise.allSettled(Array.from({ length: 8 }, (_, name) => writer(name)));
  await exited;
  const after = clients((await start()).connectionString);
  const rows = await Array.fromAsync(after.table(table.tableName).listEntities());
  expect(acknowledged.length).toBeGreaterThanOrEqual(200);
  expect(rows.map((row) => row.rowKey)).toEqual(expect.arrayContaining(acknowledged));
  const evidence = after.blobs.getContainerClient(blob.containerName).getBlobClient("evidence");
  expect((await evidence.downloadToBuffer()).toString()).toBe("kept");
});

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("The child has no stdout.");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("The child ended before it was ready.");
}

test("a refused write leaves the others of its commit alone", async () => {
  const table = await freshTable(clients((await start()).connectionString));
  const rowKeys = ["a", "b", "a", "c"];
  const outcomes = await Promise.allSettled(
    rowKeys.map((rowKey) => table.createEntity({ partitionKey: "p", rowKey })),
  );
  expect(outcomes.filter((outcome) => outcome.status === "rejected")).toHaveLength(1);
  const rows = await Array.fromAsync(table.listEntities());
  expect(rows.map((row) => row.rowKey)).toEqual(["a", "b", "c"]);
});

test("etags differ even while the clock stands still, and after a restart", async () => {
  const clock = new ManualClock();
  const before = await startStorage({ port: 0, data, clock });
  const table = await freshTable(clients(before.connectionString));
  const first = await table.upsertEntity({ partitionKey: "p", rowKey: "r" });
  const second = await table.upsertEntity({ partitionKey: "p", rowKey: "r" });
  await before.stop();
  const restarted = clients((await start({ clock })).connectionString).table(table.tableName);
  const third = await restarted.upsertEntity({ partitionKey: "p", rowKey: "r" });
  expect(new Set([first.etag, second.etag, third.etag]).size).toBe(3);
});

test("a lease expires when its time is over, and the blob is free", async () => {
  const clock = new ManualClock();
  const storage = await start({ clock });
  const blob = (await freshContainer(clients(storage.connectionString))).getBlockBlobClient("a");
  await blob.upload("one", 3);
  const lease = blob.getBlobLeaseClient();
  await lease.acquireLease(15);
  clock.advance(14_999);
  expect(await refusal(blob.upload("two", 3))).toMatchObject({ code: "LeaseIdMissing" });
  clock.advance(1);
  expect((await blob.getProperties()).leaseState).toBe("expired");
  await blob.upload("two", 3);
  expect(await refusal(lease.renewLease())).toMatchObject({ code: "LeaseIdMismatchWithLeaseOperation" });
});

test("a request signed with another key is refused", async () => {
  const { connectionString } = await start();
  const wrong = clients(
    connectionString.replace(DEVELOPMENT_KEY, Buffer.from("another key").toString("base64")),
  );
  expect(await refusal(wrong.table("ledger").getEntity("p", "r"))).toMatchObject({
    status: 403,
    code: "AuthenticationFailed",
  });
  expect(await refusal(wrong.blobs.getContainerClient("a").create())).toMatchObject({
    status: 403,
    code: "AuthenticationFailed",
  });
});

test("a request without a signature is refused", async () => {
  const { tablePort } = await start();
  const answer = await fetch(`http://127.0.0.1:${tablePort}/devstoreaccount1/Tables`);
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("the Authorization header is missing");
});

test.each(["/devstoreaccount1/%zz", "/devstoreaccount1/Tables?$filter=%zz"])(
  "%j is refused, not a failure",
  async (target) => {
    const logged: string[] = [];
    const { tablePort } = await start({ log: (message) => logged.push(message) });
    const headers = { authorization: "SharedKey devstoreaccount1:AAAA" };
    const answer = await fetch(`http://127.0.0.1:${tablePort}${target}`, { headers });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(logged).toEqual([]);
  },
);

test("the queue service says that it is not simulated", async () => {
  const { queuePort } = await start();
  const answer = await fetch(`http://127.0.0.1:${queuePort}/devstoreaccount1?comp=list`);
  expect(answer.status).toBe(501);
  expect(await answer.text()).toContain("The queue service is not simulated");
});

test("operations that are left out answer 501 and say which", async () => {
  const of = clients((await start()).connectionString);
  const blob = (await freshContainer(of)).getBlockBlobClient("a");
  await blob.upload("a", 1);
  const tags = await refusal(blob.setTags({ a: "b" }));
  expect(tags).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(tags.message).toContain("The blob operation 'PUT tags' is not simulated");
  const tagged = await refusal(blob.upload("a", 1, { tags: { a: "b" } }));
  expect(tagged.message).toContain("The header 'x-ms-tags' is not simulated");
});

test("a shared access signature of a table says that it is not simulated", async () => {
  const { tablePort } = await start();
  const answer = await fetch(
    `http://127.0.0.1:${tablePort}/devstoreaccount1/ledger()?sv=2019-02-02&sig=AAAA`,
  );
  expect(answer.status).toBe(501);
  expect(await answer.text()).toContain("A shared access signature of tables is not simulated");
});

test("a file written before there were tiers and copies is read on", async () => {
  const first = await startStorage({ port: 0, data });
  const container = await freshContainer(clients(first.connectionString));
  await container.getBlockBlobClient("a").upload("a", 1);
  await first.stop();
  const file = new DatabaseSync(path.join(data, "storage.db"));
  for (const column of ["tier", "copy"]) file.exec(`ALTER TABLE blobs DROP COLUMN ${column}`);
  file.exec("DROP TABLE snapshots");
  file.close();
  const of = clients((await start()).connectionString).blobs.getContainerClient(container.containerName);
  const blob = of.getBlockBlobClient("a");
  await blob.setAccessTier("Cool");
  expect(await blob.getProperties()).toMatchObject({ accessTier: "Cool", contentLength: 1 });
});

test("a port in use is an error that names it", async () => {
  const { blobPort } = await start();
  const other = path.join(data, "other");
  await expect(startStorage({ port: blobPort, data: other })).rejects.toThrow(
    `Port ${blobPort} of the local blob storage is in use`,
  );
});
