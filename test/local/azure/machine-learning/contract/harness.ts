import type { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { createSerializer } from "@azure/core-client";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { WORKSPACE, WORKSPACE_ID } from "../identity.ts";
import { type Fixture, type FixtureOptions, start } from "../setup.ts";

export { AT, GROUP, SUBSCRIPTION, WORKSPACE, WORKSPACE_ID } from "../identity.ts";
export const LOCATION = "westeurope";
export const QUICK = { updateIntervalInMs: 1 };
/** The newest version of the API whose description is kept here. */
export const NEWEST = "2024-04-01";

export const REGISTRY_ID = WORKSPACE_ID.replace(`workspaces/${WORKSPACE}`, "registries/shared");

/**
 * One stand-in for a file of tests. Each exchange of each test is held against the official description; a test that is
 * to send what the description forbids takes its problems away itself.
 */
export function contract(options: FixtureOptions = {}): Fixture {
  let fixture: Fixture | undefined;
  const tasks: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    fixture = await start(options, (task) => void tasks.push(task));
  });
  afterEach(() => expect(fixture?.problems.splice(0)).toEqual([]));
  afterAll(async () => {
    for (const task of tasks.toReversed()) await task();
  });
  return new Proxy({} as Fixture, {
    get(_, name) {
      if (!fixture) throw new Error("The stand-in is asked for before it is started.");
      return Reflect.get(fixture, name);
    },
  });
}

const ANY = { type: { name: "any" } } as never;
const serializer = createSerializer({}, false);

/**
 * A call through the real client's own pipeline, but for its serializer, which knows 2022-10-01 alone and drops asset
 * inputs (azure-sdk-for-js issue 29328). Errors are the client's own.
 */
export async function raw(
  client: AzureMachineLearningWorkspaces,
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  apiVersion = "2022-10-01",
): Promise<Record<string, unknown>> {
  const at = path.startsWith("/") ? path : `${WORKSPACE_ID}/${path}`;
  const constant = (value: string, serializedName: string) => ({
    parameterPath: serializedName,
    mapper: { defaultValue: value, isConstant: true, serializedName, type: { name: "String" as const } },
  });
  const answered = await client.sendOperationRequest(
    { body },
    {
      path: at,
      httpMethod: method,
      responses: {
        200: { bodyMapper: ANY },
        201: { bodyMapper: ANY },
        202: {},
        204: {},
        default: { bodyMapper: ANY },
      },
      queryParameters: [constant(apiVersion, "api-version")],
      headerParameters: [
        constant("application/json", "Accept"),
        constant("application/json", "Content-Type"),
      ],
      ...(body !== undefined && { requestBody: { parameterPath: "body", mapper: ANY } }),
      mediaType: "json",
      contentType: "application/json",
      serializer,
    },
  );
  return answered as Record<string, unknown>;
}

/** What the client throws, as a test looks at it. */
export const refused = (statusCode: number, code?: string) =>
  expect.objectContaining({ statusCode, ...(code && { code }) });

export const command = (text: string, more: object = {}) => ({
  properties: { jobType: "Command", command: text, environmentId: "azureml:env:1", ...more },
});

export const listed = async (pages: AsyncIterable<{ name?: string }>): Promise<(string | undefined)[]> =>
  (await Array.fromAsync(pages)).map(({ name }) => name);
