import { InvocationContext } from "@azure/functions";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endpointTraffic } from "../../functions/endpoint-traffic.ts";
import { replayInboxEntry } from "../../functions/inbox.ts";
import { loadPolicy } from "../../shared/policy/load.ts";
import { samplePolicy } from "../policy-sample.ts";
import { type Adapters, request, startAdapters, WORKSPACE } from "./adapters.ts";

/** Of the sample policy: 95 % within 200 ms, 1 % errors, 20 requests at least; rmse 5 °C over 20 pairs at least. */
const POLICY = JSON.stringify({ version: 1, models: { "weather-max": samplePolicy } });

let adapters: Adapters;
beforeEach(async () => {
  const started = await startAdapters();
  adapters = { ...started, services: { ...started.services, policies: loadPolicy(POLICY, "policy.yaml") } };
});
afterEach(() => adapters.stop());

let sequence = 0;

/** A batch of one partition, as the trigger hands it over: bytes, and metadata beside them. */
async function deliver(messages: readonly unknown[], partitionId = "0", from = sequence) {
  sequence = Math.max(sequence, from + messages.length);
  const context = new InvocationContext({
    functionName: "endpointTraffic",
    invocationId: "test",
    logHandler: () => {},
    triggerMetadata: {
      partitionContext: { partitionId },
      sequenceNumberArray: messages.map((_, index) => from + index),
    },
  });
  const bodies = messages.map((message) =>
    Buffer.from(typeof message === "string" ? message : JSON.stringify(message)),
  );
  await endpointTraffic(bodies, context, adapters.services);
  return from;
}

const ENDPOINT_ID = `${WORKSPACE.toUpperCase()}/ONLINEENDPOINTS/PRODUCTION`;

/** Requests in the minute `at` of noon's hour, as the diagnostic setting writes them. */
function requests(howMany: number, minute: number, facts: Record<string, unknown> = {}) {
  const record = {
    time: `2024-03-05T12:${String(minute).padStart(2, "0")}:30.0000000Z`,
    resourceId: ENDPOINT_ID,
    category: "AmlOnlineEndpointTrafficLog",
    properties: {
      EndpointName: "production",
      DeploymentName: "blue",
      ResponseCode: 200,
      TotalDurationMs: 40,
      ...facts,
    },
  };
  return { records: Array.from({ length: howMany }, () => record) };
}

/** One request at half past the minute: it closes every window that ended more than five minutes before. */
const later = (minute: number) => requests(1, minute);

const kinds = async () =>
  (await adapters.services.inbox.arrivals(new Date(0))).map(
    ({ signal: { kind, state } }) => `${kind} ${state}`,
  );

beforeEach(() => adapters.clock.advance(3_600_000));

