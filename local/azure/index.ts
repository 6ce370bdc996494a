/** The simulated Azure: every service that the product calls, speaking the real protocols, on loopback only. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { type BrokerConfig, startBroker } from "./broker/index.ts";
import { blobWriter } from "./event-grid/blob-writer.ts";
import { createEventGrid } from "./event-grid/index.ts";
import { Faults } from "./faults/faults.ts";
import { faultsService } from "./faults/index.ts";
import { ensureCertificates } from "./front/certificates.ts";
import { startFront } from "./front/index.ts";
import { createIdentity } from "./identity/index.ts";
import { createMachineLearning, type MachineLearningOptions } from "./machine-learning/index.ts";
import { createMailbox } from "./mailbox/index.ts";
import { createMonitor } from "./monitor/index.ts";
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
  readonly serviceBusConnectionString: string;
  readonly eventHubsConnectionString: string;
  readonly storageConnectionString: string;
  /** ARM id of the one workspace. */
  readonly workspaceId: string;
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
const WORKSPACE_ID =
  `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}` +
  `/providers/Microsoft.MachineLearningServices/workspaces/${WORKSPACE}`;

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
    serviceBusConnectionString: broker.serviceBusConnectionString,
    eventHubsConnectionString: broker.eventHubsConnectionString,
    storageConnectionString: storage.connectionString,
    workspaceId: WORKSPACE_ID,
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
}

/** Makes the HTTP services, in the order in which they need each other, and opens the front to them. */
async function addServices(
  services: Service[],
  { data, clock = systemClock, log = () => {}, retryScale = 1, ...options }: AzureOptions,
  { origin, caFile, faults, storageConnectionString }: Started,
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
  const monitor = createMonitor({ data, clock, authenticate, location: LOCATION });
  const mailbox = createMailbox({ data, clock, authenticate });
  services.push(monitor.service, mailbox);
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
    workspaces: [WORKSPACE],
    raise,
    record,
    authenticate,
    origin: () => origin,
    // Jobs of Node start in half the time when their compiled code is kept.
    jobEnvironment: {
      NODE_EXTRA_CA_CERTS: caFile,
      NODE_COMPILE_CACHE: path.join(data, "node-compile-cache"),
    },
    log,
  });
  services.unshift(...machineLearning.services);
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
  return { ...identity, teamsWebhookPath: mailbox.teamsWebhookPath };
}
