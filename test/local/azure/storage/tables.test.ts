import { odata, TableTransaction } from "@azure/data-tables";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBackend } from "./backend.ts";
import { all, type Clients, clients, freshTable, freshTableName, refusal } from "./contract.ts";

let backend: Awaited<ReturnType<typeof startBackend>>;
let storage: Clients;

beforeAll(async () => {
  backend = await startBackend();
  storage = clients(backend.connectionString);
});
afterAll(() => backend.stop());

describe("tables", () => {
  test("creating a table lists it", async () => {
    const { tableName } = await freshTable(storage);
    const listed = await all(
      storage.tables.listTables({ queryOptions: { filter: odata`TableName eq ${tableName}` } }),
    );
    expect(listed.map((table) => table.name)).toEqual([tableName]);
  });

  test("creating a table again is no error for the client", async () => {
    const table = await freshTable(storage);
    await expect(table.createTable()).resolves.toBeUndefined();
  });

  test("a table's name is found in any case", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r" });
    const shouted = storage.table(table.tableName.toUpperCase());
    expect((await shouted.getEntity("p", "r")).rowKey).toBe("r");
  });

  test("an invalid table name is refused", async () => {
    expect(await refusal(storage.tables.createTable("1-table"))).toMatchObject({ status: 400 });
  });

  test("a deleted table takes its rows with it", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r" });
    await table.deleteTable();
    expect(await refusal(table.getEntity("p", "r"))).toMatchObject({ status: 404, code: "TableNotFound" });
  });

  test("deleting a table that is not there is no error for the client", async () => {
    await expect(storage.tables.deleteTable(freshTableName())).resolves.toBeUndefined();
  });

  test("tables are listed page by page", async () => {
    await freshTable(storage);
    await freshTable(storage);
    const pages = storage.tables.listTables().byPage({ maxPageSize: 1 });
    const first = (await pages.next()).value;
    const second = (await pages.next()).value;
    expect(first).toHaveLength(1);
    expect(second).toHaveLength(1);
    expect(first?.[0]?.name).not.toBe(second?.[0]?.name);
  });
});

