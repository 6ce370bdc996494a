import type { Metric } from "@azure/arm-monitor";
import { expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { AT } from "../machine-learning/identity.ts";
import { newModel, registerModel } from "../machine-learning/model.ts";
import { type Fixture, newFolder, start, stillClock } from "../machine-learning/setup.ts";
import { ENDPOINT, ML_WORKSPACE, type MonitorFixture, NOON, startMonitor } from "./monitor-fixture.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const QUICK = { updateIntervalInMs: 1 };
const BLUE = `${ML_WORKSPACE}/onlineEndpoints/weather/deployments/blue`;

/** Azure ML, and Azure Monitor on what it measures, at noon. */
async function startBoth(data?: string) {
  const clock = stillClock(NOON);
  const ml = await start({ clock, ...(data && { data }) });
  const monitor = await startMonitor({ clock, measured: ml.measured });
  return { clock, ml, monitor };
}

interface Asked {
  readonly aggregation?: string;
  readonly filter?: string;
  readonly minutes?: number;
  readonly interval?: string;
}
async function ask(
  { client, clock }: MonitorFixture,
  resource: string,
  metric: string,
  { minutes = 10, interval = "PT1M", ...asked }: Asked = {},
): Promise<Metric> {
  const timespan = `${new Date(clock.now() - minutes * MINUTE).toISOString()}/${new Date(clock.now()).toISOString()}`;
  const answer = await client.metrics.list(resource.slice(1), {
    metricnames: metric,
    timespan,
    interval,
    ...asked,
  });
  const [found] = answer.value;
  if (!found) throw new Error(`No metric '${metric}' came back.`);
  return found;
}
/** The values of the only series, without its times; what is empty is left out. */
async function values(...asked: Parameters<typeof ask>): Promise<object[]> {
  const { timeseries } = await ask(...asked);
  return (timeseries[0]?.data ?? [])
    .map(({ timeStamp, ...point }) => JSON.parse(JSON.stringify(point)))
    .filter((point) => Object.keys(point).length > 0);
}
/** The total of each part of a split, by its dimensions. */
async function totals(monitor: MonitorFixture, metric: string, ...dimensions: string[]) {
  const filter = dimensions.map((name) => `${name} eq '*'`).join(" and ");
  const { timeseries } = await ask(monitor, ML_WORKSPACE, metric, { filter, interval: "FULL" });
  return timeseries.map(({ metadatavalues = [], data = [] }) => [
    ...metadatavalues.map(({ value }) => value),
    data[0]?.total,
  ]);
}

const job = (command: string, more: object = {}) => ({
  properties: { jobType: "Command", environmentId: "azureml:e:1", command, experimentName: "train", ...more },
});
async function run({ call, client }: Fixture, name: string, body: object, status: string): Promise<void> {
  expect((await call("PUT", `jobs/${name}`, body)).status).toBe(201);
  await until(async () => (await client.jobs.get(...AT, name)).properties.status === status);
}

test("DeploymentCapacity is how many instances a deployment has had, until it is deleted", async () => {
  const { clock, ml, monitor } = await startBoth();
  const model = await registerModel(ml, "weather", "1", await newModel(ml));
  const endpoint = { location: "westeurope", properties: { authMode: "Key" } };
  await ml.client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", endpoint, QUICK);
  const deployments = ml.client.onlineDeployments;
  const blue = {
    location: "westeurope",
    sku: { name: "Default", capacity: 2 },
    properties: { endpointComputeType: "Managed" as const, model, instanceType: "Standard_F4s_v2" },
  };
  await deployments.beginCreateOrUpdateAndWait(...AT, "weather", "blue", blue, QUICK);
  clock.advance(90 * SECOND);
  await deployments.beginUpdateAndWait(...AT, "weather", "blue", { sku: { capacity: 4 } }, QUICK);
  clock.advance(150 * SECOND);
  const aggregation = "Average,Minimum,Maximum";
  const asked = { aggregation, minutes: 4 };
  const metric = await ask(monitor, BLUE, "DeploymentCapacity", asked);
  expect(metric).toMatchObject({ unit: "Count", name: { value: "DeploymentCapacity" } });
  expect(await values(monitor, BLUE, "DeploymentCapacity", asked)).toEqual([
    { average: 2, minimum: 2, maximum: 2 },
    // Half a minute of two, and half a minute of four.
    { average: 3, minimum: 2, maximum: 4 },
    { average: 4, minimum: 4, maximum: 4 },
    { average: 4, minimum: 4, maximum: 4 },
  ]);
  await deployments.beginDeleteAndWait(...AT, "weather", "blue", QUICK);
  clock.advance(10 * MINUTE);
  expect(await values(monitor, BLUE, "DeploymentCapacity", { aggregation, minutes: 10 })).toEqual([]);
  for (const [name, count] of [
    ["Model Register Succeeded", 1],
    ["Model Deploy Started", 1],
    ["Model Deploy Succeeded", 1],
  ] as const) {
    expect(await values(monitor, ML_WORKSPACE, name, { minutes: 20, interval: "FULL" }), name).toEqual([
      { total: count },
    ]);
  }
});

test("a workspace's runs are counted by each status that they come to, over a restart too", async () => {
  const data = await newFolder();
  const { clock, ml, monitor } = await startBoth(data);
  await run(ml, "good", job("true"), "Completed");
  await run(ml, "bad", job("false", { experimentName: "others" }), "Failed");
  await run(ml, "long", job("sleep 60"), "Running");
  await ml.client.jobs.beginCancelAndWait(...AT, "long", QUICK);
  const componentSpec = { name: "say", type: "command", environment: "azureml:e:1", command: "true" };
  await ml.call("PUT", "components/say/versions/1", { properties: { componentSpec } });
  const say = { type: "command", componentId: `${ML_WORKSPACE}/components/say/versions/1` };
  await run(ml, "pipeline", { properties: { jobType: "Pipeline", jobs: { say } } }, "Completed");
  clock.advance(MINUTE);
  expect(await totals(monitor, "Completed Runs", "RunType")).toEqual([
    ["Experiment", 1],
    ["StepRun", 1],
    ["PipelineRun", 1],
  ]);
  expect(await totals(monitor, "Failed Runs", "ExperimentName")).toEqual([["others", 1]]);
  expect(await totals(monitor, "Cancelled Runs", "RunType", "ExperimentName")).toEqual([
    ["Experiment", "train", 1],
  ]);
  for (const [name, total] of [
    ["Not Started Runs", 5],
    ["Provisioning Runs", 4],
    ["Queued Runs", 4],
    ["Started Runs", 5],
    ["Cancel Requested Runs", 1],
  ] as const) {
    expect(await values(monitor, ML_WORKSPACE, name, { interval: "FULL" }), name).toEqual([{ total }]);
  }
  await ml.stop();
  const again = await start({ data, clock });
  const after = await startMonitor({ clock, measured: again.measured });
  expect(await values(after, ML_WORKSPACE, "Completed Runs", { interval: "FULL" })).toEqual([{ total: 3 }]);
  expect(await values(after, ML_WORKSPACE, "Not Responding Runs", { interval: "FULL" })).toEqual([]);
});

test("the nodes and cores of a cluster count for as long as a job is on them, or its least keeps them idle", async () => {
  const { clock, ml, monitor } = await startBoth();
  clock.advance(MINUTE);
  await run(ml, "long", job("sleep 60", { computeId: "cpu-cluster" }), "Running");
  clock.advance(30 * SECOND);
  await ml.client.jobs.beginCancelAndWait(...AT, "long", QUICK);
  clock.advance(30 * SECOND);
  const cluster = (metric: string, aggregation = "Average,Maximum") =>
    values(monitor, ML_WORKSPACE, metric, {
      aggregation,
      minutes: 2,
      filter: "ClusterName eq 'cpu-cluster'",
    });
  // One node for half of the second minute; a Standard_DS3_v2 has 4 cores, and the region grants 300.
  expect(await cluster("Active Nodes")).toEqual([
    { average: 0, maximum: 0 },
    { average: 0.5, maximum: 1 },
  ]);
  expect(await cluster("Active Cores")).toEqual([
    { average: 0, maximum: 0 },
    { average: 2, maximum: 4 },
  ]);
  expect(await cluster("Quota Utilization Percentage", "Maximum")).toEqual([
    { maximum: 0 },
    { maximum: expect.closeTo(1.3333, 4) },
  ]);
  const scaleSettings = { minNodeCount: 2, maxNodeCount: 4 };
  await ml.call("PATCH", "computes/cpu-cluster", { properties: { properties: { scaleSettings } } });
  clock.advance(MINUTE);
  expect((await cluster("Idle Nodes")).at(-1)).toEqual({ average: 2, maximum: 2 });
  expect((await cluster("Total Cores")).at(-1)).toEqual({ average: 8, maximum: 8 });
  await ml.client.computeOperations.beginDeleteAndWait(...AT, "cpu-cluster", "Delete", QUICK);
  clock.advance(2 * MINUTE);
  expect(await cluster("Total Nodes")).toEqual([]);
});

test("a model that is refused counts as a failed registration, by the status of the answer", async () => {
  const { clock, ml, monitor } = await startBoth();
  const uri = await registerModel(ml, "weather", "1", await newModel(ml));
  expect(uri).toContain("weather");
  const other = { properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/other" } };
  expect((await ml.call("PUT", "models/weather/versions/1", other)).status).toBe(409);
  clock.advance(MINUTE);
  expect(await totals(monitor, "Model Register Failed", "StatusCode")).toEqual([["409", 1]]);
});

test("NetworkBytes is what an endpoint was sent and answered, per second, over all minutes", async () => {
  const { clock, monitor } = await startBoth();
  const log = { requestBytes: 400, responseBytes: 200 } as const;
  const full = {
    ...log,
    method: "POST",
    path: "/score",
    protocol: "HTTP/1.1",
    authType: "Key" as const,
    userAgent: "",
    requestId: "r",
    clientRequestId: "c",
    reason: "",
    modelReason: "",
  };
  monitor.record(NOON + MINUTE, { log: full }, 3);
  clock.advance(5 * MINUTE);
  // Three times 600 bytes in the second of five minutes: 1800 / 60.
  const minutes = await ask(monitor, ENDPOINT, "NetworkBytes", { minutes: 5 });
  expect(minutes.unit).toBe("BytesPerSecond");
  expect(minutes.timeseries[0]?.data?.map(({ average }) => average)).toEqual([
    undefined,
    30,
    undefined,
    undefined,
    undefined,
  ]);
  expect(await values(monitor, ENDPOINT, "NetworkBytes", { minutes: 5, interval: "PT5M" })).toEqual([
    { average: 6 },
  ]);
});

test("counts are totals when no aggregation is asked for, and have the dimensions that Azure gives them", async () => {
  const { monitor } = await startBoth();
  const definitions = await Array.fromAsync(monitor.client.metricDefinitions.list(ML_WORKSPACE.slice(1)));
  const completed = definitions.find(({ name }) => name?.value === "Completed Runs");
  expect(completed).toMatchObject({ primaryAggregationType: "Total", unit: "Count" });
  expect(completed?.dimensions?.map(({ value }) => value)).toEqual([
    "Scenario",
    "RunType",
    "PublishedPipelineId",
    "ComputeType",
    "PipelineStepType",
    "ExperimentName",
  ]);
});

test.each(["Errors", "Unusable Nodes", "CpuUtilizationPercentage", "Agents"])(
  "the metric %s of a workspace is refused by its name: nothing here measures it",
  async (metric) => {
    const { monitor } = await startBoth();
    await expect(ask(monitor, ML_WORKSPACE, metric)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(`The metric '${metric}' is not simulated`),
    });
  },
);

test("an alert on a workspace that does nothing fires for its idle cores, as for any other metric", async () => {
  const { clock, monitor } = await startBoth();
  const rule = await monitor.client.metricAlerts.createOrUpdate("rg-outerloop", "idle", {
    location: "global",
    severity: 3,
    enabled: true,
    scopes: [ML_WORKSPACE],
    evaluationFrequency: "PT1M",
    windowSize: "PT5M",
    criteria: {
      odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
      allOf: [
        {
          criterionType: "StaticThresholdCriterion",
          name: "idle",
          metricName: "Active Cores",
          operator: "LessThan",
          threshold: 1,
          timeAggregation: "Average",
        },
      ],
    },
  });
  clock.advance(5 * MINUTE);
  const status = await monitor.call("GET", `${rule.id}/status?api-version=2018-03-01`);
  expect(await status.json()).toMatchObject({ value: [{ properties: { status: "Unhealthy" } }] });
});
