import { BlobServiceClient } from "@azure/storage-blob";
import { expect, onTestFinished, test } from "vitest";
import { startStorage } from "../../../../local/azure/storage/index.ts";
import { logBook, scratch, serveInTest } from "../harness.ts";

async function start() {
  const storage = await startStorage({ port: 0, data: scratch() });
  onTestFinished(() => storage.stop());
  const book = logBook();
  const host = await serveInTest("blobs", { env: { BLOBS: storage.connectionString }, log: book.log });
  return { url: host.url, book, blobs: BlobServiceClient.fromConnectionString(storage.connectionString) };
}

const keep = (url: string, body: object) =>
  fetch(`${url}/api/keep/june`, { method: "POST", body: JSON.stringify(body) });

test("a blob output is written where route and body of the request say, in a container that it makes", async () => {
  const { url, blobs } = await start();
  expect((await keep(url, { name: "first", text: "Größe" })).status).toBe(201);
  const blob = blobs.getContainerClient("kept").getBlobClient("june/first.txt");
  expect((await blob.downloadToBuffer()).toString()).toBe("Größe");
});

test("an object is written as JSON, under a new name each time when the path asks for one", async () => {
  const { url, blobs } = await start();
  for (const _ of [1, 2]) expect((await fetch(`${url}/api/report`)).status).toBe(204);
  const container = blobs.getContainerClient("reports");
  const names = (await Array.fromAsync(container.listBlobsFlat())).map(({ name }) => name);
  expect(new Set(names).size).toBe(2);
  const report = await container.getBlobClient(names[0] ?? "").downloadToBuffer();
  expect(JSON.parse(report.toString())).toEqual({ rows: [1, 2] });
});

test("a path that names what the trigger did not bring fails the call, and the log says which name", async () => {
  const { url, book } = await start();
  expect((await keep(url, { text: "nameless" })).status).toBe(500);
  expect(await book.until("Executed 'Functions.")).toContain(
    "the trigger brought no 'name' for path 'kept/{folder}/{name}.txt'",
  );
});
