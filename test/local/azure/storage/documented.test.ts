/** What the service documents and Azurite does not do: for our own storage alone, so apart from the contract. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Backend, startOwnBackend } from "./backend.ts";
import { all, type Clients, clients, freshContainer, freshTable, refusal } from "./contract.ts";

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
