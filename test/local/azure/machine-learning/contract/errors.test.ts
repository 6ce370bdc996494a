import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { describe, expect, test } from "vitest";
import { RESOURCE_MANAGER_LIMITS, Throttle } from "../../../../../local/azure/machine-learning/throttle.ts";
import { ManualClock } from "../../../../../local/clock.ts";
import { AT, contract, GROUP, LOCATION, refused, WORKSPACE_ID } from "./harness.ts";

const fixture = contract();
const limited = contract({
  limits: {
    reads: { bucket: 3, perSecond: 1 },
    writes: { bucket: 1, perSecond: 1 },
    deletes: { bucket: 1, perSecond: 1 },
  },
});

test.each([
  { what: "a model", get: () => fixture.client.modelVersions.get(...AT, "nope", "1") },
  { what: "a model's container", get: () => fixture.client.modelContainers.get(...AT, "nope") },
  { what: "a job", get: () => fixture.client.jobs.get(...AT, "nope") },
  { what: "an online endpoint", get: () => fixture.client.onlineEndpoints.get(...AT, "nope") },
  { what: "an online endpoint's keys", get: () => fixture.client.onlineEndpoints.listKeys(...AT, "nope") },
  { what: "a batch endpoint", get: () => fixture.client.batchEndpoints.get(...AT, "nope") },
  { what: "a schedule", get: () => fixture.client.schedules.get(...AT, "nope") },
  { what: "a compute", get: () => fixture.client.computeOperations.get(...AT, "nope") },
  { what: "a workspace", get: () => fixture.client.workspaces.get(GROUP, "nope") },
  { what: "a group", get: () => fixture.client.workspaces.get("nope", "mlw-outerloop") },
])("answers 404 to $what that is not there", async ({ get }) => {
  await expect(get()).rejects.toEqual(refused(404));
});

test("answers 404 to another subscription", async () => {
  const credential = {
    getToken: async () => ({ token: "test-token", expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const other = new AzureMachineLearningWorkspaces(credential, "another", {
    endpoint: fixture.origin.replace("https", "http"),
    allowInsecureConnection: true,
  });
  other.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  other.pipeline.addPolicy({
    name: "authorize",
    sendRequest(request, next) {
      request.headers.set("authorization", "Bearer test-token");
      return next(request);
    },
  });
  await expect(other.workspaces.get(...AT)).rejects.toEqual(refused(404, "SubscriptionNotFound"));
});

test.each([
  {
    what: "a missing version of the API",
    at: `${WORKSPACE_ID}?api-version=`,
    code: "MissingApiVersionParameter",
  },
  {
    what: "a version that never was",
    at: `${WORKSPACE_ID}?api-version=soon`,
    code: "InvalidApiVersionParameter",
  },
  { what: "a link to a page that was never given", at: "models?$skip=abc", code: "UserError" },
  { what: "a count of none", at: "models?count=0", code: "UserError" },
  { what: "an offset that is no number", at: "models/m/versions?offset=abc", code: "UserError" },
  { what: "a view that there is not", at: "models?listViewType=Some", code: "UserError" },
  { what: "an order that there is not", at: "onlineEndpoints?orderBy=Random", code: "UserError" },
])("answers 400 $code to $what", async ({ at, code }) => {
  await fixture.call("PUT", "models/m", { properties: {} });
  const answer = await fixture.call("GET", at);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ error: { code } });
});

test("answers 401 with a challenge to a caller without a token", async () => {
  const answer = await fixture.call("GET", "models", undefined, { authorization: "" });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toContain("Bearer");
});

test("answers 405 to a method that a resource does not have", async () => {
  const answer = await fixture.call("PATCH", "schedules/s", {});
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("GET, PUT, DELETE");
  fixture.problems.length = 0;
});

test("answers 412 to nothing: no operation of this service takes a condition", async () => {
  const answer = await fixture.call("GET", WORKSPACE_ID, undefined, { "if-match": '"another"' });
  expect(answer.status).toBe(200);
});

describe("limits of requests", () => {
  test("answer 429 with the seconds to wait, however often they come", async () => {
    for (let n = 0; n < 3; n++) await limited.call("GET", "models");
    const turned = await limited.call("GET", "models");
    expect(turned.status).toBe(429);
    expect(turned.body).toMatchObject({ error: { code: "TooManyRequests" } });
    expect(turned.headers.get("retry-after")).toBe("1");
  });

  test("refill by the second, up to the bucket, each kind of request for itself", () => {
    const clock = new ManualClock();
    const throttle = new Throttle(clock, RESOURCE_MANAGER_LIMITS);
    const takes = (method: string) => {
      let taken = 0;
      try {
        for (; taken < 1_000; taken++) throttle.take(method);
      } catch {
        return taken;
      }
      return taken;
    };
    expect([takes("GET"), takes("PUT"), takes("DELETE")]).toEqual([250, 200, 200]);
    clock.advance(2_000);
    expect([takes("GET"), takes("POST"), takes("DELETE")]).toEqual([50, 20, 20]);
    clock.advance(3_600_000);
    expect(takes("GET")).toBe(250);
  });
});

test("tells a taken name in another workspace of the region", async () => {
  const body = { location: LOCATION, properties: { authMode: "AADToken" as const } };
  await fixture.client.batchEndpoints.beginCreateOrUpdateAndWait(...AT, "taken", body, {
    updateIntervalInMs: 1,
  });
  await expect(fixture.client.onlineEndpoints.beginCreateOrUpdate(...AT, "taken", body)).rejects.toEqual(
    refused(409, "Conflict"),
  );
});
