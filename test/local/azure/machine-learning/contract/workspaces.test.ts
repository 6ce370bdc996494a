import { expect, test } from "vitest";
import { AT, contract, GROUP, LOCATION, listed, QUICK, refused, WORKSPACE, WORKSPACE_ID } from "./harness.ts";

const NAMES = ["mlw-development", "mlw-staging", "mlw-production"];
const fixture = contract({ workspaces: [WORKSPACE, ...NAMES], coreQuota: 100 });

test("lists the workspaces of a group and of the subscription", async () => {
  const { workspaces } = fixture.client;
  expect(await listed(workspaces.listByResourceGroup(GROUP))).toEqual([WORKSPACE, ...NAMES]);
  expect(await listed(workspaces.listBySubscription())).toEqual([WORKSPACE, ...NAMES]);
});

test.each([WORKSPACE, ...NAMES])(
  "shows workspace %s with its tracking address and its cluster",
  async (name) => {
    const { workspaces, computeOperations } = fixture.client;
    const workspace = await workspaces.get(GROUP, name);
    expect(workspace).toMatchObject({ name, location: LOCATION, provisioningState: "Succeeded" });
    expect(workspace.mlFlowTrackingUri).toMatch(new RegExp(`/workspaces/${name}$`));
    expect(await listed(computeOperations.list(GROUP, name))).toEqual(["cpu-cluster"]);
  },
);

test("keeps what is in one workspace from another", async () => {
  const { modelVersions } = fixture.client;
  const model = { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/m" } };
  await modelVersions.createOrUpdate(GROUP, "mlw-development", "weather", "1", model);
  await expect(modelVersions.get(GROUP, "mlw-staging", "weather", "1")).rejects.toEqual(refused(404));
  expect(fixture.events.at(-1)?.topic).toMatch(/\/workspaces\/mlw-development$/);
});

test("makes a workspace, changes it and deletes it with what is in it", async () => {
  const { workspaces, modelVersions } = fixture.client;
  const made = await workspaces.beginCreateOrUpdateAndWait(
    GROUP,
    "mlw-new",
    { location: LOCATION, identity: { type: "SystemAssigned" }, friendlyName: "new" },
    QUICK,
  );
  expect(made).toMatchObject({ name: "mlw-new", friendlyName: "new", provisioningState: "Succeeded" });
  const changed = await workspaces.beginUpdateAndWait(GROUP, "mlw-new", { tags: { cost: "42" } }, QUICK);
  expect(changed.tags).toEqual({ cost: "42" });
  const model = { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/m" } };
  await modelVersions.createOrUpdate(GROUP, "mlw-new", "weather", "1", model);
  await workspaces.beginDeleteAndWait(GROUP, "mlw-new", QUICK);
  await expect(workspaces.get(GROUP, "mlw-new")).rejects.toEqual(refused(404, "ResourceNotFound"));
  await workspaces.beginCreateOrUpdateAndWait(GROUP, "mlw-new", { location: LOCATION }, QUICK);
  expect(await listed(modelVersions.list(GROUP, "mlw-new", "weather")).catch(() => "none")).toBe("none");
});

test("answers 204 to the deletion of a workspace that is not there", async () => {
  await fixture.client.workspaces.beginDeleteAndWait(GROUP, "mlw-never", QUICK);
  await expect(fixture.client.workspaces.get(GROUP, "mlw-never")).rejects.toEqual(refused(404));
});

test("answers 400 to a workspace in another region", async () => {
  const made = fixture.client.workspaces.beginCreateOrUpdate(GROUP, "mlw-far", { location: "eastus" });
  await expect(made).rejects.toEqual(refused(400));
});

test.each(["ab", "-abc", "a".repeat(34)])("answers 400 to a workspace named %s", async (name) => {
  const id = WORKSPACE_ID.replace("mlw-outerloop", name);
  const { status, body } = await fixture.call("PUT", id, { location: LOCATION });
  fixture.problems.length = 0;
  expect(status).toBe(400);
  expect(body).toMatchObject({
    error: {
      message: expect.stringContaining(`The workspace name '${name}' is not valid, expected 3 to 33`),
    },
  });
});

test("tells what is used of each quota, the quotas and the sizes of machines", async () => {
  const { usages, quotas, virtualMachineSizes } = fixture.client;
  const used = await Array.fromAsync(usages.list(LOCATION));
  expect(used).toContainEqual(
    expect.objectContaining({
      currentValue: 0,
      limit: 100,
      name: expect.objectContaining({ value: "standardFSv2Family" }),
    }),
  );
  expect((await Array.fromAsync(quotas.list(LOCATION))).every(({ limit }) => limit === 100)).toBe(true);
  const { value = [] } = await virtualMachineSizes.list(LOCATION);
  expect(value).toContainEqual(expect.objectContaining({ name: "Standard_DS3_v2", vCPUs: 4, memoryGB: 14 }));
});

test("shows the cluster's nodes", async () => {
  const { computeOperations } = fixture.client;
  expect(await Array.fromAsync(computeOperations.listNodes(...AT, "cpu-cluster"))).toEqual([]);
});
