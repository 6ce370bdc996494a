import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { takeAlert } from "../../functions/alerts.ts";
import {
  exportInbox,
  getInboxEntry,
  listInbox,
  replayInboxEntry,
  whyInboxEntry,
} from "../../functions/inbox.ts";
import type { InboxEntry } from "../../shared/inbox/inbox.ts";
import { fixture } from "../shared/signals/fixtures.ts";
import { type Adapters, context, request, startAdapters } from "./adapters.ts";

const SLOW = JSON.stringify(fixture("alert-common-metric-multi-dimension-ml-endpoint-fired-derived"));
const BUDGET = JSON.stringify(fixture("alert-common-budget-actual-cost-fired"));
const IGNORED = JSON.stringify(fixture("alert-common-activitylog-recommendation-fired"));

/** Alerts in order, a minute apart: an endpoint, nothing readable, a recommendation, a budget, the endpoint again. */
let adapters: Adapters;
let ids: string[];
beforeAll(async () => {
  adapters = await startAdapters();
  ids = [];
  for (const [door, body] of [
    ["alerts", SLOW],
    ["alerts", "half an al"],
    ["alerts", IGNORED],
    ["budget", BUDGET],
    ["alerts", SLOW],
  ] as const) {
    const answer = await takeAlert(door, request("/", { body }), context(), adapters.services);
    ids.push(answer.jsonBody.id);
    adapters.clock.advance(60_000);
  }
});
afterAll(() => adapters.stop());

const list = async (query: string) =>
  (await listInbox(request(`/api/inbox?${query}`), adapters.services)).jsonBody;
const idsOf = (page: { value: InboxEntry[] }) => page.value.map(({ id }) => id);
const at = (id: string | undefined) => ({ params: { id: id ?? "" } });

