import { describe, expect, test } from "vitest";
import { at, columns, LOG_ANALYTICS, refusal, shared, start } from "./logs-fixture.ts";
import { LOG, MINUTE, NOON, type OnEnd } from "./monitor-fixture.ts";

/** Ten requests, one a minute: 10, 20, ... 100 ms; the last two fail, the very last before it reached the model. */
async function startWithTen(onEnd?: OnEnd) {
  const system = await start({}, onEnd);
  for (let n = 0; n < 10; n++) {
    system.record(NOON + n * MINUTE, {
      durationMs: (n + 1) * 10,
      deployment: n % 2 === 0 ? "blue" : "green",
      ...(n < 8
        ? { statusCode: 200, modelStatusCode: 200 }
        : n === 8
          ? { statusCode: 424, modelStatusCode: 500 }
          : { statusCode: 429 }),
      log: { ...LOG, userAgent: n < 5 ? "curl/8" : "python-requests/2.31", requestId: `r-${n}` },
    });
  }
  system.clock.advance(10 * MINUTE);
  return system;
}

describe("the query language", () => {
  const ten = shared(startWithTen);

  test("summarises by bins of time and a column, the bins in the column's own name", async () => {
    const { ask } = ten();
    const table = await ask(`AmlOnlineEndpointTrafficLog
      | where ResponseCode < 500 // every one of them
      | summarize count(), failed = countif(ResponseCode >= 400), avg(TotalDurationMs), percentiles(TotalDurationMs, 50, 95)
          by bin(TimeGenerated, 5m), DeploymentName
      | order by TimeGenerated asc, DeploymentName asc`);
    expect(columns(table)).toEqual([
      "TimeGenerated:datetime",
      "DeploymentName:string",
      "count_:long",
      "failed:long",
      "avg_TotalDurationMs:real",
      "percentile_TotalDurationMs_50:int",
      "percentile_TotalDurationMs_95:int",
    ]);
    expect(table.rows).toEqual([
      [at(0), "blue", 3, 0, 30, 30, 50],
      [at(0), "green", 2, 0, 30, 20, 40],
      [at(5), "blue", 2, 1, 80, 70, 90],
      [at(5), "green", 3, 1, 80, 80, 100],
    ]);
  });

  test.each([
    { where: "ResponseCode == 200 and DeploymentName == 'blue'", ids: [0, 2, 4, 6] },
    { where: "ResponseCode in (424, 429) or TotalDurationMs == 10", ids: [0, 8, 9] },
    { where: 'DeploymentName !in ("blue") and not(ResponseCode == 200)', ids: [9] },
    { where: 'DeploymentName in~ ("BLUE") and TotalDurationMs > 60', ids: [6, 8] },
    { where: 'UserAgent has "requests" and TotalDurationMs < 80', ids: [5, 6] },
    { where: 'UserAgent has "request"', ids: [] },
    { where: 'UserAgent contains "QUESTS/2" and ResponseCode != 200', ids: [8, 9] },
    { where: 'UserAgent contains_cs "QUESTS/2"', ids: [] },
    { where: 'UserAgent !startswith "CURL" and TotalDurationMs <= 60', ids: [5] },
    { where: 'DeploymentName =~ "GREEN" and XRequestId endswith "-3"', ids: [3] },
    { where: "isnull(ModelStatusCode)", ids: [9] },
    { where: "ModelStatusCode != 200", ids: [8, 9] },
    { where: "ModelStatusCode < 600 and TotalDurationMs >= 80", ids: [7, 8] },
    { where: "isempty(ResponseCodeReason) and XRequestId == @'r-1'", ids: [1] },
    { where: "TotalDurationMs between (30 .. 40)", ids: [2, 3] },
    { where: "TotalDurationMs !between (20 .. 90)", ids: [0, 9] },
    { where: "TimeGenerated > ago(2m)", ids: [9] },
    { where: "TimeGenerated >= datetime(2026-01-01T12:08:00Z)", ids: [8, 9] },
    { where: "TimeGenerated between (datetime(2026-01-01 12:03) .. now(-6m))", ids: [3, 4] },
    { where: "tostring(ResponseCode) startswith '4' and TotalDurationMs % 20 == 10", ids: [8] },
    {
      where: "toint('42') + TotalDurationMs * 2 == 62 or iff(ResponseCode == 429, true, false)",
      ids: [0, 9],
    },
  ])("where $where", async ({ where, ids }) => {
    const { ask } = ten();
    const { rows } = await ask(`AmlOnlineEndpointTrafficLog | where ${where} | project XRequestId`);
    expect(rows.map(([id]) => id)).toEqual(ids.map((n) => `r-${n}`));
  });

  test("extends, renames, sorts and takes", async () => {
    const { ask } = ten();
    const table = await ask(
      "AmlOnlineEndpointTrafficLog | extend Seconds = TotalDurationMs / 1000.0, age = now() - TimeGenerated" +
        " | top 2 by Seconds desc | project id = XRequestId, Seconds, age, strcat(DeploymentName, ':', ResponseCode)",
    );
    expect(columns(table)).toEqual(["id:string", "Seconds:real", "age:timespan", "Column4:string"]);
    expect(table.rows).toEqual([
      ["r-9", 0.1, "00:01:00", "green:429"],
      ["r-8", 0.09, "00:02:00", "blue:424"],
    ]);
    expect(
      (await ask("AmlOnlineEndpointTrafficLog | sort by ModelStatusCode asc | take 1 | project XRequestId"))
        .rows,
    ).toEqual([["r-9"]]);
    expect(
      (await ask("AmlOnlineEndpointTrafficLog | sort by ModelStatusCode | limit 1 | project XRequestId"))
        .rows,
    ).toEqual([["r-8"]]);
  });

  test("counts, sums and finds extremes of everything in one row, also when there is nothing", async () => {
    const { ask } = ten();
    const all =
      "count(), dcount(DeploymentName), sum(TotalDurationMs), min(TotalDurationMs), max(TimeGenerated), p = percentile(TotalDurationMs, 99)";
    const { rows } = await ask(`AmlOnlineEndpointTrafficLog | summarize ${all}`);
    expect(rows).toEqual([[10, 2, 550, 10, at(9), 100]]);
    const none = await ask(
      "AmlOnlineEndpointTrafficLog | where ResponseCode == 1 | summarize count(), sum(TotalDurationMs), min(TotalDurationMs), avg(TotalDurationMs)",
    );
    expect(none.rows).toEqual([[0, 0, null, "NaN"]]);
    const grouped = await ask(
      "AmlOnlineEndpointTrafficLog | where ResponseCode == 1 | summarize count() by ResponseCode",
    );
    expect(grouped.rows).toEqual([]);
  });

  test("divides whole numbers to whole numbers, and nothing by zero", async () => {
    const { ask } = ten();
    const { rows } = await ask(
      "AmlOnlineEndpointTrafficLog | take 1 | project 7 / 2, 7 / 2.0, 7 / (TotalDurationMs - 10), -7 % 4, bin(17, 5)",
    );
    expect(rows).toEqual([[3, 3.5, null, 1, 15]]);
  });
});

