import { expect, test } from "vitest";
import { AT, GROUP, SUBSCRIPTION, WORKSPACE, WORKSPACE_ID } from "./identity.ts";
import { start } from "./setup.ts";

test("shows the workspace, its tracking address and its compute to the real client", async () => {
  const { client, origin, problems } = await start();
  const workspace = await client.workspaces.get(...AT);
  const listed = await Array.fromAsync(client.workspaces.listByResourceGroup(GROUP));
  const compute = await client.computeOperations.get(...AT, "cpu-cluster");
  const host = origin.replace("https://", "");
  expect(workspace).toMatchObject({
    name: WORKSPACE,
    location: "westeurope",
    mlFlowTrackingUri: `azureml://${host}/mlflow/v1.0${WORKSPACE_ID}`,
  });
  expect(listed.map(({ name }) => name)).toEqual([WORKSPACE]);
  expect(compute.properties?.computeType).toBe("AmlCompute");
  expect(problems).toEqual([]);
});

test.each([
  {
    what: "no bearer token",
    at: "models",
    headers: { authorization: "" },
    status: 401,
    code: "InvalidAuthenticationToken",
  },
  {
    what: "no api-version",
    at: `${WORKSPACE_ID}/models?api-version=`,
    status: 400,
    code: "MissingApiVersionParameter",
  },
  {
    what: "an api-version of before",
    at: "models?api-version=2021-03-01",
    status: 400,
    code: "InvalidApiVersionParameter",
  },
  {
    what: "another subscription",
    at: WORKSPACE_ID.replace(SUBSCRIPTION, "nope"),
    status: 404,
    code: "SubscriptionNotFound",
  },
  {
    what: "another group",
    at: WORKSPACE_ID.replace(GROUP, "nope"),
    status: 404,
    code: "ResourceGroupNotFound",
  },
  {
    what: "another workspace",
    at: WORKSPACE_ID.replace(WORKSPACE, "nope"),
    status: 404,
    code: "ResourceNotFound",
  },
  { what: "an unknown collection", at: "nonsense", status: 404, code: "ResourceNotFound" },
  { what: "an unknown job", at: "jobs/nope", status: 404, code: "UserError" },
])(
  "answers $status $code for $what, in the form of Resource Manager",
  async ({ at, headers, status, code }) => {
    const { call } = await start();
    const answer = await call("GET", at, undefined, headers);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      error: { code, message: expect.any(String), details: expect.any(Array) },
    });
  },
);

test("leaves extensions of other providers to their own services", async () => {
  const { call } = await start();
  const answer = await call("GET", "onlineEndpoints/e/providers/Microsoft.Insights/metrics");
  expect(answer.body).toMatchObject({
    error: { message: expect.stringContaining("No simulated service answers") },
  });
});

test("refuses a body that is not JSON", async () => {
  const { services } = await start();
  const answer = await services[0]?.handle({
    method: "PUT",
    path: `${WORKSPACE_ID}/models/m/versions/1`,
    segments: `${WORKSPACE_ID}/models/m/versions/1`.split("/").filter(Boolean),
    query: new URLSearchParams({ "api-version": "2022-10-01" }),
    headers: { authorization: "Bearer test-token" },
    body: Buffer.from("{"),
    origin: "https://localhost:1",
    signal: AbortSignal.abort(),
  });
  expect(answer).toMatchObject({ status: 400, body: { error: { code: "InvalidRequestContent" } } });
});
