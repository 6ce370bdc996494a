/** The simulated Azure: every service that the product calls, speaking the real protocols, on loopback only. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { type BrokerConfig, startBroker } from "./broker/index.ts";
import { createContainerRegistry } from "./container-registry/index.ts";
import { createCostManagement } from "./cost-management/index.ts";
import { createDelivery } from "./delivery/index.ts";
import { blobWriter } from "./event-grid/blob-writer.ts";
import { createEventGrid } from "./event-grid/index.ts";
import { Faults } from "./faults/faults.ts";
import { faultsService } from "./faults/index.ts";
import { ensureCertificates } from "./front/certificates.ts";
import { startFront } from "./front/index.ts";
import { guidOf } from "./guid.ts";
import { createIdentity } from "./identity/index.ts";
import { createMachineLearning, type MachineLearningOptions } from "./machine-learning/index.ts";
import { createMailbox } from "./mailbox/index.ts";
import { createHubSender } from "./monitor/diagnostics/hub-sender.ts";
import { createMonitor, type EventHubs } from "./monitor/index.ts";
import { createPolicyInsights } from "./policy-insights/index.ts";
import { createResourceGraph } from "./resource-graph/index.ts";
import type { RaiseEvent, RecordRequest, Service, UsageIn } from "./service.ts";
import { withPortAdvice } from "./start-error.ts";
import { startStorage } from "./storage/index.ts";

export { AzureStartError } from "./start-error.ts";

export interface AzureOptions {
  /** Of all HTTP services; 0 takes a free one, as for the others. */
  readonly port: number;
  /** Of Service Bus and Event Hubs. */
  readonly amqpPort: number;
  /** Of blobs; tables are two ports above it. */
  readonly storagePort: number;
  /** Folder that keeps everything. Made when missing; what it holds survives kill -9. */
  readonly data: string;
  readonly clock?: Clock;
  readonly log?: (level: "info" | "warn" | "error", message: string) => void;
  /** Factor on the waits between Event Grid's attempts; 1 is Azure's schedule. */
  readonly retryScale?: number;
  /** How long operations of Azure Machine Learning take. */
  readonly machineLearning?: Pick<MachineLearningOptions, "provisioning" | "retryAfterSeconds" | "takeFault">;
  /** More services behind the same port. They are stopped with the others. */
  readonly services?: (context: AzureContext) => Service[];
}

/** What a further service may use of the others. */
export interface AzureContext {
  /** `https://localhost:PORT` */
  readonly origin: string;
  readonly data: string;
  readonly clock: Clock;
  readonly workspaceId: string;
  readonly raise: RaiseEvent;
  readonly record: RecordRequest;
  readonly usage: UsageIn;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
}

export interface Azure {
  /** `https://localhost:PORT`; clients trust it by `NODE_EXTRA_CA_CERTS=caFile`. */
  readonly origin: string;
  /** The same services without TLS. */
  readonly httpOrigin: string;
  readonly caFile: string;
  /** `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` of the app. */
  readonly identityEndpoint: string;
  readonly identityHeader: string;
  /** People sign in at `{origin}/{tenantId}/v2.0`, to the app that these are of. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where a Teams workflow takes Adaptive Cards; what it is sent is in the mailbox. */
  readonly teamsWebhookUrl: string;
  /** `baseUrl` of GitHub's clients; its repository is `outerloop/models`. */
  readonly githubApiUrl: string;
  readonly githubToken: string;
  /** Organization and project of Azure DevOps: `_apis` is below it. The token is a personal access token. */
  readonly devOpsUrl: string;
  readonly devOpsToken: string;
  readonly serviceBusConnectionString: string;
  readonly eventHubsConnectionString: string;
  readonly storageConnectionString: string;
  /** ARM id of the workspace that does for all stages. */
  readonly workspaceId: string;
  /** ARM ids of the workspaces that are for one stage each. */
  readonly stageWorkspaces: typeof STAGE_WORKSPACES;
  /** ARM id of the one container registry; its data plane is at `origin`. */
  readonly registryId: string;
  /** The id by which queries name the Log Analytics workspace. */
  readonly logsWorkspaceId: string;
  readonly port: number;
  readonly amqpPort: number;
  readonly blobPort: number;
  readonly tablePort: number;
  stats(): Record<string, number>;
  stop(): Promise<void>;
}

const SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000001";
const RESOURCE_GROUP = "rg-outerloop";
const WORKSPACE = "mlw-outerloop";
const LOCATION = "westeurope";
const WORKSPACES_ID =
  `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}` +
  "/providers/Microsoft.MachineLearningServices/workspaces";
