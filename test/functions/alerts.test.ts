import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MOST_ALERT_BYTES, takeAlert } from "../../functions/alerts.ts";
import { fixture } from "../shared/signals/fixtures.ts";
import { type Adapters, context, request, startAdapters } from "./adapters.ts";

let adapters: Adapters;
beforeAll(async () => {
  adapters = await startAdapters();
});
afterAll(() => adapters.stop());

const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  takeAlert("alerts", request("/api/alerts/monitor", { body, headers }), context(), adapters.services);

const SLOW = JSON.stringify(fixture("alert-common-metric-multi-dimension-ml-endpoint-fired-derived"));

describe("an alert of an endpoint", () => {
  test("is accepted, published and kept byte for byte", async () => {
    const body = Buffer.from(` ${SLOW}\n`);
    const { status, jsonBody } = await post(body);
    expect(status).toBe(202);
    expect(jsonBody).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}-/),
      outcome: "signal",
      signalIds: [expect.stringMatching(/^endpoint\./)],
    });
    const entry = await adapters.services.inbox.get(jsonBody.id);
    expect(entry).toMatchObject({
      door: "alerts",
      outcome: "signal",
      receivedAt: "2024-03-05T12:00:00.000Z",
    });
    expect(Buffer.from(await adapters.services.inbox.payload(jsonBody.id))).toEqual(body);
    expect(adapters.held()).toBe(1);
  });

  test("that comes twice is a duplicate: the operator sees both, the queue holds one", async () => {
    adapters.clock.advance(1);
    const held = adapters.held();
    const { status, jsonBody } = await post(SLOW);
    expect(status).toBe(202);
    expect(jsonBody.outcome).toBe("duplicate");
    expect(adapters.held()).toBe(held);
  });

  test("is a signal of its own when it resolves", async () => {
    const resolved = fixture("alert-common-metric-multi-dimension-ml-endpoint-resolved-derived");
    expect((await post(JSON.stringify(resolved))).jsonBody.outcome).toBe("signal");
  });
});

describe("what cannot be read is answered with success and kept", () => {
  test.each([
    { what: "an empty body", body: "", reason: "expected JSON, found an empty body" },
    { what: "no JSON", body: "hello", reason: "expected JSON, found something else" },
    { what: "half an alert", body: SLOW.slice(0, 500), reason: "expected JSON, found something else" },
    {
      what: "bytes that are not UTF-8",
      body: Uint8Array.of(0x7b, 0xff, 0x7d),
      reason: "expected JSON, found bytes that are not UTF-8",
    },
    {
      what: "another schema",
      body: '{"schemaId":"x"}',
      reason: 'expected a schema of Azure Monitor, found "x"',
    },
    { what: "a list", body: "[1]", reason: "expected one alert, found a list" },
    {
      what: "thirty thousand levels",
      body: "[      ".repeat(30_000) + "]".repeat(30_000),
      reason: "found a list",
    },
    {
      what: "a hundred thousand levels of nothing else",
      body: "[".repeat(100_000) + "]".repeat(100_000),
      reason: "expected at most 25000 objects and lists in 200000 bytes, found more",
    },
    { what: "a prototype", body: '{"__proto__":{"schemaId":"x"}}', reason: "found nothing" },
  ])("$what", async ({ body, reason }) => {
    const { status, jsonBody } = await post(body);
    expect(status).toBe(202);
    expect(jsonBody).toMatchObject({
      outcome: "rejected",
      signalIds: [],
      reason: expect.stringContaining(reason),
    });
    expect(Buffer.from(await adapters.services.inbox.payload(jsonBody.id))).toEqual(Buffer.from(body));
  });

  test("a byte order mark before an alert is no obstacle", async () => {
    expect((await post(`\uFEFF${SLOW} `)).jsonBody.outcome).toBe("duplicate");
  });
});

describe("a body over the limit", () => {
  const before = async () => (await adapters.services.inbox.newest(1_000)).length;

  test("is refused with 413, and none of it is kept", async () => {
    const kept = await before();
    const { status, body } = await post(" ".repeat(MOST_ALERT_BYTES + 1));
    expect(status).toBe(413);
    expect(body).toContain("262144 bytes");
    expect(await before()).toBe(kept);
  });

  test("is refused by what its header announces", async () => {
    expect((await post("{}", { "content-length": "262145" })).status).toBe(413);
  });

  test("that is exactly at the limit is read", async () => {
    expect((await post(SLOW.padEnd(MOST_ALERT_BYTES - 100))).status).toBe(202);
  });
});

test("a budget's alert becomes a signal at its own door", async () => {
  const body = JSON.stringify(fixture("alert-common-budget-actual-cost-fired"));
  const { jsonBody } = await takeAlert("budget", request("/", { body }), context(), adapters.services);
  expect(jsonBody).toMatchObject({
    outcome: "signal",
    signalIds: [expect.stringMatching(/^budget\.reached:/)],
  });
});

test("what cannot be stored is answered 503 with Retry-After, so that the sender tries again", async () => {
  const broken = await startAdapters({ storageRefuses: true });
  const answer = await takeAlert("alerts", request("/", { body: "{}" }), context(), broken.services);
  await broken.stop();
  expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "30" } });
});
