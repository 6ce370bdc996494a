import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { MetricsQueryClient, type MetricsQueryOptions } from "@azure/monitor-query";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import { createMonitor, type Monitor } from "../../../../local/azure/monitor/index.ts";
import type { ScoredRequest } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";

const ENDPOINT =
  "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw/onlineEndpoints/weather";
const NOON = Date.UTC(2026, 0, 1, 12);
const minute = (n: number) => new Date(NOON + n * 60_000);
const tenMinutes = { startTime: minute(0), endTime: minute(10) };

let tls: Awaited<ReturnType<typeof ensureCertificates>>;
let tlsFolder: string;
let data: string;
let clock: ManualClock;
let monitor: Monitor;
let front: Front;
let client: MetricsQueryClient;

beforeAll(async () => {
  tlsFolder = await mkdtemp(path.join(tmpdir(), "monitor-tls-"));
  tls = await ensureCertificates(tlsFolder, Date.now());
  setDefaultCACertificates([...getCACertificates("default"), await readFile(tls.caFile, "utf8")]);
});
afterAll(() => rm(tlsFolder, { recursive: true }));

beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), "monitor-"));
  clock = new ManualClock(minute(10));
  monitor = open();
  front = await startFront({
    port: 0,
    tls,
    services: [{ name: "m", handle: (request) => monitor.service.handle(request) }],
  });
  const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const origin = `https://localhost:${front.port}`;
  client = new MetricsQueryClient(credential, {
    endpoint: origin,
    audience: origin,
    retryOptions: { maxRetries: 0 },
  });
});
afterEach(async () => {
  await front.stop();
  await monitor.service.stop?.();
  await rm(data, { recursive: true });
});

function open(): Monitor {
  return createMonitor({
    data,
    clock,
    location: "westeurope",
    authenticate: (headers) => headers.authorization === "Bearer t",
  });
}

function record(at: Date, more: Partial<ScoredRequest> = {}): void {
  monitor.record({
    endpointId: ENDPOINT,
    deployment: "blue",
    at: at.getTime(),
    statusCode: 200,
    modelStatusCode: 200,
    durationMs: 10,
    ...more,
  });
}

async function query(metric: string, options: MetricsQueryOptions = {}, resource = ENDPOINT) {
  const { metrics } = await client.queryResource(resource, [metric], {
    timespan: tenMinutes,
    granularity: "PT1M",
    ...options,
  });
  return (metrics[0]?.timeseries ?? []).map((series) => ({
    by: Object.fromEntries((series.metadataValues ?? []).map(({ name, value }) => [name, value])),
    data: series.data ?? [],
  }));
}

describe("RequestsPerMinute", () => {
  test("is the number of requests of each minute, and minutes without any have only a time", async () => {
    record(minute(1));
    record(new Date(minute(2).getTime() - 1));
    record(minute(3));
    const [series] = await query("RequestsPerMinute");
    expect(series?.data).toHaveLength(10);
    expect(series?.data.slice(0, 4)).toEqual([
      { timeStamp: minute(0) },
      { timeStamp: minute(1), average: 2 },
      { timeStamp: minute(2) },
      { timeStamp: minute(3), average: 1 },
    ]);
  });

  test("is split by a dimension asked for with a star, within a deployment", async () => {
    record(minute(1));
    record(minute(1), { statusCode: 424, modelStatusCode: 500 });
    record(minute(1), { statusCode: 429 });
    record(minute(1), { statusCode: 500 });
    record(minute(1), { deployment: "green", statusCode: 500 });
    const series = await query("RequestsPerMinute", {
      filter: "deployment eq 'BLUE' and statusCodeClass eq '*'",
    });
    const counts = series.map(({ by, data }) => [by.deployment, by.statusCodeClass, data[1]?.average]);
    expect(counts.sort()).toEqual([
      ["blue", "2xx", 1],
      ["blue", "4xx", 2],
      ["blue", "5xx", 1],
    ]);
  });

  test("knows the model's own status apart from the endpoint's", async () => {
    record(minute(1), { statusCode: 424, modelStatusCode: 500 });
    const series = await query("RequestsPerMinute", {
      filter: "statusCode eq '424' and modelStatusCode eq '*'",
    });
    expect(series.map(({ by }) => by)).toEqual([{ statusCode: "424", modelStatusCode: "500" }]);
  });

  test("takes several values of one dimension, and leaves out one", async () => {
    for (const statusCode of [200, 404, 429, 500]) record(minute(1), { statusCode });
    const either = await query("RequestsPerMinute", {
      filter: "(statusCode eq '404' or statusCode eq '429')",
    });
    expect(either.map(({ by }) => by.statusCode).sort()).toEqual(["404", "429"]);
    const allBut = await query("RequestsPerMinute", { filter: "statusCode ne '200'" });
    expect(allBut.map(({ by }) => by.statusCode).sort()).toEqual(["404", "429", "500"]);
  });

  test("has no series when nothing matches the filter", async () => {
    record(minute(1));
    expect(await query("RequestsPerMinute", { filter: "deployment eq 'red'" })).toEqual([]);
  });

  test("of five minutes averages over all five, so that the parts of a split add up", async () => {
    for (let n = 0; n < 10; n++) record(minute(1));
    for (let n = 0; n < 5; n++) record(minute(4));
    const aggregations = ["Average", "Total", "Minimum", "Maximum", "Count"] as const;
    const [series] = await query("RequestsPerMinute", {
      granularity: "PT5M",
      aggregations: [...aggregations],
    });
    expect(series?.data).toEqual([
      { timeStamp: minute(0), average: 3, total: 15, minimum: 0, maximum: 10, count: 5 },
      { timeStamp: minute(5) },
    ]);
  });
});

