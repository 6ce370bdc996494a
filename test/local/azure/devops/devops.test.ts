import { describe, expect, test } from "vitest";
import { useDelivery } from "../delivery/setup.ts";

const scene = useDelivery();
const V = "api-version=7.1";
const PATCH_TYPE = "application/json-patch+json";

interface Sent {
  readonly body?: unknown;
  readonly type?: string;
  readonly authorization?: string;
}

async function call(
  method: string,
  target: string,
  { body, type = "application/json", authorization }: Sent = {},
) {
  const own = `Basic ${Buffer.from(`:${scene.delivery.devOpsToken}`).toString("base64")}`;
  const answer = await fetch(`${scene.origin}/outerloop/models/_apis${target}`, {
    method,
    headers: { authorization: authorization ?? own, "content-type": type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

const add = (name: string, value: unknown) => ({ op: "add", path: `/fields/${name}`, value });
const create = (patch: object[], type = "Bug", query = V) =>
  call("POST", `/wit/workitems/$${encodeURIComponent(type)}?${query}`, { type: PATCH_TYPE, body: patch });
const change = (id: number, patch: object[]) =>
  call("PATCH", `/wit/workitems/${id}?${V}`, { type: PATCH_TYPE, body: patch });
const open = (title = "Drift", tags = "outerloop") =>
  create([add("System.Title", title), add("System.Tags", tags)]);
const find = (query: string) => call("POST", `/wit/wiql?${V}`, { body: { query } });

describe("a work item", () => {
  test("is created by JSON Patch, and read again after a restart", async () => {
    const made = await create([
      add("System.Title", "Drift of weather-max"),
      add("System.Description", "<p>PSI 0.31</p>"),
      add("System.Tags", "outerloop; loopback-7"),
      {
        op: "add",
        path: "/relations/-",
        value: { rel: "Hyperlink", url: "http://localhost:7071/console", attributes: { comment: "console" } },
      },
    ]);
    expect(made).toMatchObject({
      status: 200,
      body: {
        id: 1,
        rev: 1,
        fields: {
          "System.WorkItemType": "Bug",
          "System.State": "New",
          "System.TeamProject": "models",
          "System.Title": "Drift of weather-max",
          "System.Tags": "outerloop; loopback-7",
          "System.CreatedDate": "2026-01-01T12:00:00.000Z",
          "System.CommentCount": 0,
        },
        relations: [
          { rel: "Hyperlink", url: "http://localhost:7071/console", attributes: { comment: "console" } },
        ],
      },
    });
    expect(made.body._links.html.href).toBe(`${scene.origin}/outerloop/models/_workitems/edit/1`);
    await scene.restart();
    expect((await call("GET", `/wit/workitems/1?$expand=relations&${V}`)).body).toEqual(made.body);
    const some = await call("GET", `/wit/workitems?ids=1&fields=System.Title&${V}`);
    expect(some.body).toMatchObject({
      count: 1,
      value: [{ fields: { "System.Title": "Drift of weather-max" } }],
    });
    expect(Object.keys(some.body.value[0].fields)).toEqual(["System.Title"]);
  });

  test("is closed, if it is still as it was read", async () => {
    await open();
    const close = { op: "replace", path: "/fields/System.State", value: "Closed" };
    scene.clock.advance(60_000);
    const closed = await change(1, [{ op: "test", path: "/rev", value: 1 }, close]);
    expect(closed.body).toMatchObject({
      rev: 2,
      fields: { "System.State": "Closed", "Microsoft.VSTS.Common.ClosedDate": "2026-01-01T12:01:00.000Z" },
    });
    expect(await change(1, [{ op: "test", path: "/rev", value: 1 }, close])).toMatchObject({
      status: 412,
      body: { typeKey: "WorkItemRevisionMismatchException" },
    });
  });

  test("is commented, which its history takes, too", async () => {
    await open();
    const comments = `/wit/workItems/1/comments?${V}-preview.4`;
    const made = await call("POST", comments, { body: { text: "more evidence" } });
    expect(made.body).toMatchObject({
      workItemId: 1,
      text: "more evidence",
      createdBy: { displayName: "Outerloop" },
    });
    await change(1, [add("System.History", "and more")]);
    const { body } = await call("GET", comments);
    expect(body.totalCount).toBe(2);
    expect(body.comments.map(({ text }: { text: string }) => text)).toEqual(["and more", "more evidence"]);
    expect((await call("GET", `/wit/workitems/1?${V}`)).body.fields["System.CommentCount"]).toBe(2);
  });

  test("that is only tried is not kept", async () => {
    const tried = await create([add("System.Title", "x")], "Bug", `validateOnly=true&${V}`);
    expect(tried.body.id).toBeUndefined();
    expect((await call("GET", `/wit/workitems/1?${V}`)).status).toBe(404);
  });

  test.each([
    {
      what: "without a title",
      patch: [add("System.Tags", "x")],
      status: 400,
      key: "RuleValidationException",
      says: "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.",
    },
    {
      what: "in a state that is not",
      patch: [add("System.Title", "x"), add("System.State", "Done")],
      status: 400,
      key: "RuleValidationException",
      says: "contains the value 'Done'",
    },
    {
      what: "with a field that is not",
      patch: [add("System.Title", "x"), add("Custom.Field", 1)],
      status: 400,
      key: "WorkItemTrackingFieldDefinitionNotFoundException",
      says: "TF51535: Cannot find field Custom.Field.",
    },
    {
      what: "that says who made it",
      patch: [add("System.Title", "x"), add("System.CreatedBy", "me")],
      status: 400,
      key: "RuleValidationException",
      says: "ReadOnly",
    },
    {
      what: "with a patch of another place",
      patch: [{ op: "add", path: "/links/-", value: 1 }],
      status: 400,
      key: "VssPropertyValidationException",
      says: "'add /links/-' is not simulated",
    },
    {
      what: "with an empty patch",
      patch: [],
      status: 400,
      key: "VssPropertyValidationException",
      says: "valid patch document",
    },
  ])("$what is refused with $key", async ({ patch, status, key, says }) => {
    const answer = await create(patch);
    expect(answer).toMatchObject({ status, body: { $id: "1", typeKey: key, errorCode: 0, eventId: 3200 } });
    expect(answer.body.message).toContain(says);
  });

  test("of a type that is not is refused with 404", async () => {
    expect(await create([add("System.Title", "x")], "Incident")).toMatchObject({
      status: 404,
      body: { typeKey: "WorkItemTypeNotFoundException" },
    });
  });

  test("sent as plain JSON is refused with 415", async () => {
    const answer = await call("POST", `/wit/workitems/$Bug?${V}`, { body: [add("System.Title", "x")] });
    expect(answer.status).toBe(415);
    expect(answer.body.message).toContain(
      "Valid content types for this method are: application/json-patch+json.",
    );
  });
});

describe("a query", () => {
  test.each([
    { where: "[System.Tags] CONTAINS 'loopback-7'", ids: [2] },
    { where: "[System.Tags] CONTAINS 'loopback'", ids: [] },
    { where: "[System.Title] CONTAINS 'drift'", ids: [1, 2] },
    { where: "[System.TeamProject] = @project AND [System.State] <> 'Closed'", ids: [1, 2] },
    { where: "[System.State] IN ('Closed', 'Removed')", ids: [3] },
    { where: "[System.Id] >= 2 AND [System.WorkItemType] = 'Bug'", ids: [2, 3] },
    { where: "[System.Title] = 'It''s slow'", ids: [3] },
    { where: "[System.State] NOT IN ('New')", ids: [3] },
    { where: "[System.CreatedDate] < '2026-01-02'", ids: [1, 2, 3] },
  ])("for $where finds $ids", async ({ where, ids }) => {
    await open("Drift one");
    await open("Drift two", "outerloop; loopback-7");
    await open("It's slow");
    await change(3, [add("System.State", "Closed")]);
    const { status, body } = await find(`SELECT [System.Id], [System.Title] FROM WorkItems WHERE ${where}`);
    expect({ status, type: body.queryType, ids: body.workItems.map(({ id }: { id: number }) => id) }).toEqual(
      {
        status: 200,
        type: "flat",
        ids,
      },
    );
    expect(body.columns.map(({ referenceName }: { referenceName: string }) => referenceName)).toEqual([
      "System.Id",
      "System.Title",
    ]);
  });

  test("is sorted as it says, and cut where it is told", async () => {
    for (const title of ["b", "a", "c"]) await open(title);
    const query = "SELECT [System.Id] FROM WorkItems ORDER BY [System.Title] DESC";
    const { body } = await call("POST", `/wit/wiql?$top=2&${V}`, { body: { query } });
    expect(body.workItems.map(({ id }: { id: number }) => id)).toEqual([3, 1]);
    expect(body.sortColumns).toMatchObject([{ field: { name: "Title" }, descending: true }]);
  });

  test.each([
    {
      query: "SELECT [System.Id] FROM WorkItemLinks WHERE [System.Id] = 1",
      says: "is not 'SELECT fields FROM WorkItems",
    },
    {
      query: "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 1 OR [System.Id] = 2",
      says: "'OR [System.Id] = 2' is not simulated",
    },
    {
      query: "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] > @today - 1",
      says: "is not simulated: expected [Field] op value",
    },
    {
      query: "SELECT [System.Id] FROM WorkItems WHERE [System.State] EVER 'New'",
      says: "[System.State] EVER 'New'",
    },
  ])("of another form is refused by name: $says", async ({ query, says }) => {
    const { status, body } = await find(query);
    expect({ status, key: body.typeKey }).toEqual({ status: 400, key: "SyntaxErrorException" });
    expect(body.message).toContain(says);
  });
});

describe("a pipeline", () => {
  const run = (body: object = {}, id = 1) => call("POST", `/pipelines/${id}/runs?${V}`, { body });
  const look = async (id: number) => (await call("GET", `/pipelines/1/runs/${id}?${V}`)).body;

  test("runs in progress until it succeeds, by the clock", async () => {
    const started = await run({
      resources: { repositories: { self: { refName: "refs/heads/main" } } },
      templateParameters: { model: "weather-max", marker: "op-7" },
    });
    expect(started).toMatchObject({
      status: 200,
      body: {
        state: "inProgress",
        name: "20260101.1",
        createdDate: "2026-01-01T12:00:00.000Z",
        templateParameters: { model: "weather-max", marker: "op-7" },
        pipeline: { id: 1, name: "retrain", folder: "\\" },
      },
    });
    const { id } = started.body;
    scene.clock.advance(21_999);
    expect((await look(id)).result).toBeUndefined();
    scene.clock.advance(1);
    expect(await look(id)).toMatchObject({
      state: "completed",
      result: "succeeded",
      finishedDate: "2026-01-01T12:00:22.000Z",
    });
  });

  test("lists its own runs, newest first", async () => {
    await run();
    await run({}, 2);
    await run();
    const { body } = await call("GET", `/pipelines/1/runs?${V}`);
    expect(body.count).toBe(2);
    expect(body.value.map(({ name }: { name: string }) => name)).toEqual(["20260101.2", "20260101.1"]);
  });

  test("is cancelled as a build", async () => {
    const { id } = (await run()).body;
    expect((await call("GET", `/build/builds/${id}?${V}`)).body.status).toBe("notStarted");
    const cancelled = await call("PATCH", `/build/builds/${id}?${V}`, { body: { status: "cancelling" } });
    expect(cancelled.body).toMatchObject({ id, status: "completed", result: "canceled" });
    expect(await look(id)).toMatchObject({ state: "completed", result: "canceled" });
  });

  test.each([
    {
      what: "a parameter that is not",
      body: { templateParameters: { x: "1" } },
      says: "Unexpected parameter 'x'",
    },
    {
      what: "a ref that is not",
      body: { resources: { repositories: { self: { refName: "refs/heads/x" } } } },
      says: "Could not find the ref 'refs/heads/x'",
    },
    { what: "a preview", body: { previewRun: true }, says: "previewRun and stagesToSkip are not simulated" },
    {
      what: "a parameter that is no text",
      body: { templateParameters: { model: 7 } },
      says: "'templateParameters.model'",
    },
  ])("with $what is refused", async ({ body, says }) => {
    const answer = await run(body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(says);
  });

  test("that is not is refused with 404", async () => {
    expect(await run({}, 9)).toMatchObject({ status: 404, body: { typeKey: "PipelineNotFoundException" } });
  });
});

describe("a caller", () => {
  test("comes in by a token of Entra ID, too", async () => {
    expect((await call("GET", `/pipelines?${V}`, { authorization: "Bearer entra" })).body.count).toBe(2);
  });

  test.each(["", "Bearer guess", `Basic ${Buffer.from(":guess").toString("base64")}`])(
    "with '%s' is refused with 401",
    async (authorization) => {
      expect(await call("GET", `/pipelines?${V}`, { authorization })).toMatchObject({
        status: 401,
        body: { typeKey: "UnauthorizedRequestException" },
      });
    },
  );

  test.each([
    { target: "/wit/wiql", status: 400, key: "VssVersionNotSpecifiedException" },
    { target: "/wit/wiql?api-version=4.1", status: 400, key: "VssVersionOutOfRangeException" },
    { target: `/wit/workItems/1/comments?${V}`, status: 400, key: "VssInvalidPreviewVersionException" },
    { target: `/git/repositories?${V}`, status: 404, key: "VssResourceNotFoundException" },
    { target: `/pipelines?${V}`, status: 405, key: "VssHttpMethodNotAllowedException" },
  ])("of $target is refused with $key", async ({ target, status, key }) => {
    expect(await call("POST", target, { body: { query: "x" } })).toMatchObject({
      status,
      body: { typeKey: key },
    });
  });

  test("of a project that is not is refused with 404", async () => {
    const answer = await fetch(`${scene.origin}/outerloop/other/_apis/pipelines?${V}`, {
      headers: { authorization: "Bearer entra" },
    });
    expect(await answer.json()).toMatchObject({ typeKey: "ProjectDoesNotExistWithNameException" });
  });
});