describe("requests of the traffic log", () => {
  test.each([
    { what: "a failing deployment", facts: { ResponseCode: 424 }, expected: ["endpoint.failing raised"] },
    { what: "a slow one", facts: { TotalDurationMs: 201 }, expected: ["endpoint.slow raised"] },
    { what: "one at its limit", facts: { TotalDurationMs: 200 }, expected: [] },
    { what: "a throttled one", facts: { ResponseCode: 429 }, expected: ["throttling.exceeded raised"] },
    {
      what: "a delayed one",
      facts: { RequestThrottlingDelayMs: 5 },
      expected: ["throttling.exceeded raised"],
    },
    { what: "a healthy one", facts: {}, expected: [] },
  ])("of $what become $expected", async ({ facts, expected }) => {
    await deliver([requests(20, 2, facts)]);
    await deliver([later(9)]);
    expect(await kinds()).toEqual([]);
    await deliver([later(10)]);
    expect(await kinds()).toEqual(expected);
  });

  test("become a signal about model, endpoint and deployment, with its figures", async () => {
    await deliver([
      requests(99, 2),
      requests(1, 4, { ResponseCode: 500 }),
      requests(1, 3, { ResponseCode: 404 }),
    ]);
    await deliver([later(16)]);
    const [signal] = await adapters.queued("model:weather-max", 2);
    expect(signal).toMatchObject({
      kind: "endpoint.failing",
      state: "raised",
      severity: 1,
      occurredAt: "2024-03-05T12:05:00.000Z",
      subject: { workspace: WORKSPACE, model: "weather-max", endpoint: "production", deployment: "blue" },
      evidence: {
        measurements: [
          {
            metric: "ErrorRate",
            value: 2 / 101,
            threshold: 0.01,
            sampleSize: 101,
            window: "2024-03-05T12:00:00.000Z/2024-03-05T12:05:00.000Z",
          },
        ],
      },
    });
  });

  test("too few of them say nothing", async () => {
    await deliver([requests(19, 2, { ResponseCode: 500 })]);
    await deliver([later(16)]);
    expect(await kinds()).toEqual([]);
  });

  test("of several partitions count together", async () => {
    await deliver([requests(10, 2, { ResponseCode: 500 })], "0", 5);
    await deliver([requests(10, 3, { ResponseCode: 500 })], "1", 5);
    await deliver([later(16)], "1", 6);
    expect(await kinds()).toEqual(["endpoint.failing raised"]);
  });

  test("that come late, but not too late, count; those after the judgement do not", async () => {
    await deliver([
      requests(10, 2, { ResponseCode: 500 }),
      later(14),
      requests(10, 1, { ResponseCode: 500 }),
    ]);
    await deliver([later(16)]);
    await deliver([requests(5_000, 2)]);
    await deliver([later(17)]);
    expect(await kinds()).toEqual(["endpoint.failing raised"]);
  });

  test("of a redelivered batch count once", async () => {
    const from = await deliver([requests(10, 2, { ResponseCode: 500 })]);
    await deliver([requests(10, 2, { ResponseCode: 500 })], "0", from);
    await deliver([later(16)]);
    expect(await kinds()).toEqual([]);
  });

  test("raise an alarm once and clear it once", async () => {
    const bad = { ResponseCode: 503 };
    await deliver([requests(20, 2, bad), requests(20, 7, bad), requests(20, 12), requests(20, 17)]);
    await deliver([later(40)]);
    expect(await kinds()).toEqual(["endpoint.failing raised", "endpoint.failing cleared"]);
  });

  test("of nobody's endpoint are not counted", async () => {
    await deliver([requests(50, 2, { EndpointName: "other", ResponseCode: 500 })]);
    await deliver([requests(1, 40, { EndpointName: "other" })]);
    expect(await kinds()).toEqual([]);
  });
});

test("an endpoint's latency metric above its limit is a slow endpoint", async () => {
  const metric = (minute: number, average: number) => ({
    time: `2024-03-05T12:${minute}:00Z`,
    resourceId: ENDPOINT_ID,
    metricName: "RequestLatency_P95",
    timeGrain: "PT1M",
    average,
  });
  await deliver([{ records: [metric(10, 150), metric(11, 320)] }, { records: [metric(30, 100)] }]);
  expect(await kinds()).toEqual(["endpoint.slow raised"]);
});

