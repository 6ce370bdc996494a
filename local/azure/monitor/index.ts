/** Azure Monitor: metrics, logs, alerts, action groups and diagnostic settings, from the requests that were served. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, systemClock } from "../../clock.ts";
import { ArmResources } from "../front/arm-resources.ts";
import type { MeasurementsIn, RecordRequest, Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { createActionGroups, type Notify } from "./action-groups/index.ts";
import { createMetricAlerts } from "./alerts/index.ts";
import { createDiagnostics, type EventHubs } from "./diagnostics/index.ts";
import { createLogsApi } from "./logs/index.ts";
import { metricSource } from "./metric-source.ts";
import { createMetricsApi } from "./metrics-api.ts";
import { createMetricsBatchApi } from "./metrics-batch.ts";
import { RequestStore } from "./store.ts";

export type { Notice, Notify } from "./action-groups/index.ts";
export type { EventHubs } from "./diagnostics/index.ts";

export interface MonitorOptions {
  /** Folder of its SQLite files. */
  readonly data: string;
  readonly location: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly clock?: Clock;
  /** Factor on the pauses between an action group's calls; 1 is Azure's schedule. */
  readonly retryScale?: number;
  /** The one Log Analytics workspace: its resource id, and the id that queries name it by. */
  readonly logAnalytics?: { readonly id: string; readonly customerId: string };
  /** GUID of a machine learning workspace, by its resource id, as its own service shows it. */
  readonly workspaceGuid?: (workspaceId: string) => string;
  /** What the metrics of workspaces and of deployments' capacity are made from; absent: they have no data. */
  readonly measured?: MeasurementsIn;
  /** Where diagnostic settings stream to. */
  readonly eventHubs?: EventHubs;
  readonly log?: (level: "info" | "error", message: string) => void;
}

export interface Monitor {
  readonly service: Service;
  readonly record: RecordRequest;
  /** Calls an action group, as alerts and budgets do. */
  readonly notify: Notify;
  readonly hasActionGroup: (id: string) => boolean;
}

const NO_EVENT_HUBS: EventHubs = { names: [], publish: async () => {} };

export function createMonitor(options: MonitorOptions): Monitor {
  const { data, clock = systemClock, retryScale = 1, log = () => {} } = options;
  mkdirSync(data, { recursive: true });
  const store = new RequestStore(path.join(data, "monitor.sqlite"), clock);
  const db = new DatabaseSync(path.join(data, "monitor-resources.sqlite"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  const seriesOf = metricSource(store, options.measured ?? (() => []));
  const resources = new ArmResources(db);
  const common = { ...options, clock, retryScale, log, store, seriesOf, db, resources };

  const transaction = (work: () => void) => transact(db, work);
  const groups = createActionGroups(common);
  const alerts = createMetricAlerts({ ...common, groups, transaction });
  const logged = { ...common, ...logOptions(options) };
  const diagnostics = createDiagnostics({ ...logged, eventHubs: options.eventHubs ?? NO_EVENT_HUBS });
  const parts = [
    createMetricsApi(common),
    createMetricsBatchApi(common),
    createLogsApi(logged),
    groups.handle,
    alerts.handle,
    diagnostics.handle,
  ];

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    for (const part of parts) {
      const answer = await part(request);
      if (answer) return answer;
    }
    return undefined;
  }

  async function stop(): Promise<void> {
    alerts.stop();
    await Promise.all([groups.stop(), diagnostics.stop()]);
    store.close();
    db.close();
  }

  const stats = () => ({ requestsRecorded: store.count(), ...groups.stats() });
  return {
    record: (request) => store.add(request),
    notify: groups.notify,
    hasActionGroup: groups.exists,
    service: { name: "monitor", handle, stats, stop },
  };
}

/** Without a workspace of its own there is still one, so that logs can be asked for by resource. */
function logOptions({ logAnalytics, workspaceGuid }: MonitorOptions) {
  return {
    logAnalyticsId: logAnalytics?.id ?? "",
    customerId: logAnalytics?.customerId ?? "00000000-0000-0000-0000-000000000000",
    workspaceGuid: workspaceGuid ?? (() => ""),
  };
}

function transact(db: DatabaseSync, work: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work();
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