describe("entities", () => {
  test("an inserted entity is read back with its etag and timestamp", async () => {
    const table = await freshTable(storage);
    const { etag } = await table.createEntity({ partitionKey: "p", rowKey: "r", text: "Grüße" });
    const entity = await table.getEntity("p", "r");
    expect(entity).toMatchObject({ partitionKey: "p", rowKey: "r", text: "Grüße", etag });
    expect(Date.parse(String(entity.timestamp))).toBeGreaterThan(0);
  });

  test("every Edm type comes back as it was sent", async () => {
    const table = await freshTable(storage);
    const sent = {
      text: "line\nbreak",
      yes: true,
      int: 2_147_483_647,
      double: 1.5,
      whole: { value: "3", type: "Double" },
      long: 9_223_372_036_854_775_807n,
      when: new Date("2026-02-03T04:05:06.789Z"),
      id: { value: "2f1f9d0a-0b1c-4d2e-8f3a-4b5c6d7e8f90", type: "Guid" },
      bytes: new Uint8Array([0, 1, 254, 255]),
    };
    await table.createEntity({ partitionKey: "p", rowKey: "types", ...sent });
    const got = await table.getEntity("p", "types");
    expect(got).toMatchObject({ ...sent, whole: 3, bytes: expect.anything() });
    expect([...(got.bytes as Uint8Array)]).toEqual([0, 1, 254, 255]);
  });

  test("a number above Int32 without a type is kept as a Double", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r", at: 1_770_000_000_123 });
    expect((await table.getEntity("p", "r")).at).toBe(1_770_000_000_123);
  });

  test("keys may hold quotes, spaces, brackets, commas and other scripts", async () => {
    const table = await freshTable(storage);
    const keys = { partitionKey: "it's (a), b='c'", rowKey: "ключ 100% & +1" };
    await table.createEntity({ ...keys, n: 1 });
    expect(await table.getEntity(keys.partitionKey, keys.rowKey)).toMatchObject({ ...keys, n: 1 });
  });

  test("a null property is not stored", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r", gone: null });
    expect(await table.getEntity("p", "r")).not.toHaveProperty("gone");
  });

  test("inserting the same keys twice is refused", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r" });
    const second = await refusal(table.createEntity({ partitionKey: "p", rowKey: "r" }));
    expect(second).toMatchObject({ status: 409, code: "EntityAlreadyExists" });
  });

  test("inserting into a table that is not there is refused", async () => {
    const missing = storage.table(freshTableName()).createEntity({ partitionKey: "p", rowKey: "r" });
    expect(await refusal(missing)).toMatchObject({ status: 404, code: "TableNotFound" });
  });

  test("reading an entity that is not there is refused", async () => {
    const table = await freshTable(storage);
    expect(await refusal(table.getEntity("p", "none"))).toMatchObject({
      status: 404,
      code: "ResourceNotFound",
    });
  });

  test("select answers only the properties named", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r", a: 1, b: 2 });
    const got = await table.getEntity("p", "r", { queryOptions: { select: ["rowKey", "b"] } });
    expect(got).toMatchObject({ rowKey: "r", b: 2 });
    expect(got).not.toHaveProperty("a");
    expect(got).not.toHaveProperty("partitionKey");
  });

  test("merging keeps the properties it does not name", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r", a: 1, b: 2 });
    await table.updateEntity({ partitionKey: "p", rowKey: "r", b: 3 }, "Merge");
    expect(await table.getEntity("p", "r")).toMatchObject({ a: 1, b: 3 });
  });

  test("replacing drops the properties it does not name", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r", a: 1, b: 2 });
    await table.updateEntity({ partitionKey: "p", rowKey: "r", b: 3 }, "Replace");
    const got = await table.getEntity("p", "r");
    expect(got).toMatchObject({ b: 3 });
    expect(got).not.toHaveProperty("a");
  });

  test.each(["Merge", "Replace"] as const)("updating (%s) what is not there is refused", async (mode) => {
    const table = await freshTable(storage);
    const update = table.updateEntity({ partitionKey: "p", rowKey: "none" }, mode);
    expect(await refusal(update)).toMatchObject({ status: 404, code: "ResourceNotFound" });
  });

  test.each(["Merge", "Replace"] as const)("upserting (%s) inserts what is not there", async (mode) => {
    const table = await freshTable(storage);
    await table.upsertEntity({ partitionKey: "p", rowKey: "r", a: 1 }, mode);
    expect(await table.getEntity("p", "r")).toMatchObject({ a: 1 });
  });

  test("upserting (Merge) updates what is there", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r", a: 1 });
    await table.upsertEntity({ partitionKey: "p", rowKey: "r", b: 2 }, "Merge");
    expect(await table.getEntity("p", "r")).toMatchObject({ a: 1, b: 2 });
  });

  test("an update with the current etag is taken and changes the etag", async () => {
    const table = await freshTable(storage);
    const { etag = "" } = await table.createEntity({ partitionKey: "p", rowKey: "r" });
    const after = await table.updateEntity({ partitionKey: "p", rowKey: "r", a: 1 }, "Merge", { etag });
    expect(after.etag).not.toBe(etag);
  });

  test.each(["Merge", "Replace"] as const)("an update (%s) with an old etag is refused", async (mode) => {
    const table = await freshTable(storage);
    const { etag = "" } = await table.createEntity({ partitionKey: "p", rowKey: "r" });
    await table.updateEntity({ partitionKey: "p", rowKey: "r", a: 1 }, "Merge");
    const late = table.updateEntity({ partitionKey: "p", rowKey: "r", a: 2 }, mode, { etag });
    expect(await refusal(late)).toMatchObject({ status: 412, code: "UpdateConditionNotSatisfied" });
    expect((await table.getEntity("p", "r")).a).toBe(1);
  });

  test("of two updates with the same etag at once, one is taken", async () => {
    const table = await freshTable(storage);
    const { etag = "" } = await table.createEntity({ partitionKey: "p", rowKey: "r" });
    const attempts = [1, 2, 3, 4].map((a) =>
      table.updateEntity({ partitionKey: "p", rowKey: "r", a }, "Replace", { etag }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
  });

  test("deleting removes the entity", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "r" });
    await table.deleteEntity("p", "r");
    expect(await refusal(table.getEntity("p", "r"))).toMatchObject({ status: 404 });
  });

  test("deleting with an old etag is refused", async () => {
    const table = await freshTable(storage);
    const { etag = "" } = await table.createEntity({ partitionKey: "p", rowKey: "r" });
    await table.updateEntity({ partitionKey: "p", rowKey: "r", a: 1 }, "Merge");
    expect(await refusal(table.deleteEntity("p", "r", { etag }))).toMatchObject({ status: 412 });
  });

  test("deleting what is not there is refused", async () => {
    const table = await freshTable(storage);
    expect(await refusal(table.deleteEntity("p", "none"))).toMatchObject({
      status: 404,
      code: "ResourceNotFound",
    });
  });
});

