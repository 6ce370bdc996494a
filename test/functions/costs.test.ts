import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { approveCost } from "../../functions/costs.ts";
import { loadPolicy } from "../../shared/policy/load.ts";
import { samplePolicy } from "../policy-sample.ts";
import { signalOf } from "../shared/policy/given.ts";
import { type Adapters, request, startAdapters } from "./adapters.ts";

const cost = { currency: "EUR", approvalAbove: 20, estimates: { retraining: 25, "setup-loopback": 20 } };
const policies = loadPolicy(
  JSON.stringify({ version: 1, models: { forecast: { ...samplePolicy, cost } } }),
  "policy.yaml",
);
const held = signalOf("drift.data", { subject: { model: "forecast" } });

let adapters: Adapters;
beforeAll(async () => {
  adapters = await startAdapters();
});
beforeEach(() => adapters.clock.advance(60_000));
afterAll(() => adapters.stop());

const ask = (body: unknown, model = "forecast") =>
  approveCost(request("/", { params: { model }, body: JSON.stringify(body) }), {
    ...adapters.services,
    policies,
  });
const word = { reaction: "retraining", reason: "worth it", by: "tester@example.com" };

test.each([
  { why: "a model without a policy", model: "stranger", body: word, status: 404 },
  { why: "a body without a reason", body: { ...word, reason: " " }, status: 400 },
  { why: "somebody who is no approver", body: { ...word, by: "stranger@example.com" }, status: 403 },
  { why: "what has no estimate", body: { ...word, reaction: "notice" }, status: 409 },
  { why: "an estimate at the limit itself", body: { ...word, reaction: "setup-loopback" }, status: 409 },
])("refuses $why with $status, and changes nothing", async ({ model, body, status }) => {
  const answer = await ask(body, model);
  expect(answer.status).toBe(status);
  expect((await adapters.services.models.read("forecast")).approvedCosts).toEqual([]);
});

test("approves the estimate for as long as approvals live, and sends the signal that waits for it again", async () => {
  const { ledger, models } = adapters.services;
  await ledger.append(`signal:${held.id}`, {
    kind: "decision",
    summary: "held",
    actor: "outerloop",
    evidence: { signal: held },
  });
  await models.update("forecast", (state) => ({
    ...state,
    costRequests: [
      { reaction: "retraining", kind: "drift.data", signal: held.id, at: "2024-03-05T12:00:00.000Z" },
    ],
  }));
  const approvedAt = adapters.clock.now();
  const answer = await ask(word);
  const until = new Date(approvedAt + 7 * 86_400_000).toISOString();
  expect(answer).toMatchObject({ status: 202, jsonBody: { amount: 25, currency: "EUR", until } });
  expect((await models.read("forecast")).approvedCosts).toEqual([
    { reaction: "retraining", amount: 25, until },
  ]);
  const [again] = await adapters.queued("model:forecast", 1);
  expect(again).toMatchObject({
    id: answer.jsonBody.signal,
    kind: "drift.data",
    evidence: { facts: { replayOf: held.id } },
  });
  expect(again?.id).not.toBe(held.id);
  const entries = await Array.fromAsync(ledger.entries());
  expect(entries.at(-1)).toMatchObject({
    summary: `tester@example.com approved 25 EUR for retraining of forecast until ${until}: worth it`,
    actor: "tester@example.com",
  });
});

test("approves ahead when nothing waits", async () => {
  const { models } = adapters.services;
  await models.update("forecast", (state) => ({ ...state, costRequests: [] }));
  expect((await ask(word)).jsonBody).toMatchObject({ reaction: "retraining", signal: null });
  expect((await models.read("forecast")).approvedCosts).toHaveLength(1);
});