describe("a query that is refused", () => {
  const system = shared((onEnd) => start({}, onEnd));

  test.each([
    { query: "AmlOnlineEndpointTrafficLog | join kind=inner X on Y", token: "join", line: 1, pos: 30 },
    { query: "AmlOnlineEndpointTrafficLog\n| render timechart", token: "render", line: 2, pos: 2 },
    {
      query: "AmlOnlineEndpointTrafficLog | where Path matches regex 'x'",
      token: "matches",
      line: 1,
      pos: 41,
    },
    { query: "AmlOnlineEndpointTrafficLog | where", token: "<EOF>", line: 1, pos: 35 },
    { query: "AmlOnlineEndpointTrafficLog | take many", token: "many", line: 1, pos: 35 },
    { query: "| take 1", token: "|", line: 1, pos: 0 },
    { query: "let x = 1; AmlOnlineEndpointTrafficLog", token: "let", line: 1, pos: 0 },
    { query: "union AmlOnlineEndpointTrafficLog, Other", token: "union", line: 1, pos: 0 },
    { query: "AmlOnlineEndpointTrafficLog | project-away Path", token: "project-away", line: 1, pos: 30 },
    { query: "AmlOnlineEndpointTrafficLog | make-series count()", token: "make-series", line: 1, pos: 30 },
    { query: "AmlOnlineEndpointTrafficLog | where Path == 'x", token: "'", line: 1, pos: 44 },
  ])("names '$token' and its place in: $query", async ({ query, token, line, pos }) => {
    const { ask } = system();
    expect(await refusal(ask(query))).toEqual({
      status: 400,
      code: "BadArgumentError",
      inner: {
        code: "SyntaxError",
        message: "A recognition error occurred in the query.",
        innererror: {
          code: "SYN0002",
          message: expect.stringContaining(
            `Query could not be parsed at '${token}' on line [${line},${pos}]`,
          ),
          line,
          pos,
          token,
        },
      },
    });
  });

  test.each([
    {
      query: "AmlOnlineEndpointTrafficLog | where Foo == 1",
      code: "SEM0100",
      says: "'where' operator: Failed to resolve column or scalar expression named 'Foo'",
    },
    {
      query: "AppRequests | take 1",
      code: "SEM0100",
      says: "Failed to resolve table or column expression named 'AppRequests'",
    },
    {
      query: 'AmlOnlineEndpointTrafficLog | where ResponseCode == "200"',
      code: "SEM0064",
      says: "values of types int and string",
    },
    { query: "AmlOnlineEndpointTrafficLog | where ResponseCode", code: "SEM0216", says: "expected bool" },
    {
      query: "AmlOnlineEndpointTrafficLog | extend a = parse_json(Path)",
      code: "SEM0260",
      says: "'parse_json' is unknown or not simulated",
    },
    {
      query: "AmlOnlineEndpointTrafficLog | summarize make_list(Path)",
      code: "SEM0099",
      says: "found 'make_list'",
    },
    {
      query: "AmlOnlineEndpointTrafficLog | summarize avg(Path)",
      code: "SEM0219",
      says: "avg() expects a column",
    },
    { query: "AmlOnlineEndpointTrafficLog | sort by Nothing", code: "SEM0100", says: "'sort' operator" },
  ])("says what cannot be in: $query", async ({ query, code, says }) => {
    const { ask } = system();
    expect(await refusal(ask(query))).toMatchObject({
      status: 400,
      code: "BadArgumentError",
      inner: { code: "SemanticError", innererror: { code, message: expect.stringContaining(says) } },
    });
  });

  test("is of a workspace that is not there, of nobody's, or no query at all", async () => {
    const { client, call, ask } = system();
    const span = { startTime: at(-1), endTime: at(1) };
    expect(
      await refusal(client.queryWorkspace("00000000-0000-0000-0000-00000000000e", "T", span)),
    ).toMatchObject({
      status: 404,
      code: "WorkspaceNotFoundError",
    });
    const target = `/v1/workspaces/${LOG_ANALYTICS.customerId}/query`;
    expect((await call("POST", target, {}, { authorization: "Bearer other" })).status).toBe(401);
    expect((await call("POST", target, "{")).status).toBe(400);
    expect((await call("GET", target)).status).toBe(405);
    expect((await call("POST", "/v1/nothing/query", { query: "T" })).status).toBe(404);
    expect(
      (await call("POST", target, { query: "AmlOnlineEndpointTrafficLog", timespan: "soon" })).status,
    ).toBe(400);
    expect(await refusal(ask(" "))).toMatchObject({ status: 400 });
  });
});

