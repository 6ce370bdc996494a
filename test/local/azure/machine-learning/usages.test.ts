import { expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { AT, CURATED, WORKSPACE_ID } from "./identity.ts";
import { newModel, registerModel } from "./model.ts";
import { type Fixture, newFolder, start, stillClock } from "./setup.ts";

const QUICK = { updateIntervalInMs: 1 };
const T0 = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const BLUE = `${WORKSPACE_ID}/onlineEndpoints/weather/deployments/blue`;

const hasTold = ({ events }: Fixture, status: string) => events.some(({ data }) => data.runStatus === status);

async function deployBlue({ client }: Fixture, model: string): Promise<void> {
  const endpoint = { location: "westeurope", properties: { authMode: "Key" } };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", endpoint, QUICK);
  await client.onlineDeployments.beginCreateOrUpdateAndWait(
    ...AT,
    "weather",
    "blue",
    {
      location: "westeurope",
      sku: { name: "Default", capacity: 2 },
      properties: { endpointComputeType: "Managed", model, instanceType: "Standard_F4s_v2" },
    },
    QUICK,
  );
}

test("knows on how many machines a deployment ran and when, over scaling, deletion and a restart", async () => {
  const data = await newFolder();
  const clock = stillClock(T0);
  const before = await start({ data, clock });
  await deployBlue(before, await registerModel(before, "weather", "1", await newModel(before)));
  clock.advance(HOUR);
  await before.client.onlineDeployments.beginUpdateAndWait(
    ...AT,
    "weather",
    "blue",
    { sku: { capacity: 3 } },
    QUICK,
  );
  await before.stop();
  clock.advance(HOUR);
  const after = await start({ data, clock });
  await after.client.onlineEndpoints.beginDeleteAndWait(...AT, "weather", QUICK);
  clock.advance(HOUR);
  expect(after.usage(T0, T0 + 10 * HOUR)).toEqual([
    { resourceId: BLUE, sku: "Standard_F4s_v2", instances: 2, from: T0, to: T0 + HOUR },
    { resourceId: BLUE, sku: "Standard_F4s_v2", instances: 3, from: T0 + HOUR, to: T0 + 2 * HOUR },
  ]);
  expect(after.usage(T0 + HOUR / 2, T0 + HOUR)).toEqual([
    { resourceId: BLUE, sku: "Standard_F4s_v2", instances: 2, from: T0 + HOUR / 2, to: T0 + HOUR },
  ]);
  expect(after.usage(T0 + 2 * HOUR, T0 + 9 * HOUR)).toEqual([]);
});

test("clips what still runs to now, and meters a job from its start to its end", async () => {
  const clock = stillClock(T0);
  const fixture = await start({ clock });
  const resources = { instanceType: "Standard_NC6s_v3", instanceCount: 2 };
  const properties = { jobType: "Command", environmentId: "azureml:e:1", command: "sleep 60", resources };
  await fixture.call("PUT", "jobs/train", { properties });
  await until(() => hasTold(fixture, "Running"));
  clock.advance(HOUR);
  const train = { resourceId: `${WORKSPACE_ID}/jobs/train`, sku: "Standard_NC6s_v3", instances: 2, from: T0 };
  expect(fixture.usage(T0 - HOUR, T0 + 5 * HOUR)).toEqual([{ ...train, to: T0 + HOUR }]);
  await fixture.client.jobs.beginCancelAndWait(...AT, "train", QUICK);
  await until(() => hasTold(fixture, "Canceled"));
  clock.advance(HOUR);
  expect(fixture.usage(T0, T0 + 5 * HOUR)).toEqual([{ ...train, to: T0 + HOUR }]);
});

test("fails a deployment with the fault that is waiting for it, and serves once it is tried again", async () => {
  const faults = ["OutOfQuota: Not enough quota available for Standard_F4s_v2."];
  const asked: string[] = [];
  const takeFault = (target: string, name: string) => {
    asked.push(`${target} ${name}`);
    return faults.pop();
  };
  const fixture = await start({ takeFault });
  const model = await registerModel(fixture, "weather", "1", await newModel(fixture));
  await expect(deployBlue(fixture, model)).rejects.toThrow(
    "The long-running operation has failed. OutOfQuota. Not enough quota available for Standard_F4s_v2.",
  );
  const failed = await fixture.client.onlineDeployments.get(...AT, "weather", "blue");
  expect(failed.properties.provisioningState).toBe("Failed");
  await deployBlue(fixture, model);
  const mended = await fixture.client.onlineDeployments.get(...AT, "weather", "blue");
  expect(mended.properties.provisioningState).toBe("Succeeded");
  expect(asked).toEqual(["deployment blue", "deployment blue"]);
  expect(fixture.problems).toEqual([]);
});

test("lets a job die of the fault that is waiting for it, with the error in its properties", async () => {
  const takeFault = (target: string, name: string) =>
    target === "job" && name === "train" ? "The node ran out of disk." : undefined;
  const fixture = await start({ takeFault });
  const properties = { jobType: "Command", environmentId: "azureml:e:1", command: "true" };
  await fixture.call("PUT", "jobs/train", { properties });
  const failed = await until(async () => {
    const job = await fixture.client.jobs.get(...AT, "train");
    return job.properties.status === "Failed" ? job.properties : undefined;
  });
  expect(failed.properties).toEqual({
    "error.code": "SystemError",
    "error.message": "The node ran out of disk.",
  });
  expect(fixture.events.at(-1)?.data).toMatchObject({
    runStatus: "Failed",
    runProperties: { "error.message": "The node ran out of disk." },
  });
});

test("ends what ran in a workspace when the workspace is deleted", async () => {
  const clock = stillClock(T0);
  const fixture = await start({ clock, workspaces: ["mlw-outerloop", "mlw-short"] });
  const job = { jobType: "Command", environmentId: CURATED, command: "sleep 60" };
  const short = WORKSPACE_ID.replace("mlw-outerloop", "mlw-short");
  await fixture.call("PUT", `${short}/jobs/train`, { properties: job });
  await until(() => hasTold(fixture, "Running"));
  clock.advance(HOUR);
  await fixture.client.workspaces.beginDeleteAndWait(AT[0], "mlw-short", QUICK);
  clock.advance(HOUR);
  expect(fixture.usage(T0, T0 + 5 * HOUR)).toEqual([
    { resourceId: `${short}/jobs/train`, sku: "Standard_DS3_v2", instances: 1, from: T0, to: T0 + HOUR },
  ]);
});
