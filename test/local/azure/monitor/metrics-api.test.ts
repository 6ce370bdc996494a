import { MetricsClient, MetricsQueryClient, type MetricsQueryOptions } from "@azure/monitor-query";
import { beforeEach, describe, expect, test } from "vitest";
import {
  credential,
  ENDPOINT,
  MINUTE,
  ML_WORKSPACE,
  type MonitorFixture,
  NOON,
  startMonitor,
} from "./monitor-fixture.ts";

const NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";
const span = { startTime: new Date(NOON), endTime: new Date(NOON + 10 * MINUTE) };
const OTHER = `${ML_WORKSPACE}/onlineEndpoints/other`;

let fixture: MonitorFixture;
let client: MetricsQueryClient;
let batch: MetricsClient;
beforeEach(async () => {
  fixture = await startMonitor();
  const options = { retryOptions: { maxRetries: 0 }, audience: fixture.origin };
  client = new MetricsQueryClient(credential, { endpoint: fixture.origin, ...options });
  batch = new MetricsClient(fixture.origin, credential, options);
  const { record, clock } = fixture;
  // Blue is asked most and green is slowest; grey is asked nothing.
  record(NOON, {}, 3);
  record(NOON + MINUTE, { deployment: "green", durationMs: 90 }, 1);
  record(NOON + MINUTE, { deployment: "green", statusCode: 500 }, 1);
  record(NOON + 2 * MINUTE, { endpointId: OTHER, deployment: "red" }, 5);
  clock.advance(10 * MINUTE);
});

async function seriesOf(metric: string, options: MetricsQueryOptions) {
  const found = await client.queryResource(ENDPOINT.slice(1), [metric], { timespan: span, ...options });
  return found.metrics[0]?.timeseries ?? [];
}
const namesOf = (series: Awaited<ReturnType<typeof seriesOf>>) =>
  series.map(({ metadataValues = [] }) => metadataValues.map(({ value }) => value).join());

test("lists the one namespace of a resource", async () => {
  expect(await Array.fromAsync(client.listMetricNamespaces(ENDPOINT.slice(1)))).toEqual([
    {
      id: `${ENDPOINT}/providers/microsoft.insights/metricNamespaces/Microsoft.MachineLearningServices-workspaces-onlineEndpoints`,
      type: "Microsoft.Insights/metricNamespaces",
      name: "Microsoft.MachineLearningServices-workspaces-onlineEndpoints",
      classification: "Platform",
      metricNamespaceName: NAMESPACE,
    },
  ]);
});

test("lists the definitions of that namespace, and refuses another", async () => {
  const of = (metricNamespace: string) =>
    Array.fromAsync(client.listMetricDefinitions(ENDPOINT.slice(1), { metricNamespace }));
  expect((await of(NAMESPACE)).map(({ name }) => name)).toContain("RequestsPerMinute");
  await expect(of("Microsoft.Compute/virtualMachines")).rejects.toMatchObject({
    statusCode: 400,
    message: `The parameter 'metricnamespace' is 'Microsoft.Compute/virtualMachines', expected '${NAMESPACE}'.`,
  });
});

