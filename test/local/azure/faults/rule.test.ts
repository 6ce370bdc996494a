import { expect, test } from "vitest";
import { fits, readRule } from "../../../../local/azure/faults/rule.ts";

test.each([
  {
    pattern: "*/onlineEndpoints/*",
    path: "/subscriptions/s/workspaces/w/onlineEndpoints/weather",
    fit: true,
  },
  {
    pattern: "*/ONLINEENDPOINTS/*",
    path: "/subscriptions/s/workspaces/w/onlineendpoints/weather",
    fit: true,
  },
  { pattern: "*/onlineEndpoints/*", path: "/x/onlineEndpoints/weather/deployments/v1", fit: false },
  { pattern: "*/onlineEndpoints/**", path: "/x/onlineEndpoints/weather/deployments/v1", fit: true },
  { pattern: "*", path: "/anything/at/all", fit: true },
  { pattern: "/models*", path: "/models(PartitionKey='a',RowKey='b')", fit: true },
  { pattern: "/models*", path: "/x/models", fit: false },
  { pattern: "/a.c", path: "/abc", fit: false },
  { pattern: "*ModelRegistered", path: "Microsoft.MachineLearningServices.ModelRegistered", fit: true },
  { pattern: "weather-*", path: "weather-v7", fit: true },
  { pattern: "weather", path: "weather-v7", fit: false },
])("'$pattern' fits '$path': $fit", ({ pattern, path, fit }) => {
  expect(fits(pattern, path)).toBe(fit);
});

test("what is left out has a default: the first call, once, of any operation", () => {
  expect(readRule({ service: "tables", effect: "drop" })).toEqual({
    rule: { kind: "call", service: "tables", operation: "* *", effect: "drop", nth: 1, times: 1 },
  });
});

test.each([
  { body: [], says: "body: expected a JSON object" },
  { body: {}, says: "body: expected one of operation, service, events, deployment, job" },
  { body: { operation: "GET", effect: "hang" }, says: "operation: expected a method and a path such as" },
  { body: { operation: "GET *" }, says: "effect: expected 'hang', 'drop', 'drop-answer', 'invalidJson'" },
  { body: { operation: "GET *", effect: { status: 418 } }, says: "effect.status: expected 429, 500 or 503" },
  {
    body: { service: "blobs", effect: { status: 429 } },
    says: "effect.status: expected 500 or 503: storage throttles with 503 ServerBusy, never with 429",
  },
  { body: { service: "blobs", effect: "invalidJson" }, says: "effect: 'invalidJson' is not for blobs" },
  { body: { service: "queues", effect: "drop" }, says: "service: expected 'azure', 'tables' or 'blobs'" },
  { body: { operation: "GET *", effect: { delayMs: -1 } }, says: "effect.delayMs: Too small" },
  {
    body: { operation: "GET *", effect: { status: 429, retryAfterSeconds: "2" } },
    says: "effect.retryAfterSeconds: Invalid input: expected number, received string",
  },
  { body: { operation: "GET *", effect: "drop", nth: 0 }, says: "nth: Too small" },
  { body: { operation: "GET *", effect: "drop", often: 2 }, says: 'Unrecognized key: "often"' },
  { body: { events: "*", effect: "never" }, says: "effect: expected 'twice', 'out-of-order' or an object" },
  { body: { events: "*", effect: { lateMs: 0.5 } }, says: "effect.lateMs: Invalid input: expected int" },
  { body: { deployment: "*" }, says: "message: Invalid input: expected string, received undefined" },
  { body: { job: "*", effect: "hang" }, says: "effect: expected an object with status and forMs" },
  {
    body: { job: "*", effect: { status: "Running", forMs: 1 } },
    says: "effect.status: expected 'NotResponding', 'Paused' or 'Unknown'",
  },
  { body: { job: "*", effect: { status: "Paused" } }, says: "effect.forMs: Invalid input: expected number" },
  { body: { job: "*", deployment: "*", message: "m" }, says: 'Unrecognized key: "job"' },
  { body: { operation: "GET **a*b*c*d*e*f*g*h*i", effect: "drop" }, says: "operation: " },
])("refuses $body, naming the field and what was expected", ({ body, says }) => {
  expect(readRule(body)).toMatchObject({ refused: expect.stringContaining(says) });
});