const WORKSPACE_ID = `${WORKSPACES_ID}/${WORKSPACE}`;
/** One for each stage of a model's way, beside the one that does for all of them. */
const STAGE_WORKSPACES = {
  development: `${WORKSPACES_ID}/${WORKSPACE}-development`,
  staging: `${WORKSPACES_ID}/${WORKSPACE}-staging`,
  production: `${WORKSPACES_ID}/${WORKSPACE}-production`,
} as const;

const REGISTRY_ID =
  `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}` +
  "/providers/Microsoft.ContainerRegistry/registries/crouterloop";
/** The one Log Analytics workspace; queries name it by its `customerId`. */
const LOG_ANALYTICS = {
  id: `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-outerloop`,
  customerId: "00000000-0000-0000-0000-00000000000d",
};
/** Who Cost Management writes as. */
const BUDGET_SENDER = "azure-noreply@microsoft.com";

/** The entities that the deployment makes in Azure. */
const BROKER_CONFIG: BrokerConfig = {
  queues: [
    {
      name: "signals",
      properties: {
        RequiresSession: true,
        RequiresDuplicateDetection: true,
        DuplicateDetectionHistoryTimeWindow: "PT10M",
        LockDuration: "PT1M",
        MaxDeliveryCount: 10,
      },
    },
  ],
  eventHubs: [
    { name: "endpoint-traffic", partitionCount: 2 },
    { name: "outerloop-events", partitionCount: 1 },
  ],
};

/** Until all services are there, callers are told to come back. */
const STARTING: Service = {
  name: "starting",
  handle: async () => ({
    status: 503,
    headers: { "retry-after": "1" },
    body: { error: { code: "ServerBusy", message: "The simulated Azure is starting." } },
  }),
};

/**
 * Starts the simulated Azure.
 *
 * @throws {AzureStartError} when a port is taken, naming the port and the flag; nothing is left running then
 */