describe("latency", () => {
  // Of 1 to 100, interpolated linearly: 1 + share * 99.
  test("is averaged over the requests, its percentiles taken within each minute", async () => {
    for (let n = 1; n <= 100; n++) record(minute(1), { durationMs: n });
    for (const [metric, expected] of [
      ["RequestLatency", 50.5],
      ["RequestLatency_P50", 50.5],
      ["RequestLatency_P90", 90.1],
      ["RequestLatency_P95", 95.05],
      ["RequestLatency_P99", 99.01],
    ] as const) {
      const [series] = await query(metric, { filter: "deployment eq 'blue'" });
      expect(series?.data[1]?.average, metric).toBeCloseTo(expected, 6);
    }
  });

  test("of a deployment is found under its own resource too", async () => {
    record(minute(1), { durationMs: 40 });
    record(minute(1), { deployment: "green", durationMs: 80 });
    const [series] = await query("RequestLatency_P95", {}, `${ENDPOINT}/deployments/green`);
    expect(series?.data[1]?.average).toBe(80);
  });
});

test("takes any letter case in the resource id, and one without the leading slash", async () => {
  record(minute(1));
  const [upper] = await query("RequestsPerMinute", {}, ENDPOINT.toUpperCase().slice(1));
  expect(upper?.data[1]?.average).toBe(1);
});

test("counts what was recorded before a restart", async () => {
  record(minute(1));
  await monitor.service.stop?.();
  monitor = open();
  const [series] = await query("RequestsPerMinute");
  expect(series?.data[1]?.average).toBe(1);
  expect(monitor.service.stats?.()).toMatchObject({ requestsRecorded: 1 });
});

test("writes to disk by itself half a second later", async () => {
  record(minute(1));
  clock.advance(500);
  const second = open();
  expect(second.service.stats?.()).toMatchObject({ requestsRecorded: 1 });
  await second.service.stop?.();
});

test("lists the definitions with their dimensions", async () => {
  const found: Record<string, string[]> = {};
  for await (const { name, dimensions } of client.listMetricDefinitions(ENDPOINT))
    found[name ?? ""] = dimensions ?? [];
  expect(found.RequestsPerMinute).toEqual(["deployment", "statusCode", "statusCodeClass", "modelStatusCode"]);
  expect(found.RequestLatency_P99).toEqual(["deployment"]);
});

describe("a query that cannot be answered is refused with 400, naming", () => {
  test.each([
    {
      what: "the unknown metric",
      metric: "ModelUsabilityRequests",
      options: {},
      says: "Failed to find metric configuration for provider: Microsoft.MachineLearningServices, resource Type: workspaces/onlineEndpoints, metric: ModelUsabilityRequests, Valid metrics: RequestsPerMinute,",
    },
    {
      what: "the unknown dimension",
      metric: "RequestLatency",
      options: { filter: "statusCode eq '*'" },
      says: "does not support requested dimension combination: statuscode, supported ones are: deployment",
    },
    {
      what: "the broken filter",
      metric: "RequestLatency",
      options: { filter: "deployment like 'x'" },
      says: "The $filter 'deployment like 'x'' is invalid",
    },
    {
      what: "an 'or' over two dimensions",
      metric: "RequestsPerMinute",
      options: { filter: "deployment eq 'a' or statusCode eq '1'" },
      says: "one dimension only",
    },
    { what: "the unknown grain", metric: "RequestLatency", options: { granularity: "PT2M" }, says: "PT2M" },
    {
      what: "too many points",
      metric: "RequestLatency",
      options: { timespan: { startTime: new Date(0), endTime: minute(0) } },
      says: "points",
    },
  ])("$what", async ({ metric, options, says }) => {
    await expect(query(metric, options)).rejects.toMatchObject({
      statusCode: 400,
      code: "BadRequest",
      message: expect.stringContaining(says),
    });
  });
});

test("refuses a caller without a token with 401", async () => {
  const answer = await fetch(
    `https://localhost:${front.port}${ENDPOINT}/providers/Microsoft.Insights/metrics?api-version=2024-02-01`,
  );
  expect(answer.status).toBe(401);
});

test("refuses a metric that Azure has and nothing here measures, by its name", async () => {
  await expect(query("CpuUtilizationPercentage", {}, `${ENDPOINT}/deployments/blue`)).rejects.toMatchObject({
    statusCode: 400,
    message: expect.stringContaining("The metric 'CpuUtilizationPercentage' is not simulated"),
  });
});