describe("limits", () => {
  test.each(["a/b", "a\\b", "a#b", "a?b", "a\tb"])(
    "a key with a forbidden character is refused: %j",
    async (rowKey) => {
      const table = await freshTable(storage);
      expect(await refusal(table.createEntity({ partitionKey: "p", rowKey }))).toMatchObject({ status: 400 });
    },
  );

  test("a text property of 64 KiB is taken, one character more is refused", async () => {
    const table = await freshTable(storage);
    const full = "x".repeat(32 * 1024);
    await table.createEntity({ partitionKey: "p", rowKey: "full", text: full });
    const over = table.createEntity({ partitionKey: "p", rowKey: "over", text: `${full}x` });
    expect(await refusal(over)).toMatchObject({ status: 400, code: "PropertyValueTooLarge" });
  });
});

describe("queries", () => {
  let table: Awaited<ReturnType<typeof freshTable>>;

  beforeAll(async () => {
    table = await freshTable(storage);
    const common = { when: new Date("2026-01-02T00:00:00Z"), long: 5n, double: 0.5, open: true };
    const id = { value: "00000000-0000-0000-0000-00000000000a", type: "Guid" };
    await table.createEntity({ partitionKey: "b", rowKey: "2", n: 2, name: "O'Hara", ...common, id });
    await table.createEntity({ partitionKey: "a", rowKey: "2", n: 20, name: "Bo", open: false });
    await table.createEntity({ partitionKey: "a", rowKey: "10", n: 10, name: "Al", long: 7n, double: 2.5 });
    await table.createEntity({
      partitionKey: "b",
      rowKey: "1",
      n: -1,
      when: new Date("2026-01-01T00:00:00Z"),
    });
  });

  const find = async (filter: string) => {
    const rows = await all(table.listEntities({ queryOptions: { filter } }));
    return rows.map((row) => `${row.partitionKey}${row.rowKey}`);
  };

  test("rows come in the order of partition key, then row key, as text", async () => {
    expect(await find("")).toEqual(["a10", "a2", "b1", "b2"]);
  });

  test.each([
    { filter: odata`PartitionKey eq ${"a"}`, rows: ["a10", "a2"] },
    { filter: odata`PartitionKey eq ${"a"} and RowKey gt ${"10"}`, rows: ["a2"] },
    { filter: odata`RowKey ge ${"1"} and RowKey lt ${"2"}`, rows: ["a10", "b1"] },
    { filter: odata`n ge ${10}`, rows: ["a10", "a2"] },
    { filter: odata`n lt ${0}`, rows: ["b1"] },
    { filter: odata`n eq ${-1}`, rows: ["b1"] },
    { filter: odata`name eq ${"O'Hara"}`, rows: ["b2"] },
    { filter: odata`name ne ${"Al"}`, rows: ["a2", "b2"] },
    { filter: odata`open eq ${true}`, rows: ["b2"] },
    { filter: odata`double gt ${0.75}`, rows: ["a10"] },
    { filter: "long gt 5L", rows: ["a10"] },
    { filter: odata`when gt ${new Date("2026-01-01T12:00:00Z")}`, rows: ["b2"] },
    { filter: "when eq datetime'2026-01-01T00:00:00Z'", rows: ["b1"] },
    { filter: "id eq guid'00000000-0000-0000-0000-00000000000a'", rows: ["b2"] },
    { filter: "PartitionKey eq 'a' and n eq 10 or n eq 2", rows: ["a10", "b2"] },
    { filter: "PartitionKey eq 'a' and (n eq 10 or n eq 2)", rows: ["a10"] },
    { filter: "not (PartitionKey eq 'a')", rows: ["b1", "b2"] },
    { filter: "name ge 'A' and name lt 'C'", rows: ["a10", "a2"] },
    { filter: "missing eq 1", rows: [] },
  ])("$filter finds $rows", async ({ filter, rows }) => {
    expect(await find(filter)).toEqual(rows);
  });

  test.each(["n eq", "n is 3", "(n eq 1", "n eq 1 and"])("the filter %j is refused", async (filter) => {
    expect(await refusal(find(filter))).toMatchObject({ status: 400, code: "InvalidInput" });
  });

  test("listing goes on where the last page ended", async () => {
    const pages = await all(table.listEntities().byPage({ maxPageSize: 3 }));
    expect(pages.map((page) => page.map((row) => `${row.partitionKey}${row.rowKey}`))).toEqual([
      ["a10", "a2", "b1"],
      ["b2"],
    ]);
  });

  test("a filter holds over pages", async () => {
    const pages = await all(
      table.listEntities({ queryOptions: { filter: odata`n ge ${2}` } }).byPage({ maxPageSize: 2 }),
    );
    expect(pages.flat().map((row) => row.n)).toEqual([10, 20, 2]);
  });

  test("listing a table that is not there is refused", async () => {
    const missing = all(storage.table(freshTableName()).listEntities());
    expect(await refusal(missing)).toMatchObject({ status: 404, code: "TableNotFound" });
  });

  test("a page holds at most 1000 rows", async () => {
    const large = await freshTable(storage);
    for (let batch = 0; batch < 11; batch++) {
      const transaction = new TableTransaction();
      for (let i = 0; i < 100; i++)
        transaction.createEntity({ partitionKey: "p", rowKey: String(batch * 100 + i) });
      await large.submitTransaction(transaction.actions);
    }
    const pages = await all(large.listEntities().byPage());
    expect(pages.map((page) => page.length)).toEqual([1000, 100]);
  });
});