describe("the list", () => {
  test("is newest first and says what became of each payload", async () => {
    const page = await list("");
    expect(idsOf(page)).toEqual(ids.toReversed());
    expect(page.value.map(({ outcome }: InboxEntry) => outcome)).toEqual([
      "duplicate",
      "signal",
      "ignored",
      "rejected",
      "signal",
    ]);
    expect(page.value[3]).toEqual({
      id: ids[1],
      door: "alerts",
      receivedAt: "2024-03-05T12:01:00.000Z",
      outcome: "rejected",
      kind: null,
      signalIds: [],
      rule: "alerts",
      reason: expect.stringContaining("expected JSON"),
      field: "",
    });
    expect(page.value[4]).toEqual({
      id: ids[0],
      door: "alerts",
      receivedAt: "2024-03-05T12:00:00.000Z",
      outcome: "signal",
      kind: "endpoint.failing",
      signalIds: [expect.stringMatching(/^endpoint\.failing:[0-9a-f]{32}$/)],
      rule: expect.stringMatching(/^alert\//),
      reason: null,
      field: null,
    });
    expect(page.value[0]).toMatchObject({
      outcome: "duplicate",
      kind: "endpoint.failing",
      signalIds: page.value[4].signalIds,
    });
    expect(page.continuation).toBeNull();
  });

  test("goes on where the page before ended", async () => {
    const first = await list("top=2");
    const second = await list(`top=2&continuation=${first.continuation}`);
    const third = await list(`top=2&continuation=${second.continuation}`);
    expect([first, second, third].flatMap(idsOf)).toEqual(ids.toReversed());
    expect(third.continuation).toBeNull();
  });

  test.each([
    { query: "outcome=rejected", found: [1] },
    { query: "outcome=duplicate", found: [4] },
    { query: "door=budget", found: [3] },
    { query: "since=2024-03-05T12:03:00Z", found: [4, 3] },
    { query: "since=2024-03-05T12:03:00.001Z", found: [4] },
    { query: "door=alerts&outcome=signal", found: [0] },
    { query: "door=nobody", found: [] },
  ])("of $query has entries $found", async ({ query, found }) => {
    expect(idsOf(await list(query))).toEqual(found.map((index) => ids[index]));
  });

  test.each(["top=0", "top=x", "outcome=lost", "since=yesterday", "continuation=abc"])(
    "refuses %s and names it",
    async (query) => {
      const answer = await listInbox(request(`/api/inbox?${query}`), adapters.services);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain(`'${query.split("=")[0]}'`);
    },
  );
});

describe("an entry", () => {
  test("has the bytes, and their text", async () => {
    const { jsonBody } = await getInboxEntry(request("/", at(ids[1])), adapters.services);
    expect(jsonBody).toMatchObject({ id: ids[1], base64: btoa("half an al"), text: "half an al" });
  });

  test("has no text when its bytes are not UTF-8", async () => {
    const body = Uint8Array.of(255, 0, 1);
    const sent = await takeAlert("alerts", request("/", { body }), context(), adapters.services);
    const { jsonBody } = await getInboxEntry(request("/", at(sent.jsonBody.id)), adapters.services);
    expect(jsonBody).toMatchObject({ base64: "/wAB", text: null });
  });

  test.each(["nothing", "../../x", "0".repeat(32), `${"0".repeat(32)}-0`])("%s is not there", async (id) => {
    for (const answer of [getInboxEntry, whyInboxEntry, replayInboxEntry]) {
      expect((await answer(request("/", at(id)), adapters.services)).status).toBe(404);
    }
  });
});

describe("why", () => {
  const sentence = async (index: number) =>
    (await whyInboxEntry(request("/", at(ids[index])), adapters.services)).jsonBody.sentence;

  test("says that a signal waits for its turn", async () => {
    expect(await sentence(3)).toMatch(
      /^This came to budget at 2024-03-05T12:03:00.000Z. Signal budget.reached:\w+ waits for its turn: nothing has been decided yet.$/,
    );
  });

  test("says what could not be read", async () => {
    expect(await sentence(1)).toMatch(
      /^This came to alerts at .* and could not be read, by rule alerts: expected JSON, .* Nothing was decided; mend it and replay it.$/,
    );
  });

  test("says what calls for nothing, and by which rule", async () => {
    expect(await sentence(2)).toMatch(/and was read, but calls for nothing, by rule alert\/.*\.$/);
  });

  test("says what was decided, in the decision's own words, for the duplicate too", async () => {
    const entry = await adapters.services.inbox.get(ids[0] ?? "");
    const [signal = ""] = entry?.signalIds ?? [];
    const reason =
      "Endpoint e answers too slowly, so it goes back to administration and setup with the evidence.";
    const decision = {
      signalId: signal,
      reaction: "setup-loopback",
      rule: "endpoint.slow",
      reason,
      heldBack: null,
      policyDigest: "",
      decidedAt: "2024-03-05T12:00:01.000Z",
    };
    await adapters.services.ledger.append(`signal:${signal}`, {
      kind: "decision",
      summary: reason,
      actor: "outerloop",
      signal,
      evidence: { decision },
    });
    const { jsonBody } = await whyInboxEntry(request("/", at(ids[0])), adapters.services);
    expect(jsonBody).toEqual({
      id: ids[0],
      outcome: "signal",
      sentence: `This came to alerts at 2024-03-05T12:00:00.000Z. ${reason}`,
      decisions: [{ signalId: signal, decision, sequence: 1 }],
    });
    expect(await sentence(4)).toBe(
      `This came to alerts at 2024-03-05T12:04:00.000Z, but the same had come at 2024-03-05T12:00:00.000Z (entry ${ids[0]}) and is decided once: ${reason}`,
    );
  });
});

describe("a replay", () => {
  const by = "operator@example.com";
  const replay = (index: number, body: unknown) =>
    replayInboxEntry(request("/", { ...at(ids[index]), body: JSON.stringify(body) }), adapters.services);

  test("sends a payload again as a new occurrence, so that it is decided anew", async () => {
    const held = adapters.held();
    const { status, jsonBody } = await replay(3, { reason: "the policy is mended", by });
    const before = await adapters.services.inbox.get(ids[3] ?? "");
    expect(status).toBe(202);
    expect(jsonBody).toMatchObject({ outcome: "signal", replayOf: ids[3] });
    expect(jsonBody.signalIds).not.toEqual(before?.signalIds);
    expect(adapters.held()).toBe(held + 1);
    const arrival = await adapters.services.inbox.arrival(jsonBody.signalIds[0]);
    expect(arrival?.signal.evidence.facts.replayOf).toBe(before?.signalIds[0]);
  });

  test("sends a mended payload, and the ledger has who did it and why", async () => {
    const { jsonBody } = await replay(1, { reason: "it was cut off", by, body: JSON.parse(IGNORED) });
    expect(jsonBody).toMatchObject({ outcome: "ignored", replayOf: ids[1] });
    const entries = await Array.fromAsync(adapters.services.ledger.entries());
    expect(entries.at(-1)).toMatchObject({
      kind: "step",
      actor: by,
      summary: `${by} replayed inbox entry ${ids[1]} of alerts, mended: it was cut off`,
    });
  });

  test.each([{ reason: "", by }, { by }, { reason: "x", by: "nobody" }, []])(
    "without a reason and a person is refused: %j",
    async (body) => {
      const answer = await replay(0, body);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain("`reason`");
    },
  );
});

test("exports every signal once, oldest first, a line each", async () => {
  const { body } = await exportInbox(request("/api/inbox/export"), adapters.services);
  const lines = String(body).trimEnd().split("\n");
  const read = lines.map((line) => JSON.parse(line));
  expect(read.map(({ signal }) => signal.kind).slice(1, 2)).toEqual(["budget.reached"]);
  expect(read.slice(0, 2).map(({ receivedAt }) => receivedAt)).toEqual([
    "2024-03-05T12:00:00.000Z",
    "2024-03-05T12:03:00.000Z",
  ]);
  const later = await exportInbox(request("/api/inbox/export?since=2024-03-05T12:03:00Z"), adapters.services);
  expect(String(later.body).trimEnd().split("\n")).toHaveLength(lines.length - 1);
});
