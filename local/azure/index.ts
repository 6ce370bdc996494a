/** The simulated Azure: every service that the product calls, speaking the real protocols, on loopback only. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "../clock.ts";
import { type BrokerConfig, startBroker } from "./broker/index.ts";
import { Faults } from "./faults/faults.ts";
import { ensureCertificates } from "./front/certificates.ts";
import { startFront } from "./front/index.ts";
import { createIdentity } from "./identity/index.ts";
import { ensureKeys } from "./identity/keys.ts";
import { createHubSender } from "./monitor/diagnostics/hub-sender.ts";
import { LOG_ANALYTICS, REGISTRY_ID, STAGE_WORKSPACES, WORKSPACE_ID } from "./names.ts";
import type { Service } from "./service.ts";
import { addServices, type ServiceOptions } from "./services.ts";
import { withPortAdvice } from "./start-error.ts";
import { startStorage } from "./storage/index.ts";

export { readEmulatorConfig } from "./broker/emulator-config.ts";
export { AzureStartError } from "./start-error.ts";

export interface AzureOptions extends ServiceOptions {
  /** Of all HTTP services; 0 takes a free one, as for the others. */
  readonly port: number;
  /** Of Service Bus and Event Hubs. */
  readonly amqpPort: number;
  /** Of blobs; tables are two ports above it. */
  readonly storagePort: number;
  /** What the broker serves beside the entities of the product. */
  readonly entities?: BrokerConfig;
  /** Told where everything is as soon as all ports are open. What is asked before all services are there, waits for them. */
  readonly onListening?: (addresses: AzureAddresses) => void;
}

/** What an app needs to know. */
export interface AzureAddresses {
  /** `https://localhost:PORT`; clients trust it by `NODE_EXTRA_CA_CERTS=caFile`. */
  readonly origin: string;
  /** The same services without TLS. */
  readonly httpOrigin: string;
  readonly caFile: string;
  /** `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` of the app. */
  readonly identityEndpoint: string;
  readonly identityHeader: string;
  readonly serviceBusConnectionString: string;
  readonly eventHubsConnectionString: string;
  readonly storageConnectionString: string;
  /** ARM id of the workspace that does for all stages. */
  readonly workspaceId: string;
  /** ARM id of the one container registry; its data plane is at `origin`. */
  readonly registryId: string;
}

export interface Azure extends AzureAddresses {
  /** People sign in at `{origin}/{tenantId}/v2.0`, to the app that these are of. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of Communication Services, for clients that sign with its access key in place of a token. */
  readonly emailConnectionString: string;
  /** Where a Teams workflow takes Adaptive Cards; what it is sent is in the mailbox. */
  readonly teamsWebhookUrl: string;
  /** `baseUrl` of GitHub's clients; its repository is `outerloop/models`. */
  readonly githubApiUrl: string;
  readonly githubToken: string;
  /** Organization and project of Azure DevOps: `_apis` is below it. The token is a personal access token. */
  readonly devOpsUrl: string;
  readonly devOpsToken: string;
  /** ARM ids of the workspaces that are for one stage each. */
  readonly stageWorkspaces: typeof STAGE_WORKSPACES;
  /** The id by which queries name the Log Analytics workspace. */
  readonly logsWorkspaceId: string;
  readonly port: number;
  readonly amqpPort: number;
  readonly blobPort: number;
  readonly tablePort: number;
  stats(): Record<string, number>;
  stop(): Promise<void>;
}

/** The entities that the deployment makes in Azure. */
const BROKER_CONFIG = {
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
} satisfies BrokerConfig;

/** The product's entities, and an app's own. */
const withEntities = ({ queues = [], topics = [], eventHubs = [] }: BrokerConfig = {}) => ({
  queues: [...BROKER_CONFIG.queues, ...queues],
  topics,
  eventHubs: [...BROKER_CONFIG.eventHubs, ...eventHubs],
});

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
  // Keys are made beside everything else: nobody waits for them alone.
  const secrets = Promise.all([ensureCertificates(at("tls"), clock.now()), ensureKeys(data)]);
  // A start that failed meanwhile leaves nobody writing.
  const settled = Promise.allSettled([secrets]);
  stops.push(async () => void (await settled));

  const faults = new Faults(at("faults.sqlite"), clock);
  stops.push(async () => faults.stop());
  const entities = withEntities(options.entities);
  const broker = await withPortAdvice(
    "The AMQP broker",
    options.amqpPort,
    "--amqp-port",
    startBroker({ port: options.amqpPort, file: at("broker.sqlite"), config: entities, clock, log }),
  );
  stops.push(() => broker.stop());
  const sender = createHubSender(broker.eventHubsConnectionString);
  stops.push(() => sender.stop());
  const eventHubs = {
    names: entities.eventHubs.map(({ name }) => name),
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

  const services: Service[] = [];
  // Before the front in `stops`, hence stopped after it: no request comes while they stop.
  stops.push(async () => {
    for (const service of services.splice(0)) await service.stop?.();
  });
  const [tls, keys] = await secrets;
  const identity = await createIdentity({ data, clock });
  services.push(identity.service);
  const moreStats = () => ({ ...storage.stats(), ...broker.stats() });
  const { promise: whenReady, resolve: isReady } = Promise.withResolvers<void>();
  const front = await withPortAdvice(
    "The HTTP front",
    options.port,
    "--azure-port",
    startFront({ port: options.port, tls, services, whenReady, moreStats, log, faults }),
  );
  stops.push(() => front.stop());

  const httpOrigin = `http://127.0.0.1:${front.port}`;
  const addresses: AzureAddresses = {
    origin: `https://localhost:${front.port}`,
    httpOrigin,
    caFile: tls.caFile,
    identityEndpoint: `${httpOrigin}${identity.endpointPath}`,
    identityHeader: identity.identityHeader,
    serviceBusConnectionString: broker.serviceBusConnectionString,
    eventHubsConnectionString: broker.eventHubsConnectionString,
    storageConnectionString: storage.connectionString,
    workspaceId: WORKSPACE_ID,
    registryId: REGISTRY_ID,
  };
  options.onListening?.(addresses);
  const { origin } = addresses;
  // The resource has keys of its own; here one that follows from the others, hence the same after a restart.
  const emailAccessKey = Buffer.from(keys.clientSecret("communication-services"), "base64url").toString(
    "base64",
  );
  const started = { ...addresses, identity, faults, eventHubs, emailAccessKey };
  const added = await addServices(services, options, started);
  isReady();
  return {
    ...addresses,
    tenantId: identity.tenantId,
    clientId: identity.app.clientId,
    clientSecret: identity.app.clientSecret,
    emailConnectionString: `endpoint=${origin}/;accesskey=${emailAccessKey}`,
    teamsWebhookUrl: `${origin}${added.teamsWebhookPath}`,
    githubApiUrl: `${origin}/github-api`,
    githubToken: added.delivery.githubToken,
    devOpsUrl: `${origin}/outerloop/models`,
    devOpsToken: added.delivery.devOpsToken,
    stageWorkspaces: STAGE_WORKSPACES,
    logsWorkspaceId: LOG_ANALYTICS.customerId,
    port: front.port,
    amqpPort: broker.port,
    blobPort: storage.blobPort,
    tablePort: storage.tablePort,
    stats: () => front.stats(),
    stop: stopAll,
  };
}
