import { beforeAll, describe, expect, test } from "vitest";
import { AT, command, contract, LOCATION, NEWEST, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";
import { ENDPOINT, online } from "./online-fixture.ts";

const fixture = contract();
const { prepare, deploymentOf, makeEndpoint, deployments } = online(fixture);
beforeAll(prepare);

const job = (environmentId: string) => command("true", { environmentId }) as never;

describe("the environment of a job", () => {
  test.each([
    { what: "a version that is not registered", id: "azureml:e:9", names: "name: e, version: 9, label: " },
    { what: "a name that is not registered", id: "azureml:none:1", names: "name: none, version: 1, label: " },
    { what: "no version at all", id: "azureml:none@latest", names: "name: none, version: , label: latest" },
    {
      what: "a version by its ARM id",
      id: `${WORKSPACE_ID}/environments/e/versions/2`,
      names: "name: e, version: 2",
    },
    {
      what: "another workspace's",
      id: `${WORKSPACE_ID.replace(/[^/]+$/, "other")}/environments/e/versions/1`,
      names: "name: e, version: 1",
    },
    {
      what: "one of a registry that is not there",
      id: "azureml://registries/none/environments/e/versions/1",
      names: "name: e, version: 1",
    },
    { what: "no reference", id: "python:3.12", names: "environmentId is 'python:3.12', expected the id" },
    {
      what: "a model",
      id: `${WORKSPACE_ID}/models/weather/versions/1`,
      names: "expected an environment, found models",
    },
  ])("is refused in Azure's words when it is $what", async ({ id, names }) => {
    await expect(fixture.client.jobs.createOrUpdate(...AT, "j-refused", job(id))).rejects.toMatchObject({
      statusCode: 400,
      code: "UserError",
      message: expect.stringContaining(names),
    });
  });

  test.each([
    { what: "registered here", id: "azureml:e:1" },
    { what: "the newest of a name", id: "azureml:e@latest" },
    { what: "registered, by its ARM id", id: `${WORKSPACE_ID}/environments/e/versions/1` },
    { what: "curated", id: "azureml://registries/azureml/environments/sklearn-1.5/versions/12" },
    {
      what: "curated, by its label",
      id: "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
    },
    { what: "curated, by its name of old", id: "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:1" },
  ])("is taken when it is $what", async ({ what, id }) => {
    const name = `j-${what.replaceAll(/[^a-z]/g, "")}`;
    expect(await fixture.client.jobs.createOrUpdate(...AT, name, job(id))).toMatchObject({ name });
  });
});

describe("a pipeline", () => {
  const pipeline = (properties: object) =>
    fixture.client.jobs.createOrUpdate(...AT, "p-refused", {
      properties: { jobType: "Pipeline", ...properties },
    } as never);
  const step = async (environment: string, more: object = {}) => {
    const componentSpec = { name: "say", type: "command", environment, command: "true" };
    const version = environment.replaceAll(/\W/g, "-");
    await fixture.client.componentVersions.createOrUpdate(...AT, "say", version, {
      properties: { componentSpec },
    });
    return { type: "command", componentId: `azureml:say:${version}`, ...more };
  };

  test("is refused when a step's environment is not there, naming the step", async () => {
    await expect(pipeline({ jobs: { say: await step("azureml:none:1") } })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("jobs.say.environmentId is 'azureml:none:1'"),
    });
  });

  test("is refused when a step's compute is not there, naming the step", async () => {
    const jobs = { say: await step("azureml:e:1", { computeId: "azureml:none" }) };
    await expect(pipeline({ jobs })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("jobs.say.computeId is 'azureml:none'"),
    });
  });
});

describe("a size of machine that the region has not", () => {
  test.each(["AmlCompute", "ComputeInstance"])("is refused for a compute of type %s", async (computeType) => {
    const scaleSettings = { maxNodeCount: 1 };
    const properties = {
      computeType,
      properties: { vmSize: "Standard_Z99_v9", ...(computeType === "AmlCompute" && { scaleSettings }) },
    };
    const body = { location: LOCATION, properties } as never;
    await expect(
      fixture.client.computeOperations.beginCreateOrUpdateAndWait(...AT, "c-refused", body, QUICK),
    ).rejects.toMatchObject({
      statusCode: 400,
      code: "UserError",
      message: expect.stringContaining(
        "properties.properties.vmSize is 'Standard_Z99_v9', expected a size that the region has: ",
      ),
    });
  });

  test("is refused for a managed deployment, and so is one for clusters alone", async () => {
    await makeEndpoint("sized");
    for (const instanceType of ["Standard_Z99_v9", "Standard_D2_v3"]) {
      await expect(
        deployments().beginCreateOrUpdateAndWait(
          ...AT,
          "sized",
          "blue",
          deploymentOf({ instanceType }),
          QUICK,
        ),
      ).rejects.toMatchObject({
        statusCode: 400,
        message: expect.stringContaining(`properties.instanceType is '${instanceType}', expected a size`),
      });
    }
  });

  test("is refused for a job without a compute of its own", async () => {
    const properties = command("true", { resources: { instanceType: "Standard_Z99_v9" } }) as never;
    await expect(fixture.client.jobs.createOrUpdate(...AT, "j-sized", properties)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("resources.instanceType is 'Standard_Z99_v9'"),
    });
  });
});

test("an online deployment's environment that is not there is refused", async () => {
  await makeEndpoint("environs");
  const environmentId = "azureml:none:1";
  await expect(
    deployments().beginCreateOrUpdateAndWait(
      ...AT,
      "environs",
      "blue",
      deploymentOf({ environmentId }),
      QUICK,
    ),
  ).rejects.toMatchObject({
    statusCode: 400,
    message: expect.stringContaining("No environment exists for name: none, version: 1, label: "),
  });
});

test("a batch deployment's environment that is not there is refused", async () => {
  const body = { ...ENDPOINT, properties: { authMode: "AADToken" } };
  await fixture.client.batchEndpoints.beginCreateOrUpdateAndWait(...AT, "batched", body, QUICK);
  const assetId = `${WORKSPACE_ID}/models/weather/versions/1`;
  const properties = { model: { referenceType: "Id", assetId }, environmentId: "azureml:none:1" };
  await expect(
    raw(
      fixture.client,
      "PUT",
      "batchEndpoints/batched/deployments/blue",
      { location: LOCATION, properties },
      NEWEST,
    ),
  ).rejects.toEqual(refused(400, "UserError"));
});
