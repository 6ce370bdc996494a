import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { request } from "@octokit/request";
import { describe, expect, onTestFinished, test } from "vitest";
import { useDelivery } from "../delivery/setup.ts";

const scene = useDelivery();
const REPO = { owner: "outerloop", repo: "models" };
const MARKER = "<!-- outerloop:loopback-weather-max-7 -->";

/** The real client, as an adapter would hold it. */
const client = (token = scene.delivery.githubToken) =>
  request.defaults({
    baseUrl: `${scene.origin}/github-api`,
    headers: { authorization: `Bearer ${token}`, "x-github-api-version": "2022-11-28" },
  });

const openIssue = (more: object = {}) =>
  client()("POST /repos/{owner}/{repo}/issues", { ...REPO, title: "Drift", ...more });
const dispatch = (inputs: Record<string, string> = { model: "weather-max" }) =>
  client()("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
    ...REPO,
    workflow_id: "retrain.yml",
    ref: "main",
    inputs,
  });
const runs = async () => {
  const { data } = await client()("GET /repos/{owner}/{repo}/actions/runs", REPO);
  return data.workflow_runs;
};

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

describe("a workflow", () => {
  test("is dispatched with 204, and its run goes from queued to success by the clock", async () => {
    expect((await dispatch({ model: "weather-max", marker: "op-7" })).status).toBe(204);
    const seen: unknown[] = [];
    const look = async () => {
      const [run] = await runs();
      seen.push([run?.status, run?.conclusion]);
    };
    await look();
    for (const ms of [1_999, 1, 19_999, 1]) {
      scene.clock.advance(ms);
      await look();
    }
    expect(seen).toEqual([
      ["queued", null],
      ["queued", null],
      ["in_progress", null],
      ["in_progress", null],
      ["completed", "success"],
    ]);
    expect((await runs())[0]).toMatchObject({
      name: "Retrain",
      display_title: "op-7",
      event: "workflow_dispatch",
      head_branch: "main",
      run_number: 1,
      run_started_at: "2026-01-01T12:00:02Z",
      updated_at: "2026-01-01T12:00:22Z",
    });
  });

  test("goes on after a restart", async () => {
    await dispatch();
    await scene.restart();
    scene.clock.advance(22_000);
    expect((await runs())[0]).toMatchObject({ status: "completed", conclusion: "success" });
  });

  test("tells the run's id when it is asked to", async () => {
    const { status, data } = await client()(
      "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
      { ...REPO, workflow_id: 101, ref: "refs/heads/main", inputs: { model: "m" }, return_run_details: true },
    );
    expect(status).toBe(200);
    const [run] = await runs();
    expect(data).toMatchObject({ workflow_run_id: run?.id, run_url: run?.url });
  });

  test("is cancelled while it runs, and not afterwards", async () => {
    await dispatch();
    const [run] = await runs();
    const cancel = () =>
      client()("POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel", {
        ...REPO,
        run_id: Number(run?.id),
      });
    expect((await cancel()).status).toBe(202);
    expect((await runs())[0]).toMatchObject({ status: "completed", conclusion: "cancelled" });
    await expect(cancel()).rejects.toMatchObject({ status: 409 });
    scene.clock.advance(60_000);
    expect((await runs())[0]?.conclusion).toBe("cancelled");
  });

  test.each([
    { what: "a ref that is not", body: { ref: "nowhere" }, says: "No ref found for: nowhere" },
    {
      what: "an input that is not",
      body: { ref: "main", inputs: { model: "m", x: "1" } },
      says: 'Unexpected inputs provided: ["x"]',
    },
    { what: "without an input it needs", body: { ref: "main" }, says: "Required input 'model' not provided" },
  ])("with $what is refused with 422", async ({ body, says }) => {
    const asked = client()("POST /repos/outerloop/models/actions/workflows/retrain.yml/dispatches", body);
    await expect(asked).rejects.toMatchObject({ status: 422, response: { data: { message: says } } });
    expect(await runs()).toEqual([]);
  });

  test("that listens is started by a repository dispatch", async () => {
    await client()("POST /repos/{owner}/{repo}/dispatches", {
      ...REPO,
      event_type: "drift",
      client_payload: { model: "weather-max" },
    });
    expect((await runs()).map(({ name, event, display_title }) => [name, event, display_title])).toEqual([
      ["Retrain", "repository_dispatch", "drift"],
    ]);
  });

  test("is listed, and its runs by status", async () => {
    await dispatch();
    scene.clock.advance(22_000);
    await dispatch();
    const { data } = await client()("GET /repos/{owner}/{repo}/actions/workflows", REPO);
    expect(data.workflows.map(({ name }) => name)).toEqual(["Retrain", "Reconfigure infrastructure"]);
    const of = async (status: "success" | "queued") =>
      (
        await client()("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", {
          ...REPO,
          workflow_id: "retrain.yml",
          status,
        })
      ).data.workflow_runs.map(({ run_number }) => run_number);
    expect(await of("success")).toEqual([1]);
    expect(await of("queued")).toEqual([2]);
  });
});

