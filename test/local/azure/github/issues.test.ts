import { describe, expect, test } from "vitest";
import { client, MARKER, openIssue, REPO, scene } from "./github-fixture.ts";

describe("an issue", () => {
  test("is opened with labels, which are made by being used, and read again", async () => {
    const opened = await openIssue({ body: MARKER, labels: ["drift", "weather-max"] });
    expect(opened.status).toBe(201);
    expect(opened.headers.location).toBe(`${scene.origin}/github-api/repos/outerloop/models/issues/1`);
    expect(opened.data).toMatchObject({
      number: 1,
      state: "open",
      state_reason: null,
      title: "Drift",
      body: MARKER,
      comments: 0,
      created_at: "2026-01-01T12:00:00Z",
      closed_at: null,
      user: { login: "outerloop-app" },
      labels: [{ name: "drift", color: "ededed" }, { name: "weather-max" }],
      html_url: `${scene.origin}/github/outerloop/models/issues/1`,
    });
    await scene.restart();
    const { data } = await client()("GET /repos/{owner}/{repo}/issues/{issue_number}", {
      ...REPO,
      issue_number: 1,
    });
    expect(data).toEqual(opened.data);
  });

  test("is closed with a reason, and opened again", async () => {
    await openIssue();
    const change = (more: { state: "open" | "closed"; state_reason?: "not_planned" }) =>
      client()("PATCH /repos/{owner}/{repo}/issues/{issue_number}", { ...REPO, issue_number: 1, ...more });
    scene.clock.advance(60_000);
    expect((await change({ state: "closed" })).data).toMatchObject({
      state: "closed",
      state_reason: "completed",
      closed_at: "2026-01-01T12:01:00Z",
    });
    expect((await change({ state: "open" })).data).toMatchObject({
      state_reason: "reopened",
      closed_at: null,
    });
    expect((await change({ state: "closed", state_reason: "not_planned" })).data.state_reason).toBe(
      "not_planned",
    );
  });

  test("is commented, and the comment changed", async () => {
    await openIssue();
    const at = { ...REPO, issue_number: 1 };
    const made = await client()("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
      ...at,
      body: "more",
    });
    await client()("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      ...REPO,
      comment_id: Number(made.data.id),
      body: "more evidence",
    });
    const { data } = await client()("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", at);
    expect(data.map(({ body }) => body)).toEqual(["more evidence"]);
    const issue = await client()("GET /repos/{owner}/{repo}/issues/{issue_number}", at);
    expect(issue.data.comments).toBe(1);
  });

  test("is given a label, and loses it", async () => {
    await openIssue({ labels: ["drift"] });
    const at = { ...REPO, issue_number: 1 };
    const added = await client()("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", {
      ...at,
      labels: ["urgent"],
    });
    expect(added.data.map(({ name }) => name)).toEqual(["drift", "urgent"]);
    const left = await client()("DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", {
      ...at,
      name: "Drift",
    });
    expect(left.data.map(({ name }) => name)).toEqual(["urgent"]);
  });

  test.each([
    {
      what: "without a title",
      body: { body: "x" },
      error: { resource: "Issue", code: "missing_field", field: "title" },
    },
    { what: "with an empty title", body: { title: " " }, error: { code: "missing_field", field: "title" } },
    {
      what: "for a stranger",
      body: { title: "x", assignees: ["nobody"] },
      error: { code: "invalid", field: "assignees", value: "nobody" },
    },
    {
      what: "in a milestone that is not",
      body: { title: "x", milestone: 3 },
      error: { code: "invalid", field: "milestone" },
    },
  ])("$what is refused with 422, naming the field", async ({ body, error }) => {
    const asked = client()("POST /repos/outerloop/models/issues", body);
    await expect(asked).rejects.toMatchObject({
      status: 422,
      response: { data: { message: "Validation Failed", errors: [error], status: "422" } },
    });
  });
});