describe("the API", () => {
  test("answers a batch, each query for itself", async () => {
    const { client } = await startWithTen();
    const timespan = { startTime: at(-1), endTime: at(60) };
    const { customerId: workspaceId } = LOG_ANALYTICS;
    const results = await client.queryBatch([
      { workspaceId, query: "AmlOnlineEndpointTrafficLog | summarize count()", timespan },
      { workspaceId, query: "AmlOnlineEndpointTrafficLog | fork", timespan },
    ]);
    expect([...results]).toMatchObject([
      { status: "Success", tables: [{ rows: [[10]] }] },
      { status: "Failure", code: "BadArgumentError" },
    ]);
  });

  test("adds statistics and a visualisation only when asked to", async () => {
    const { client } = await startWithTen();
    const query = "AmlOnlineEndpointTrafficLog | take 3";
    const span = { startTime: at(-1), endTime: at(60) };
    const options = { includeQueryStatistics: true, includeVisualization: true };
    const asked = await client.queryWorkspace(LOG_ANALYTICS.customerId, query, span, options);
    expect(asked).toMatchObject({ statistics: { query: { datasetStatistics: [{ tableRowCount: 3 }] } } });
    const plain = await client.queryWorkspace(LOG_ANALYTICS.customerId, query, span);
    expect(plain).toMatchObject({ statistics: undefined, visualization: undefined });
  });
});
