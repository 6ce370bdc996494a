import { describe, expect, test } from "vitest";
import { AT, contract, listed, NEWEST, raw, refused } from "./harness.ts";

const fixture = contract();

const STORE = "azureml://datastores/workspaceblobstore/paths";
/** Each kind: the client's operations on it, a body, one of other content, and what a container is made with. */
const KINDS = [
  {
    kind: "models",
    versions: () => fixture.client.modelVersions,
    containers: () => fixture.client.modelContainers,
    body: { modelUri: `${STORE}/a`, modelType: "custom_model" },
    other: { modelUri: `${STORE}/b`, modelType: "custom_model" },
    container: {},
  },
  {
    kind: "data",
    versions: () => fixture.client.dataVersions,
    containers: () => fixture.client.dataContainers,
    body: { dataType: "uri_folder", dataUri: `${STORE}/a` },
    other: { dataType: "uri_folder", dataUri: `${STORE}/b` },
    container: { dataType: "uri_folder" },
  },
  {
    kind: "environments",
    versions: () => fixture.client.environmentVersions,
    containers: () => fixture.client.environmentContainers,
    body: { image: "node:24" },
    other: { image: "node:22" },
    container: {},
  },
  {
    kind: "codes",
    versions: () => fixture.client.codeVersions,
    containers: () => fixture.client.codeContainers,
    body: { codeUri: "file:///tmp/a" },
    other: { codeUri: "file:///tmp/b" },
    container: {},
  },
  {
    kind: "components",
    versions: () => fixture.client.componentVersions,
    containers: () => fixture.client.componentContainers,
    body: { componentSpec: { name: "c", type: "command" } },
    other: { componentSpec: { name: "d", type: "command" } },
    container: {},
  },
] as const;

/** The clients differ in the type of their bodies alone; what is sent is held against the description. */
interface Versions {
  createOrUpdate(...args: [...typeof AT, string, string, object]): Promise<Version>;
  get(...args: [...typeof AT, string, string]): Promise<Version>;
  delete(...args: [...typeof AT, string, string]): Promise<void>;
  list(...args: [...typeof AT, string, object?]): AsyncIterable<Version>;
}
interface Version {
  readonly name?: string;
  readonly properties: {
    readonly tags?: object;
    readonly isArchived?: boolean;
    readonly latestVersion?: string;
    readonly nextVersion?: string;
  };
}
interface Containers {
  createOrUpdate(...args: [...typeof AT, string, object]): Promise<Version>;
  get(...args: [...typeof AT, string]): Promise<Version>;
  delete(...args: [...typeof AT, string]): Promise<void>;
  list(...args: [...typeof AT, object?]): AsyncIterable<Version>;
}

describe.each(KINDS)("$kind", ({ kind, versions, containers, body, other, container }) => {
  const all = () => versions() as never as Versions;
  const boxes = () => containers() as never as Containers;
  const make = (name: string, version: string, more: object = {}) =>
    all().createOrUpdate(...AT, name, version, { properties: { ...body, ...more } });

  test("makes a version, and its container with it", async () => {
    const made = await make("first", "1", { tags: { area: "weather" } });
    expect(made).toMatchObject({ name: "1", properties: { tags: { area: "weather" }, isArchived: false } });
    expect((await boxes().get(...AT, "first")).properties.latestVersion).toBe("1");
  });

  test("answers 409 to other content under a version that is there", async () => {
    await make("fixed", "1");
    await expect(all().createOrUpdate(...AT, "fixed", "1", { properties: other })).rejects.toEqual(
      refused(409, "Conflict"),
    );
  });

  test("takes new tags of a version that is there", async () => {
    await make("tagged", "1", { tags: { a: "1" } });
    await make("tagged", "1", { tags: { b: "2" } });
    expect((await all().get(...AT, "tagged", "1")).properties.tags).toEqual({ b: "2" });
  });

  test("lists versions newest first, archived ones apart", async () => {
    for (const version of ["1", "2", "3"]) await make("many", version, { isArchived: version === "2" });
    expect(await listed(all().list(...AT, "many"))).toEqual(["3", "1"]);
    const { version: _, ...view } = { version: 0, listViewType: "ArchivedOnly" };
    if (kind === "codes") return expect(await listed(all().list(...AT, "many", { top: 1 }))).toEqual(["3"]);
    expect(await listed(all().list(...AT, "many", view))).toEqual(["2"]);
    expect(await listed(all().list(...AT, "many", { listViewType: "All" }))).toEqual(["3", "2", "1"]);
  });

  test("deletes a version, the second time without a trace of it", async () => {
    await make("gone", "1");
    await all().delete(...AT, "gone", "1");
    await all().delete(...AT, "gone", "1");
    await expect(all().get(...AT, "gone", "1")).rejects.toEqual(refused(404, "UserError"));
  });

  test("makes a container by itself, tells its next version, and deletes it with its versions", async () => {
    await boxes().createOrUpdate(...AT, "box", { properties: { ...container, description: "a box" } });
    await make("box", "7");
    expect((await boxes().get(...AT, "box")).properties).toMatchObject({
      latestVersion: "7",
      nextVersion: "8",
    });
    expect(await listed(boxes().list(...AT))).toContain("box");
    await boxes().delete(...AT, "box");
    await expect(boxes().get(...AT, "box")).rejects.toEqual(refused(404));
    await expect(all().get(...AT, "box", "7")).rejects.toEqual(refused(404));
  });
});

