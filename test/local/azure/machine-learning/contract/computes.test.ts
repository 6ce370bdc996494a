import { expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { AT, command, contract, LOCATION, listed, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";

const fixture = contract();
const computes = () => fixture.client.computeOperations;
const CLUSTER = {
  location: LOCATION,
  properties: {
    computeType: "AmlCompute" as const,
    properties: { vmSize: "Standard_DS3_v2", scaleSettings: { minNodeCount: 0, maxNodeCount: 4 } },
  },
};
const INSTANCE = {
  location: LOCATION,
  properties: { computeType: "ComputeInstance" as const, properties: { vmSize: "Standard_DS3_v2" } },
};
const KUBERNETES = {
  location: LOCATION,
  properties: {
    computeType: "Kubernetes" as const,
    resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kubernetes/connectedClusters/edge",
    properties: { namespace: "azureml", defaultInstanceType: "small" },
  },
};

test("makes a cluster as a long-running operation", async () => {
  const made = await computes().beginCreateOrUpdateAndWait(...AT, "train", CLUSTER, QUICK);
  expect(made.properties).toMatchObject({
    computeType: "AmlCompute",
    provisioningState: "Succeeded",
    isAttachedCompute: false,
    properties: { allocationState: "Steady", currentNodeCount: 0 },
  });
});

test("changes how far a cluster scales", async () => {
  await computes().beginCreateOrUpdateAndWait(...AT, "scales", CLUSTER, QUICK);
  await computes().beginUpdateAndWait(
    ...AT,
    "scales",
    {
      properties: {
        scaleSettings: { minNodeCount: 1, maxNodeCount: 2, nodeIdleTimeBeforeScaleDown: "PT5M" },
      },
    },
    QUICK,
  );
  const { properties } = await computes().get(...AT, "scales");
  expect(properties).toMatchObject({ properties: { scaleSettings: { minNodeCount: 1, maxNodeCount: 2 } } });
});

test("shows the node that a job runs on", async () => {
  const job = command("sleep 30", { computeId: `${WORKSPACE_ID}/computes/cpu-cluster` });
  await raw(fixture.client, "PUT", "jobs/on-cluster", job);
  const nodes = await until(async () => {
    const found = await Array.fromAsync(computes().listNodes(...AT, "cpu-cluster"));
    return found.length > 0 ? found : undefined;
  });
  expect(nodes).toMatchObject([{ nodeState: "running", runId: "on-cluster" }]);
  await fixture.client.jobs.beginCancelAndWait(...AT, "on-cluster", QUICK);
});

test("stops, starts and restarts an instance, each only from where it can", async () => {
  await computes().beginCreateOrUpdateAndWait(...AT, "notebook", INSTANCE, QUICK);
  const state = async () => {
    const { properties } = await computes().get(...AT, "notebook");
    return properties &&
      "properties" in properties &&
      properties.properties &&
      "state" in properties.properties
      ? properties.properties.state
      : undefined;
  };
  expect(await state()).toBe("Running");
  await computes().beginStopAndWait(...AT, "notebook", QUICK);
  expect(await state()).toBe("Stopped");
  await expect(computes().beginStop(...AT, "notebook")).rejects.toEqual(refused(409));
  await computes().beginStartAndWait(...AT, "notebook", QUICK);
  expect(await state()).toBe("Running");
  await computes().beginRestartAndWait(...AT, "notebook", QUICK);
  expect(await state()).toBe("Running");
  await expect(computes().beginStart(...AT, "notebook")).rejects.toEqual(refused(409));
});

test("answers 400 to the start of a cluster, which starts by itself", async () => {
  await expect(computes().beginStart(...AT, "cpu-cluster")).rejects.toEqual(refused(400));
});

test("attaches a Kubernetes cluster, and detaches it", async () => {
  const made = await computes().beginCreateOrUpdateAndWait(...AT, "edge", KUBERNETES, QUICK);
  expect(made.properties).toMatchObject({ computeType: "Kubernetes", isAttachedCompute: true });
  await computes().beginDeleteAndWait(...AT, "edge", "Detach", QUICK);
  await expect(computes().get(...AT, "edge")).rejects.toEqual(refused(404, "ResourceNotFound"));
});

test("deletes a cluster, and answers 204 once it is gone", async () => {
  await computes().beginCreateOrUpdateAndWait(...AT, "gone", CLUSTER, QUICK);
  await computes().beginDeleteAndWait(...AT, "gone", "Delete", QUICK);
  expect(await listed(computes().list(...AT))).not.toContain("gone");
  expect((await fixture.call("DELETE", "computes/gone?underlyingResourceAction=Delete")).status).toBe(204);
});

test.each([
  { what: "the detachment of what was made here", action: "Detach" },
  { what: "a deletion that does not say of what", action: "" },
])("answers 400 to $what", async ({ action }) => {
  await expect(computes().beginDelete(...AT, "cpu-cluster", action)).rejects.toEqual(refused(400));
});

test.each([
  { what: "another type", name: "other", body: { properties: { computeType: "HDInsight" } }, status: 400 },
  {
    what: "a cluster without a size",
    name: "other",
    body: { properties: { computeType: "AmlCompute" } },
    status: 400,
  },
  {
    what: "a Kubernetes cluster that is none",
    name: "other",
    body: { properties: { computeType: "Kubernetes" } },
    status: 400,
  },
  { what: "a name with a dot", name: "a.b", body: CLUSTER, status: 400 },
  { what: "a cluster that is to become an instance", name: "cpu-cluster", body: INSTANCE, status: 409 },
])("answers $status to $what", async ({ name, body, status }) => {
  await expect(raw(fixture.client, "PUT", `computes/${name}`, body)).rejects.toEqual(refused(status));
});

test("answers 400 to a job on a compute that is not there", async () => {
  const job = command("true", { computeId: `${WORKSPACE_ID}/computes/nope` });
  await expect(raw(fixture.client, "PUT", "jobs/nowhere", job)).rejects.toEqual(refused(400));
});
