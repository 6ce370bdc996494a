import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ConsumptionManagementClient } from "@azure/arm-consumption";
import { EventGridManagementClient } from "@azure/arm-eventgrid";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { MonitorClient } from "@azure/arm-monitor";
import { ResourceGraphClient } from "@azure/arm-resourcegraph";
import { EmailClient } from "@azure/communication-email";
import { ContainerRegistryContentClient } from "@azure/container-registry";
import { TableClient } from "@azure/data-tables";
import { EventHubConsumerClient, EventHubProducerClient } from "@azure/event-hubs";
import { ServiceBusClient } from "@azure/service-bus";
import { BlobServiceClient } from "@azure/storage-blob";
import { request } from "@octokit/request";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityToken } from "../../../local/system/resource-manager.ts";
import { end, type Ready, startProcess } from "./azure-process.ts";
import { GROUP, SUBSCRIPTION } from "./cloud.ts";
import { messageOf, POINT } from "./teams/cards.ts";

/** One thing that the stand-in keeps: written by who would write it, and found again by who would look for it. */
interface Kept {
  readonly store: string;
  /** Resolves with the acknowledgement, and with what is needed to find it again. */
  write(azure: Ready): Promise<unknown>;
  found(azure: Ready, written: unknown): Promise<unknown>;
  readonly expected: unknown;
}

const WORKSPACE = [GROUP, "mlw-outerloop"] as const;
const credential = (azure: Ready) => ({
  getToken: async () => ({ token: await identityToken(azure), expiresOnTimestamp: Date.now() + 3_600_000 }),
});
const manager = <C>(
  azure: Ready,
  Client: new (credential: never, subscription: string, options: { endpoint: string }) => C,
) => new Client(credential(azure) as never, SUBSCRIPTION, { endpoint: azure.origin });