describe("transactions", () => {
  test("all kinds of writes are carried out together", async () => {
    const table = await freshTable(storage);
    for (const rowKey of ["merged", "replaced", "deleted"])
      await table.createEntity({ partitionKey: "p", rowKey, a: 1 });
    const transaction = new TableTransaction();
    transaction.createEntity({ partitionKey: "p", rowKey: "created", text: "a\r\n--changeset b" });
    transaction.updateEntity({ partitionKey: "p", rowKey: "merged", b: 2 }, "Merge");
    transaction.updateEntity({ partitionKey: "p", rowKey: "replaced", b: 2 }, "Replace");
    transaction.upsertEntity({ partitionKey: "p", rowKey: "upserted", b: 2 });
    transaction.deleteEntity("p", "deleted");
    const answer = await table.submitTransaction(transaction.actions);
    expect(answer.status).toBe(202);
    expect(answer.subResponses.map((each) => each.status)).toEqual([204, 204, 204, 204, 204]);
    const rows = await all(table.listEntities());
    expect(rows.map(({ rowKey, a, b, text }) => ({ rowKey, a, b, text }))).toEqual([
      { rowKey: "created", a: undefined, b: undefined, text: "a\r\n--changeset b" },
      { rowKey: "merged", a: 1, b: 2, text: undefined },
      { rowKey: "replaced", a: undefined, b: 2, text: undefined },
      { rowKey: "upserted", a: undefined, b: 2, text: undefined },
    ]);
  });

  test("each answer carries the row's new etag", async () => {
    const table = await freshTable(storage);
    const answer = await table.submitTransaction([["create", { partitionKey: "p", rowKey: "r" }]]);
    const { etag } = await table.getEntity("p", "r");
    expect(answer.getResponseForEntity("r")?.etag).toBe(etag);
  });

  test("a failing write undoes those before it and is named by its index", async () => {
    const table = await freshTable(storage);
    await table.createEntity({ partitionKey: "p", rowKey: "taken" });
    const failed = await refusal(
      table.submitTransaction([
        ["create", { partitionKey: "p", rowKey: "first" }],
        ["create", { partitionKey: "p", rowKey: "taken" }],
      ]),
    );
    expect(failed).toMatchObject({ status: 409, code: "EntityAlreadyExists" });
    expect(failed.message).toMatch(/^1:/);
    expect(await refusal(table.getEntity("p", "first"))).toMatchObject({ status: 404 });
  });

  test("an old etag fails the whole transaction", async () => {
    const table = await freshTable(storage);
    const { etag = "" } = await table.createEntity({ partitionKey: "p", rowKey: "r" });
    await table.updateEntity({ partitionKey: "p", rowKey: "r", a: 1 }, "Merge");
    const failed = table.submitTransaction([
      ["create", { partitionKey: "p", rowKey: "ledger" }],
      ["update", { partitionKey: "p", rowKey: "r", a: 2 }, "Replace", { etag }],
    ]);
    expect(await refusal(failed)).toMatchObject({ status: 412, code: "UpdateConditionNotSatisfied" });
    expect(await refusal(table.getEntity("p", "ledger"))).toMatchObject({ status: 404 });
  });

  test("the same row twice is refused", async () => {
    const table = await freshTable(storage);
    const failed = table.submitTransaction([
      ["upsert", { partitionKey: "p", rowKey: "r", a: 1 }],
      ["upsert", { partitionKey: "p", rowKey: "r", a: 2 }],
    ]);
    expect(await refusal(failed)).toMatchObject({ status: 400, code: "InvalidDuplicateRow" });
  });

  test("more than 100 writes are refused", async () => {
    const table = await freshTable(storage);
    const transaction = new TableTransaction();
    for (let i = 0; i < 101; i++) transaction.createEntity({ partitionKey: "p", rowKey: String(i) });
    expect(await refusal(table.submitTransaction(transaction.actions))).toMatchObject({ status: 400 });
    expect(await all(table.listEntities())).toEqual([]);
  });

  test("a transaction on a table that is not there is refused", async () => {
    const failed = storage
      .table(freshTableName())
      .submitTransaction([["create", { partitionKey: "p", rowKey: "r" }]]);
    expect(await refusal(failed)).toMatchObject({ status: 404, code: "TableNotFound" });
  });
});