test("follows the pages of versions to the end, by the client's own links", async () => {
  for (let version = 1; version <= 101; version++) {
    await fixture.client.environmentVersions.createOrUpdate(...AT, "paged", String(version), {
      properties: { image: "node:24" },
    });
  }
  const names = await listed(fixture.client.environmentVersions.list(...AT, "paged"));
  expect(names).toHaveLength(101);
  expect([names[0], names[100]]).toEqual(["101", "1"]);
});

test("orders versions as asked, and finds one by its name", async () => {
  const { modelVersions } = fixture.client;
  const properties = { modelUri: `${STORE}/o` };
  for (const version of ["1", "2"])
    await modelVersions.createOrUpdate(...AT, "ordered", version, { properties });
  expect(await listed(modelVersions.list(...AT, "ordered", { orderBy: "createdtime asc" }))).toEqual([
    "1",
    "2",
  ]);
  expect(await listed(modelVersions.list(...AT, "ordered", { version: "1" }))).toEqual(["1"]);
});

test.each([
  { what: "a tag", filter: { tags: "area" }, expected: ["2", "1"] },
  { what: "a tag's value", filter: { tags: "area=sea" }, expected: ["2"] },
  { what: "a description", filter: { description: "third" }, expected: ["3"] },
  { what: "an offset", filter: { offset: 1 }, expected: ["2", "1"] },
])("finds versions by $what", async ({ filter, expected }) => {
  const { modelVersions } = fixture.client;
  const bodies = { 1: { tags: { area: "land" } }, 2: { tags: { area: "sea" } }, 3: { description: "third" } };
  for (const [version, more] of Object.entries(bodies)) {
    await modelVersions.createOrUpdate(...AT, "filtered", version, {
      properties: { modelUri: `${STORE}/f`, ...more },
    });
  }
  expect(await listed(modelVersions.list(...AT, "filtered", filter))).toEqual(expected);
});

test("shows a model's stage since 2023-04-01, and keeps it from older callers", async () => {
  const properties = { modelUri: `${STORE}/s`, stage: "Production" };
  await raw(fixture.client, "PUT", "models/staged/versions/1", { properties }, NEWEST);
  const newer = await raw(fixture.client, "GET", "models/staged/versions/1", undefined, NEWEST);
  const older = await raw(fixture.client, "GET", "models/staged/versions/1");
  expect(newer.properties).toMatchObject({ stage: "Production" });
  expect(older.properties).not.toHaveProperty("stage");
});

test.each([
  {
    what: "a model's name with a space",
    at: "models/a b/versions/1",
    properties: { modelUri: `${STORE}/a` },
  },
  { what: "a version with a colon", at: "models/a/versions/1:2", properties: { modelUri: `${STORE}/a` } },
  {
    what: "a model that is nowhere",
    at: "models/a/versions/9",
    properties: { modelUri: "https://example.com" },
  },
  {
    what: "data of an unknown type",
    at: "data/a/versions/9",
    properties: { dataType: "csv", dataUri: `${STORE}/a` },
  },
])("answers 400 to $what", async ({ at, properties }) => {
  const path = at.replace(" ", "%20");
  await expect(raw(fixture.client, "PUT", path, { properties })).rejects.toEqual(refused(400, "UserError"));
});