export async function startAzure(options: AzureOptions): Promise<Azure> {
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async () => {
    // Last started, first stopped: a part never outlives one that it needs.
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    // Absolute, because clients and jobs in other folders are given paths in it.
    return await start({ ...options, data: path.resolve(options.data) }, stops, stopAll);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function start(
  options: AzureOptions,
  stops: (() => Promise<void>)[],
  stopAll: () => Promise<void>,
): Promise<Azure> {
  const { data, clock = systemClock, log = () => {} } = options;
  await mkdir(data, { recursive: true });
  const at = (name: string) => path.join(data, name);

  const faults = new Faults(at("faults.sqlite"), clock);
  stops.push(async () => faults.stop());
  const broker = await withPortAdvice(
    "The AMQP broker",
    options.amqpPort,
    "--amqp-port",
    startBroker({ port: options.amqpPort, file: at("broker.sqlite"), config: BROKER_CONFIG, clock, log }),
  );
  stops.push(() => broker.stop());
  const sender = createHubSender(broker.eventHubsConnectionString);
  stops.push(() => sender.stop());
  const eventHubs = {
    names: BROKER_CONFIG.eventHubs?.map(({ name }) => name) ?? [],
    publish: sender.publish,
  };
  const storage = await withPortAdvice(
    "Storage (this port and the two above it)",
    options.storagePort,
    "--storage-port",
    startStorage({
      port: options.storagePort,
      data: at("storage"),
      clock,
      log: (message) => log("error", message),
      faults,
    }),
  );
  stops.push(() => storage.stop());

  const services: Service[] = [STARTING];
  // Before the front in `stops`, hence stopped after it: no request comes while they stop.
  stops.push(async () => {
    for (const service of services.splice(0)) await service.stop?.();
  });
  const tls = await ensureCertificates(at("tls"), clock.now());
  const moreStats = () => ({ ...storage.stats(), ...broker.stats() });
  const front = await withPortAdvice(
    "The HTTP front",
    options.port,
    "--azure-port",
    startFront({ port: options.port, tls, services, moreStats, log, faults }),
  );
  stops.push(() => front.stop());

  const origin = `https://localhost:${front.port}`;
  const { caFile } = tls;
  const added = await addServices(services, options, {
    origin,
    caFile,
    faults,
    storageConnectionString: storage.connectionString,
    eventHubs,
  });
  const { identityHeader, endpointPath, tenantId, app } = added;
  const httpOrigin = `http://127.0.0.1:${front.port}`;
  return {
    origin,
    httpOrigin,
    caFile,
    identityEndpoint: `${httpOrigin}${endpointPath}`,
    identityHeader,
    tenantId,
    clientId: app.clientId,
    clientSecret: app.clientSecret,
    teamsWebhookUrl: `${origin}${added.teamsWebhookPath}`,
    githubApiUrl: `${origin}/github-api`,
    githubToken: added.delivery.githubToken,
    devOpsUrl: `${origin}/outerloop/models`,
    devOpsToken: added.delivery.devOpsToken,
    serviceBusConnectionString: broker.serviceBusConnectionString,
    eventHubsConnectionString: broker.eventHubsConnectionString,
    storageConnectionString: storage.connectionString,
    workspaceId: WORKSPACE_ID,
    stageWorkspaces: STAGE_WORKSPACES,
    registryId: REGISTRY_ID,
    logsWorkspaceId: LOG_ANALYTICS.customerId,
    port: front.port,
    amqpPort: broker.port,
    blobPort: storage.blobPort,
    tablePort: storage.tablePort,
    stats: () => front.stats(),
    stop: stopAll,
  };
}

interface Started {
  readonly origin: string;
  readonly caFile: string;
  readonly faults: Faults;
  readonly storageConnectionString: string;
  readonly eventHubs: EventHubs;
}

/** Makes the HTTP services, in the order in which they need each other, and opens the front to them. */
async function addServices(
  services: Service[],
  { data, clock = systemClock, log = () => {}, retryScale = 1, ...options }: AzureOptions,
  { origin, caFile, faults, storageConnectionString, eventHubs }: Started,
) {
  const identity = await createIdentity({ data, clock });
  const { authenticate } = identity;
  const eventGrid = createEventGrid({
    data,
    clock,
    authenticate,
    retryScale,
    log,
    strike: faults.strikeEvent,
    writeBlob: blobWriter(storageConnectionString),
  });
  services.push(faultsService(faults), identity.service, eventGrid.service);
  const monitor = createMonitor({
    data,
    clock,
    authenticate,
    location: LOCATION,
    retryScale,
    logAnalytics: LOG_ANALYTICS,
    workspaceGuid: guidOf,
    eventHubs,
    log,
  });
  const mailbox = createMailbox({ data, clock, authenticate });
  const delivery = createDelivery({ data, clock, authenticate, origin: () => origin });
  services.push(monitor.service, mailbox, delivery.service);
  const { raise } = eventGrid;
  const { record } = monitor;
  // In front of those that it raises and records by: services stop in this order.
  const machineLearning = createMachineLearning({
    takeFault: faults.take,
    ...options.machineLearning,
    data: path.join(data, "machine-learning"),
    clock,
    subscriptionId: SUBSCRIPTION_ID,
    resourceGroup: RESOURCE_GROUP,
    location: LOCATION,
    workspaces: [WORKSPACE, ...Object.keys(STAGE_WORKSPACES).map((stage) => `${WORKSPACE}-${stage}`)],
    raise,
    record,
    authenticate,
    origin: () => origin,
    jobEnvironment: { NODE_EXTRA_CA_CERTS: caFile },
    log,
  });
  services.unshift(...machineLearning.services);
  services.unshift(
    createContainerRegistry({
      data,
      clock,
      registryId: REGISTRY_ID,
      location: LOCATION,
      authenticate,
      raise,
      log,
    }),
    createResourceGraph({
      data,
      clock,
      subscriptionId: SUBSCRIPTION_ID,
      registryId: REGISTRY_ID,
      authenticate,
    }),
    createPolicyInsights({ data, clock, location: LOCATION, authenticate, raise }),
  );
  const costManagement = createCostManagement({
    data,
    clock,
    authenticate,
    location: LOCATION,
    usage: machineLearning.usage,
    notify: monitor.notify,
    hasActionGroup: monitor.hasActionGroup,
    mail: (mail) => mailbox.deliver({ ...mail, from: BUDGET_SENDER, html: "" }),
  });
  // Before those that it asks and tells.
  services.unshift(costManagement);
  const context: AzureContext = {
    origin,
    data,
    clock,
    workspaceId: WORKSPACE_ID,
    raise,
    record,
    usage: machineLearning.usage,
    authenticate,
  };
  services.unshift(...(options.services?.(context) ?? []));
  services.splice(services.indexOf(STARTING), 1);
  return { ...identity, teamsWebhookPath: mailbox.teamsWebhookPath, delivery };
}