describe("a caller", () => {
  test.each([
    {
      what: "with another token",
      headers: { authorization: "Bearer guess" },
      status: 401,
      says: "Bad credentials",
    },
    { what: "without a token", headers: {}, status: 401, says: "Requires authentication" },
    {
      what: "of another version",
      headers: { "x-github-api-version": "2020-01-01" },
      status: 400,
      says: "Invalid API version",
    },
    { what: "without a name", headers: { "user-agent": "" }, status: 403, says: "User-Agent header" },
    {
      what: "that wants XML",
      headers: { accept: "text/xml" },
      status: 415,
      says: "Unsupported 'Accept' header",
    },
  ])("$what is refused with $status", async ({ headers, status, says }) => {
    const answer = await fetch(`${scene.origin}/github-api/repos/outerloop/models/issues`, { headers });
    expect(answer.status).toBe(status);
    expect((await answer.json()).message).toContain(says);
  });

  test.each([
    "/repos/outerloop/other/issues",
    "/repos/outerloop/models/pulls",
    "/repos/outerloop/models/issues/9",
  ])("finds nothing at %s", async (target) => {
    await expect(client()(`GET ${target}`)).rejects.toMatchObject({
      status: 404,
      response: { data: { message: "Not Found", status: "404" } },
    });
  });

  test("with a body that is no JSON is refused with 400", async () => {
    const answer = await fetch(`${scene.origin}/github-api/repos/outerloop/models/issues`, {
      method: "POST",
      headers: { authorization: `token ${scene.delivery.githubToken}` },
      body: "{",
    });
    expect(answer.status).toBe(400);
    expect((await answer.json()).message).toBe("Problems parsing JSON");
  });

  test("is told what is left of its limit", async () => {
    const { headers } = await client()("GET /repos/{owner}/{repo}/issues", REPO);
    expect(headers).toMatchObject({
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": "4999",
      "x-ratelimit-reset": String(Date.UTC(2026, 0, 1, 13) / 1000),
      "x-ratelimit-resource": "core",
      "x-github-media-type": "github.v3; format=json",
    });
  });

  test("that asks for more than eighty things in a minute is held back, and told for how long", async () => {
    // Requests that fail count, too.
    const empty = {
      headers: { authorization: `Bearer ${scene.delivery.githubToken}` },
      body: '{"title":" "}',
    };
    const target = `${scene.origin}/github-api/repos/outerloop/models/issues`;
    const asked = Array.from({ length: 80 }, () => fetch(target, { method: "POST", ...empty }));
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([422]));
    await expect(openIssue()).rejects.toMatchObject({
      status: 403,
      response: {
        headers: { "retry-after": "60" },
        data: { message: expect.stringContaining("secondary rate limit") },
      },
    });
    scene.clock.advance(60_000);
    expect((await openIssue()).data.number).toBe(1);
  });
});

describe("a webhook", () => {
  async function receiver() {
    const got: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
    const server = createServer(async (message, response) => {
      let body = "";
      for await (const chunk of message) body += chunk;
      got.push({ headers: message.headers, body });
      response.writeHead(got.length === 1 ? 200 : 500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return { got, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/hook` };
  }

  test("is told of issues and runs, signed with its secret, and each attempt is listed", async () => {
    const { got, url } = await receiver();
    const config = { url, content_type: "json", secret: "s3" };
    const hook = await client()("POST /repos/{owner}/{repo}/hooks", {
      ...REPO,
      config,
      events: ["issues", "workflow_run"],
    });
    expect(hook.data.config).toMatchObject({ url, secret: "********" });
    await expect.poll(() => got.length).toBe(1);
    await openIssue();
    await expect.poll(() => got.length).toBe(2);
    await dispatch();
    await expect.poll(() => got.length).toBe(3);
    expect(got.map(({ headers }) => headers["x-github-event"])).toEqual(["ping", "issues", "workflow_run"]);
    const [, issue] = got;
    expect(JSON.parse(issue?.body ?? "")).toMatchObject({
      action: "opened",
      issue: { number: 1 },
      repository: { full_name: "outerloop/models" },
      sender: { login: "outerloop-app" },
    });
    const signature = createHmac("sha256", "s3")
      .update(issue?.body ?? "")
      .digest("hex");
    expect(issue?.headers["x-hub-signature-256"]).toBe(`sha256=${signature}`);
    const list = async () =>
      (
        await client()("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries", {
          ...REPO,
          hook_id: hook.data.id,
        })
      ).data;
    await expect.poll(async () => (await list()).length).toBe(3);
    expect((await list()).map(({ event, status_code }) => [event, status_code])).toEqual([
      ["workflow_run", 500],
      ["issues", 500],
      ["ping", 200],
    ]);
  });

  test("that would be told off this machine is refused", async () => {
    const config = { url: "https://example.invalid/hook" };
    const asked = client()("POST /repos/{owner}/{repo}/hooks", { ...REPO, config });
    await expect(asked).rejects.toMatchObject({ status: 422 });
  });

  test("of an event that is not simulated is refused by name", async () => {
    const config = { url: "http://localhost:1/x" };
    const asked = client()("POST /repos/{owner}/{repo}/hooks", { ...REPO, config, events: ["deployment"] });
    await expect(asked).rejects.toMatchObject({ status: 422 });
  });
});
