import path from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { createContainerRegistry } from "./container-registry/index.ts";
import { createCostManagement } from "./cost-management/index.ts";
import { createDelivery } from "./delivery/index.ts";
import { blobWriter } from "./event-grid/blob-writer.ts";
import { createEventGrid } from "./event-grid/index.ts";
import type { Faults } from "./faults/faults.ts";
import { faultsService } from "./faults/index.ts";
import { guidOf } from "./guid.ts";
import type { Identity } from "./identity/index.ts";
import { createMachineLearning, type MachineLearningOptions } from "./machine-learning/index.ts";
import { createMailbox } from "./mailbox/index.ts";
import { createMonitor, type EventHubs } from "./monitor/index.ts";
import {
  LOCATION,
  LOG_ANALYTICS,
  REGISTRY_ID,
  RESOURCE_GROUP,
  STAGE_WORKSPACES,
  SUBSCRIPTION_ID,
  WORKSPACE,
  WORKSPACE_ID,
} from "./names.ts";
import { createPolicyInsights } from "./policy-insights/index.ts";
import { createResourceGraph } from "./resource-graph/index.ts";
import { createResourceNotifications } from "./resource-notifications/index.ts";
import type { RaiseEvent, RecordRequest, Service, UsageIn } from "./service.ts";

/** How the services behave. */
export interface ServiceOptions {
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

/** Who Cost Management writes as. */
const BUDGET_SENDER = "azure-noreply@microsoft.com";

/** What runs already when the HTTP services are made. */
interface Started {
  readonly origin: string;
  readonly caFile: string;
  readonly identity: Identity;
  readonly faults: Faults;
  readonly storageConnectionString: string;
  readonly eventHubs: EventHubs;
  readonly emailAccessKey: string;
}

/**
 * Makes the HTTP services, in the order in which they need each other.
 *
 * @param services - those that the front asks; they are stopped in this order, so each stands before what it tells or asks
 */
export async function addServices(
  services: Service[],
  { data, clock = systemClock, log = () => {}, retryScale = 1, ...options }: ServiceOptions,
  { origin, caFile, identity, faults, storageConnectionString, eventHubs, emailAccessKey }: Started,
) {
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
  services.unshift(faultsService(faults));
  services.push(eventGrid.service);
  const monitor = createMonitor({
    data,
    clock,
    authenticate,
    location: LOCATION,
    retryScale,
    logAnalytics: LOG_ANALYTICS,
    workspaceGuid: guidOf,
    eventHubs,
    // Made after it, as it records what the endpoints serve.
    measured: (...asked) => machineLearning.measured(...asked),
    log,
  });
  const mailbox = createMailbox({ data, clock, authenticate, accessKey: emailAccessKey });
  const delivery = createDelivery({ data, clock, authenticate, origin: () => origin });
  services.push(monitor.service, mailbox, delivery.service);
  const { raise } = eventGrid;
  const { record } = monitor;
  const notifications = createResourceNotifications({ data, clock, raise });
  services.unshift(notifications.service);
  // In front of those that it raises and records by: services stop in this order.
  const machineLearning = createMachineLearning({
    takeFault: faults.take,
    takeStandstill: faults.takeStandstill,
    ...options.machineLearning,
    data: path.join(data, "machine-learning"),
    clock,
    subscriptionId: SUBSCRIPTION_ID,
    resourceGroup: RESOURCE_GROUP,
    location: LOCATION,
    workspaces: [WORKSPACE, ...Object.keys(STAGE_WORKSPACES).map((stage) => `${WORKSPACE}-${stage}`)],
    raise,
    eventOfChange: notifications.eventOfChange,
    reportHealth: notifications.reportHealth,
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
  return { teamsWebhookPath: mailbox.teamsWebhookPath, delivery };
}