describe("the list of issues", () => {
  test("is filtered by state, labels and time, newest first", async () => {
    await openIssue({ title: "one", labels: ["drift"] });
    await openIssue({ title: "two", labels: ["drift", "urgent"] });
    scene.clock.advance(60_000);
    await openIssue({ title: "three" });
    await client()("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
      ...REPO,
      issue_number: 1,
      state: "closed",
    });
    const titles = async (more: object) => {
      const { data } = await client()("GET /repos/{owner}/{repo}/issues", { ...REPO, ...more });
      return data.map(({ title }) => title);
    };
    expect(await titles({})).toEqual(["three", "two"]);
    expect(await titles({ state: "all" })).toEqual(["three", "two", "one"]);
    expect(await titles({ state: "closed" })).toEqual(["one"]);
    expect(await titles({ state: "all", labels: "drift,urgent" })).toEqual(["two"]);
    expect(await titles({ state: "all", since: "2026-01-01T12:01:00Z" })).toEqual(["three", "one"]);
    expect(await titles({ state: "all", sort: "created", direction: "asc" })).toEqual([
      "one",
      "two",
      "three",
    ]);
  });

  test("comes in pages that a Link header leads through", async () => {
    for (const title of ["a", "b", "c", "d", "e"]) await openIssue({ title });
    const at = { ...REPO, per_page: 2, page: 2 };
    const { data, headers } = await client()("GET /repos/{owner}/{repo}/issues", at);
    expect(data.map(({ title }) => title)).toEqual(["c", "b"]);
    const link = (page: number, rel: string) =>
      `<${scene.origin}/github-api/repos/outerloop/models/issues?per_page=2&page=${page}>; rel="${rel}"`;
    expect(headers.link).toBe(
      [link(1, "prev"), link(3, "next"), link(3, "last"), link(1, "first")].join(", "),
    );
  });

  test("that has not changed is 304, and costs nothing", async () => {
    await openIssue();
    const first = await client()("GET /repos/{owner}/{repo}/issues", REPO);
    const again = client()("GET /repos/{owner}/{repo}/issues", {
      ...REPO,
      headers: { "if-none-match": first.headers.etag },
    });
    await expect(again).rejects.toMatchObject({
      status: 304,
      response: { headers: { "x-ratelimit-remaining": first.headers["x-ratelimit-remaining"] } },
    });
    await openIssue();
    const changed = await client()("GET /repos/{owner}/{repo}/issues", {
      ...REPO,
      headers: { "if-none-match": first.headers.etag },
    });
    expect(changed.data).toHaveLength(2);
  });
});

describe("a search", () => {
  const find = async (q: string) => (await client()("GET /search/issues", { q })).data;

  test("finds the app's own marker, once the index has it", async () => {
    await openIssue({ body: `Evidence\n${MARKER}`, labels: ["drift"] });
    await openIssue({ body: "other" });
    const q = `"outerloop:loopback-weather-max-7" in:body repo:outerloop/models is:issue is:open label:drift`;
    expect(await find(q)).toMatchObject({ total_count: 0, incomplete_results: false, items: [] });
    scene.clock.advance(2_000);
    expect(await find(q)).toMatchObject({ total_count: 1, items: [{ number: 1, score: 1 }] });
    expect((await find(`${q} -label:drift`)).total_count).toBe(0);
  });

  test("for what is not simulated is refused by name", async () => {
    await expect(find("author:somebody")).rejects.toMatchObject({
      status: 422,
      response: { data: { errors: [{ value: "author:somebody is not simulated" }] } },
    });
  });

  test("is held back after thirty in a minute", async () => {
    await Promise.all(Array.from({ length: 30 }, () => find("x")));
    await expect(find("x")).rejects.toMatchObject({
      status: 403,
      response: { headers: { "x-ratelimit-remaining": "0", "x-ratelimit-resource": "search" } },
    });
    scene.clock.advance(60_000);
    expect((await find("x")).total_count).toBe(0);
  });
});