describe("predictions and their truths", () => {
  const line = (type: string, id: number, value: number, minute = 2) => ({
    specversion: "1.0",
    id: `${id}-${type}`,
    source: `${WORKSPACE}/onlineEndpoints/production/deployments/blue`,
    type,
    time: `2024-03-05T12:${String(minute).padStart(2, "0")}:00Z`,
    data: [{ temp: value }],
    correlationid: `request-${id}`,
  });
  const said = (id: number) => line("azureml.inference.outputs", id, 20);
  const was = (id: number, truth: number, minute = 2) =>
    line("outerloop.inference.truths", id, truth, minute);
  const ids = Array.from({ length: 20 }, (_, index) => index);

  test("that are far apart are a degraded performance, in either order and in other partitions", async () => {
    await deliver(ids.slice(0, 10).map(said), "0", 0);
    await deliver([...ids.map((id) => was(id, 26))], "1", 0);
    await deliver(ids.slice(10).map(said), "0", 10);
    await deliver([later(16)], "0", 30);
    const [{ signal } = { signal: null }] = await adapters.services.inbox.arrivals(new Date(0));
    expect(signal).toMatchObject({
      kind: "performance.degraded",
      subject: { model: "weather-max", deployment: "blue" },
      evidence: { measurements: [{ metric: "rmse", value: 6, threshold: 5, unit: "°C", sampleSize: 20 }] },
    });
  });

  test("that are close are none", async () => {
    await deliver([...ids.map(said), ...ids.map((id) => was(id, 25))]);
    await deliver([later(16)]);
    expect(await kinds()).toEqual([]);
  });

  test("too few in one window wait for more, and every breach is told", async () => {
    await deliver([...ids.map(said), ...ids.slice(0, 12).map((id) => was(id, 30))]);
    await deliver([later(16)]);
    expect(await kinds()).toEqual([]);
    await deliver(ids.slice(12).map((id) => was(id, 30, 17)));
    const more = ids.map((id) => id + 100);
    await deliver([...more.map(said), ...more.map((id) => was(id, 31, 22))]);
    await deliver([later(40)]);
    expect(await kinds()).toEqual(["performance.degraded raised", "performance.degraded raised"]);
  });

  test("that do not fit row by row are kept as unreadable, by name", async () => {
    await deliver([said(1), { ...was(1, 20), data: [1, 2] }]);
    expect((await adapters.services.inbox.newest(5))[0]).toMatchObject({
      door: "endpoint-traffic",
      outcome: "rejected",
      field: "data",
      reason: "data: expected 1 rows as in the prediction of the same correlationid, found 2",
    });
  });
});

describe("a poison record", () => {
  test.each([
    { what: "no JSON", body: "\u0000 nonsense", field: "" },
    { what: "nothing", body: "", field: "" },
    {
      what: "no time",
      body: '{"records":[{"category":"AmlOnlineEndpointTrafficLog","resourceId":"x"}]}',
      field: "time",
    },
    { what: "too many records", body: `[${"1,".repeat(10_000)}1]`, field: "records" },
    { what: "depth without end", body: `${"[".repeat(50_000)}${"]".repeat(50_000)}`, field: "" },
    { what: "a time far ahead", body: JSON.stringify(requests(1, 59)).replace("T12", "T22"), field: "time" },
  ])("with $what is kept byte for byte, and the partition goes on", async ({ body, field }) => {
    await deliver([requests(10, 2, { ResponseCode: 500 }), body, requests(10, 3, { ResponseCode: 500 })]);
    const [entry] = await adapters.services.inbox.newest(5);
    expect(entry).toMatchObject({ outcome: "rejected", field });
    expect(Buffer.from(await adapters.services.inbox.payload(entry?.id ?? "")).toString()).toBe(body);
    await deliver([later(16)]);
    expect(await kinds()).toEqual(["endpoint.failing raised"]);
  });
});

describe("a replay from the inbox", () => {
  const replay = async (body?: unknown) => {
    const [entry] = await adapters.services.inbox.newest(1);
    const asked = { reason: "mended by hand", by: "operator@example.com", ...(body ? { body } : {}) };
    const params = { id: entry?.id ?? "" };
    const answer = await replayInboxEntry(
      request("/", { params, body: JSON.stringify(asked) }),
      adapters.services,
    );
    return answer.jsonBody;
  };

  test("counts a mended message", async () => {
    await deliver([requests(10, 2, { ResponseCode: 500 }), "half a mess"]);
    expect(await replay(requests(10, 3, { ResponseCode: 500 }))).toMatchObject({
      outcome: "ignored",
      rule: "export/counted",
      reason: "10 records are counted into windows, 0 call for nothing",
    });
    await deliver([later(16)]);
    expect(await kinds()).toEqual(["endpoint.failing raised"]);
  });

  test("says a window's signal again, as a new occurrence", async () => {
    await deliver([requests(20, 2, { ResponseCode: 500 }), later(16)]);
    const [first] = await adapters.services.inbox.newest(1);
    adapters.clock.advance(1);
    const again = await replay();
    expect(again.outcome).toBe("signal");
    expect(again.signalIds).not.toEqual(first?.signalIds);
  });
});