describe("the series of a metric", () => {
  const split = { filter: "deployment eq '*'", granularity: "PT10M" } as const;
  test.each([
    { orderBy: "sum desc", names: ["blue", "green"] },
    { orderBy: "sum asc", names: ["green", "blue"] },
    { orderBy: "sum", names: ["green", "blue"] },
    { orderBy: "maximum desc", names: ["blue", "green"] },
  ])("come in the order of $orderBy", async ({ orderBy, names }) => {
    expect(namesOf(await seriesOf("RequestsPerMinute", { ...split, granularity: "PT5M", orderBy }))).toEqual(
      names,
    );
  });

  test("are cut off after they are ordered", async () => {
    const options = { ...split, granularity: "PT5M", orderBy: "average desc", top: 1 };
    expect(namesOf(await seriesOf("RequestLatency", options))).toEqual(["green"]);
  });

  test("are one for all the values of a dimension that is rolled up", async () => {
    const options = {
      filter: "deployment eq '*' and statusCodeClass eq '*'",
      granularity: "PT15M",
      aggregations: ["Total"] as const,
    };
    const totals = async (more: MetricsQueryOptions) => {
      const found = await seriesOf("RequestsPerMinute", { ...options, aggregations: ["Total"], ...more });
      return found.map(({ metadataValues = [], data = [] }) => [
        ...metadataValues.map(({ value }) => value),
        data[0]?.total,
      ]);
    };
    expect(await totals({ rollUpBy: "statusCodeClass" })).toEqual([
      ["blue", 3],
      ["green", 2],
    ]);
    expect(await totals({ rollUpBy: "deployment,statusCodeClass" })).toEqual([[5]]);
    expect(
      await totals({ filter: "deployment eq 'green' or deployment eq 'grey'", rollUpBy: "deployment" }),
    ).toEqual([[2]]);
  });

  test("are only the values of their dimensions when no data is asked for", async () => {
    const [first] = await seriesOf("RequestsPerMinute", {
      filter: "deployment eq 'blue'",
      resultType: "Metadata",
    });
    expect(first).toEqual({ data: undefined, metadataValues: [expect.objectContaining({ value: "blue" })] });
  });

  test.each([
    { options: { orderBy: "median asc" }, message: "The parameter 'orderby' is 'median asc', expected sum" },
    {
      options: { orderBy: "sum asc, count desc" },
      message: "The parameter 'orderby' is 'sum asc, count desc'",
    },
    {
      options: { rollUpBy: "deployment" },
      message: "The parameter 'rollupby' names 'deployment', expected dimensions",
    },
    { options: { metricNamespace: "Other" }, message: "The parameter 'metricnamespace' is 'Other'" },
  ])("are refused when $message", async ({ options, message }) => {
    await expect(seriesOf("RequestsPerMinute", options)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(message),
    });
  });
});

describe("a batch", () => {
  test("answers each resource as it would be answered alone", async () => {
    const found = await batch.queryResources([ENDPOINT, OTHER], ["RequestsPerMinute"], NAMESPACE, {
      startTime: span.startTime,
      endTime: span.endTime,
      interval: "PT15M",
      aggregation: "Total",
      filter: "deployment eq '*'",
    });
    expect(found).toMatchObject([
      { resourceId: ENDPOINT, namespace: NAMESPACE, resourceRegion: "westeurope", granularity: "PT15M" },
      { resourceId: OTHER },
    ]);
    const totals = found.map(({ metrics }) =>
      metrics[0]?.timeseries.map(({ data = [] }) => data.map(({ total }) => total)),
    );
    expect(totals).toEqual([[[3], [2]], [[5]]]);
  });

  test("is about the last hour when it says nothing", async () => {
    const [found] = await batch.queryResources([ENDPOINT], ["RequestsPerMinute"], NAMESPACE);
    expect(found?.timespan).toEqual({
      startTime: new Date(NOON - 50 * MINUTE),
      endTime: new Date(NOON + 10 * MINUTE),
    });
  });

  const foreign = ENDPOINT.replace(
    /subscriptions\/[^/]+/,
    "subscriptions/00000000-0000-0000-0000-000000000009",
  );
  test.each([
    {
      what: "a resource of another subscription",
      resources: [ENDPOINT, foreign],
      message: "expected resources of subscription",
    },
    {
      what: "51 resources",
      resources: Array(51).fill(ENDPOINT),
      message: "The field 'resourceids' is invalid",
    },
    {
      what: "a resource without metrics",
      resources: [`${ML_WORKSPACE}/jobs/j`],
      message: "No metrics are simulated",
    },
    {
      what: "a resource of another type",
      resources: [ML_WORKSPACE],
      message: "The parameter 'metricnamespace' is",
    },
  ])("with $what is refused", async ({ resources, message }) => {
    await expect(batch.queryResources(resources, ["RequestsPerMinute"], NAMESPACE)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(message),
    });
  });
});