const json = async (url: string, init: RequestInit = {}) => {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`);
  const text = await answer.text();
  return text === "" ? undefined : JSON.parse(text);
};
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  json(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

const workspaceOf = (azure: Ready) => manager(azure, AzureMachineLearningWorkspaces);
const registryOf = (azure: Ready) =>
  new ContainerRegistryContentClient(azure.origin, "weather", credential(azure));
const octokit = ({ githubApiUrl: baseUrl, githubToken }: Ready) =>
  request.defaults({ baseUrl, headers: { authorization: `Bearer ${githubToken}` } });
const REPOSITORY = { owner: "outerloop", repo: "models" };
const devOps = ({ devOpsToken }: Ready) => ({
  authorization: `Basic ${Buffer.from(`:${devOpsToken}`).toString("base64")}`,
});
const tableOf = ({ storageConnectionString }: Ready) =>
  TableClient.fromConnectionString(storageConnectionString, "models", { allowInsecureConnection: true });
const containerOf = ({ storageConnectionString }: Ready) =>
  BlobServiceClient.fromConnectionString(storageConnectionString).getContainerClient("bodies");
const now = new Date();
const budget = {
  category: "Cost" as const,
  amount: 500,
  timeGrain: "Monthly" as const,
  // A budget may not begin in a month that is over.
  timePeriod: { startDate: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)) },
};
const BUDGET_SCOPE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`;
const DIGEST = `sha256:${"a".repeat(64)}`;

const KEPT: readonly Kept[] = [
  {
    store: "machine learning: a model's version",
    write: (azure) =>
      workspaceOf(azure).modelVersions.createOrUpdate(...WORKSPACE, "weather", "7", {
        properties: { modelUri: "azureml://datastores/d/paths/m", modelType: "custom_model" },
      }),
    found: (azure) => workspaceOf(azure).modelVersions.get(...WORKSPACE, "weather", "7"),
    expected: { name: "7" },
  },
  {
    store: "monitor: an action group",
    write: (azure) =>
      manager(azure, MonitorClient).actionGroups.createOrUpdate(GROUP, "on-duty", {
        location: "global",
        groupShortName: "on-duty",
        enabled: true,
      }),
    found: (azure) => manager(azure, MonitorClient).actionGroups.get(GROUP, "on-duty"),
    expected: { name: "on-duty" },
  },
  {
    store: "event grid: a system topic",
    write: (azure) =>
      manager(azure, EventGridManagementClient).systemTopics.beginCreateOrUpdateAndWait(
        GROUP,
        "ml",
        {
          location: "westeurope",
          source: azure.workspaceId,
          topicType: "Microsoft.MachineLearningServices.Workspaces",
        },
        { updateIntervalInMs: 1 },
      ),
    found: (azure) => manager(azure, EventGridManagementClient).systemTopics.get(GROUP, "ml"),
    expected: { name: "ml" },
  },
  {
    store: "cost management: a budget",
    write: (azure) =>
      manager(azure, ConsumptionManagementClient).budgets.createOrUpdate(BUDGET_SCOPE, "monthly", budget),
    found: (azure) => manager(azure, ConsumptionManagementClient).budgets.get(BUDGET_SCOPE, "monthly"),
    expected: { amount: 500 },
  },
  {
    store: "container registry: an image",
    async write(azure) {
      const registry = registryOf(azure);
      const mediaType = "application/vnd.oci.image.config.v1+json";
      const config = await registry.uploadBlob(Buffer.from("{}"));
      const manifest = {
        schemaVersion: 2 as const,
        mediaType: "application/vnd.oci.image.manifest.v1+json" as const,
        config: { mediaType, digest: config.digest, size: config.sizeInBytes },
        layers: [],
      };
      return (await registry.setManifest(manifest, { tag: "7" })).digest;
    },
    found: async (azure, digest) => (await registryOf(azure).getManifest("7")).digest === digest,
    expected: true,
  },
  {
    store: "resource graph: a finding",
    write: ({ httpOrigin }) =>
      post(`${httpOrigin}/_findings`, {
        repository: "weather",
        digest: DIGEST,
        cve: "CVE-2022-42969",
        severity: "High",
        package: "py",
      }),
    found: (azure) =>
      new ResourceGraphClient(credential(azure), { endpoint: azure.origin }).resources({
        query: 'securityresources | where type endswith "subassessments"',
        subscriptions: [SUBSCRIPTION],
      }),
    expected: { count: 1 },
  },
  {
    store: "policy insights: a state",
    write: ({ httpOrigin, workspaceId }) =>
      post(`${httpOrigin}/_policy-states`, {
        resourceId: workspaceId,
        policyAssignmentId: "/providers/a",
        policyDefinitionId: "/providers/d",
        complianceState: "NonCompliant",
      }),
    found: ({ httpOrigin }) => json(`${httpOrigin}/_policy-states`),
    expected: { value: [{ complianceState: "NonCompliant" }] },
  },
  {
    store: "resource notifications: the health of a resource",
    write: ({ httpOrigin, workspaceId: resourceId }) =>
      post(`${httpOrigin}/_availability`, { resourceId, availabilityState: "Degraded" }),
    found: ({ httpOrigin }) => json(`${httpOrigin}/_availability`),
    expected: { value: [{ availabilityState: "Degraded" }] },
  },
  {
    store: "mailbox: a mail",
    write: (azure) =>
      new EmailClient(azure.origin, credential(azure)).beginSend({
        senderAddress: "outerloop@example.com",
        recipients: { to: [{ address: "approver@example.com" }] },
        content: { subject: "Approve", plainText: "please" },
      }),
    found: ({ httpOrigin }) => json(`${httpOrigin}/mailbox.json`),
    expected: [{ subject: "Approve" }],
  },
  {
    store: "teams: a card",
    write: ({ teamsWebhookUrl }) =>
      post(
        teamsWebhookUrl,
        messageOf({
          type: "AdaptiveCard",
          version: "1.4",
          body: [{ type: "Image", url: POINT, altText: "a point" }],
        }),
      ),
    found: ({ httpOrigin }) => json(`${httpOrigin}/mailbox/cards.json`),
    expected: [{ card: { body: [{ altText: "a point" }] } }],
  },
  {
    store: "github: an issue",
    write: (azure) => octokit(azure)("POST /repos/{owner}/{repo}/issues", { ...REPOSITORY, title: "Drift" }),
    found: async (azure) => (await octokit(azure)("GET /repos/{owner}/{repo}/issues", REPOSITORY)).data,
    expected: [{ number: 1, title: "Drift" }],
  },
  {
    store: "azure devops: a work item",
    write: (azure) =>
      json(`${azure.devOpsUrl}/_apis/wit/workitems/$Bug?api-version=7.1`, {
        method: "POST",
        headers: { ...devOps(azure), "content-type": "application/json-patch+json" },
        body: JSON.stringify([{ op: "add", path: "/fields/System.Title", value: "Drift" }]),
      }),
    found: (azure) =>
      json(`${azure.devOpsUrl}/_apis/wit/workitems/1?api-version=7.1`, { headers: devOps(azure) }),
    expected: { fields: { "System.Title": "Drift" } },
  },
  {
    store: "identity: the keys that tokens are signed with",
    write: (azure) => identityToken(azure),
    found: ({ httpOrigin, workspaceId }, token) =>
      json(`${httpOrigin}${workspaceId}?api-version=2022-10-01`, {
        headers: { authorization: `Bearer ${String(token)}` },
      }),
    expected: { name: "mlw-outerloop" },
  },
  {
    store: "faults: an armed one",
    write: ({ httpOrigin }) => post(`${httpOrigin}/_faults`, { job: "never", message: "The node is gone." }),
    found: ({ httpOrigin }) => json(`${httpOrigin}/_faults`),
    expected: { value: [{ state: "armed" }] },
  },
  {
    store: "broker: a message in a queue",
    async write({ serviceBusConnectionString }) {
      const client = new ServiceBusClient(serviceBusConnectionString);
      await client
        .createSender("signals")
        .sendMessages({ body: { n: 1 }, sessionId: "weather", messageId: "1" });
      return client;
    },
    async found({ serviceBusConnectionString }, sender) {
      if (sender instanceof ServiceBusClient) await sender.close().catch(() => {});
      const client = new ServiceBusClient(serviceBusConnectionString);
      const [message] = await (await client.acceptSession("signals", "weather")).receiveMessages(1);
      await client.close();
      return message?.body;
    },
    expected: { n: 1 },
  },
  {
    store: "broker: an event in a hub",
    async write({ eventHubsConnectionString }) {
      const client = new EventHubProducerClient(eventHubsConnectionString, "outerloop-events");
      await client.sendBatch([{ body: { n: 1 } }]);
      return client;
    },
    async found({ eventHubsConnectionString }, producer) {
      if (producer instanceof EventHubProducerClient) await producer.close().catch(() => {});
      const client = new EventHubConsumerClient("$Default", eventHubsConnectionString, "outerloop-events");
      const { beginningSequenceNumber, lastEnqueuedSequenceNumber } =
        await client.getPartitionProperties("0");
      await client.close();
      return lastEnqueuedSequenceNumber - beginningSequenceNumber;
    },
    expected: 0,
  },
  {
    store: "storage: an entity",
    async write(azure) {
      await tableOf(azure).createTable();
      await tableOf(azure).createEntity({ partitionKey: "weather", rowKey: "7", phase: "serving" });
    },
    found: (azure) => tableOf(azure).getEntity("weather", "7"),
    expected: { phase: "serving" },
  },
  {
    store: "storage: a blob",
    async write(azure) {
      await containerOf(azure).create();
      await containerOf(azure).getBlockBlobClient("a").upload("hello", 5);
    },
    found: async (azure) => String(await containerOf(azure).getBlockBlobClient("a").downloadToBuffer()),
    expected: "hello",
  },
];

let data: string;
let running: { child: ChildProcess; ready: Ready };

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "azure-kill-"));
  running = await startProcess(data);
  setDefaultCACertificates([...getCACertificates("default"), await readFile(running.ready.caFile, "utf8")]);
});
afterAll(async () => {
  await end(running.child, "SIGKILL");
  await rm(data, { recursive: true });
});

test.each(KEPT)(
  "what was acknowledged survives kill -9: $store",
  async ({ write, found, expected }) => {
    const written = await write(running.ready);
    await end(running.child, "SIGKILL");
    running = await startProcess(data);
    const read = await found(running.ready, written);
    if (typeof expected === "object") expect(read).toMatchObject(expected as object);
    else expect(read).toBe(expected);
  },
  60_000,
);
