import type { Clock } from "../../clock.ts";
import type {
  EventOfChange,
  MeasurementsIn,
  RaiseEvent,
  RecordRequest,
  ReportHealth,
  Service,
  TakeFault,
  TakeStandstill,
  UsageIn,
} from "../service.ts";
import { Assets } from "./assets.ts";
import { BatchDeployments } from "./batch-deployments.ts";
import { BatchEndpoints } from "./batch-endpoints.ts";
import { BatchScoring } from "./batch-scoring.ts";
import { Computes } from "./computes.ts";
import { type Context, type Log, workspaceId } from "./context.ts";
import { DataCollector } from "./data-collector.ts";
import { Deployments } from "./deployments.ts";
import { Endpoints } from "./endpoints.ts";
import { JobRunner } from "./job-runner.ts";
import { Jobs } from "./jobs.ts";
import { Measurements } from "./measurements.ts";
import { Mlflow } from "./mlflow.ts";
import { ModelHost } from "./model-host.ts";
import { Monitors } from "./monitors.ts";
import { Operations } from "./operations.ts";
import { Paths } from "./paths.ts";
import { Pipelines } from "./pipelines.ts";
import { Quotas } from "./quotas.ts";
import { Registries } from "./registries.ts";
import { RegistryAssets } from "./registry-assets.ts";
import { ResourceManager } from "./resource-manager.ts";
import { Router } from "./router.ts";
import { Runs } from "./runs.ts";
import { Schedules } from "./schedules.ts";
import { Scoring } from "./scoring.ts";
import { Store } from "./store.ts";
import { type RequestLimits, Throttle } from "./throttle.ts";
import { Usages } from "./usages.ts";
import { Workspaces } from "./workspaces.ts";

export interface MachineLearningOptions {
  /** Folder of its own: the database, `datastore/` (what datastore addresses lead to) and `jobs/`. */
  readonly data: string;
  readonly clock: Clock;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** Names of the workspaces to begin with; the files of the first lie in `data` itself. */
  readonly workspaces: readonly string[];
  /** Names of the clusters that each of them begins with. */
  readonly computes?: readonly string[];
  /** Cores of each family of machines that the region grants. */
  readonly coreQuota?: number;
  readonly raise: RaiseEvent;
  /** What the subscription is told of changed resources; absent: nothing. */
  readonly eventOfChange?: EventOfChange;
  readonly reportHealth?: ReportHealth;
  readonly record: RecordRequest;
  /** How long things take at least, where the work itself is done in no time. */
  readonly provisioning?: {
    readonly endpointMs?: number;
    readonly deploymentMs?: number;
    readonly deleteMs?: number;
    /** Of a job: until it has started, until its machines are there, until its environment is prepared. */
    readonly jobStartMs?: number;
    readonly nodesMs?: number;
    readonly environmentMs?: number;
  };
  /** How often it is looked whether a running job's process still moves. */
  readonly heartbeatMs?: number;
  /** What `Retry-After` says. The service itself says 10 at least, for longer operations. */
  readonly retryAfterSeconds?: number;
  /** Whether the bearer token is good; otherwise callers are answered 401. */
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  /** Where jobs reach MLflow tracking; absent: where their submitter reached the service. */
  readonly origin?: () => string | undefined;
  /** What jobs find in their environment beside what the service gives every job, e.g. `NODE_EXTRA_CA_CERTS`. */
  readonly jobEnvironment?: Readonly<Record<string, string>>;
  /** What fails though nothing is wrong with it; absent: nothing does. */
  readonly takeFault?: TakeFault;
  /** Which jobs stand still for a while; absent: none does. */
  readonly takeStandstill?: TakeStandstill;
  /**
   * Requests that Resource Manager takes; absent: any number. Its own limits are real time's, and the world that uses
   * this one may be a thousand times as fast.
   */
  readonly limits?: RequestLimits;
  readonly log?: Log;
}

export interface MachineLearning {
  readonly services: Service[];
  /** What ran on machines that are paid for. */
  readonly usage: UsageIn;
  /** What Azure Monitor makes metrics of workspaces and deployments from. */
  readonly measured: MeasurementsIn;
}

const PROVISIONING = {
  endpointMs: 500,
  deploymentMs: 1_500,
  deleteMs: 500,
  jobStartMs: 50,
  nodesMs: 200,
  environmentMs: 100,
} as const;
const HEARTBEAT_MS = 5_000;
const RETRY_AFTER_SECONDS = 1;
/** @see Microsoft Learn, "Manage and increase quotas": 24 to 300 dedicated cores per region, by offer */
const CORE_QUOTA = 300;
const COMPUTES: readonly string[] = ["cpu-cluster"];

/**
 * A stand-in for Azure Machine Learning: Resource Manager, MLflow tracking and online scoring. What was under way when
 * the process ended goes on: operations end on the clock, jobs run again from their start, events are raised.
 * Stopping the first service stops them all.
 */
export function createMachineLearning(options: MachineLearningOptions): MachineLearning {
  const log = options.log ?? (() => undefined);
  const store = new Store(options.data, options.raise, log);
  const context: Context = {
    clock: options.clock,
    store,
    measurements: new Measurements(store, () => options.clock.now()),
    data: options.data,
    subscriptionId: options.subscriptionId,
    resourceGroup: options.resourceGroup,
    location: options.location,
    workspaces: () => store.names(workspaceId(options, "x").replace(/\/x$/, "")),
    mainWorkspace: options.workspaces[0] ?? "",
    coreQuota: options.coreQuota ?? CORE_QUOTA,
    provisioning: { ...PROVISIONING, ...options.provisioning },
    retryAfterSeconds: options.retryAfterSeconds ?? RETRY_AFTER_SECONDS,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    takeFault: options.takeFault,
    reportHealth: options.reportHealth,
    takeStandstill: options.takeStandstill,
    log,
  };
  const parts = assemble(context, options);
  const { operations, runner, pipelines, collector } = parts;
  const { authenticate, record } = options;
  const scoring = new Scoring(context, { ...parts, record, authenticate });
  const stop = async () => {
    operations.stop();
    parts.schedules.stop();
    await scoring.stop();
    await runner.stop();
    await collector.flush();
    store.close();
  };
  parts.workspaces.seed(options.workspaces);
  for (const name of options.workspaces) parts.computes.seed(name, options.computes ?? COMPUTES);
  if (options.eventOfChange) store.tellOfChanges(options.eventOfChange);
  store.raisePending();
  operations.resume();
  runner.resume();
  pipelines.resume();
  parts.schedules.resume();
  const throttle = options.limits && new Throttle(context.clock, options.limits);
  const services = [
    new ResourceManager(context, { ...parts, authenticate, throttle, stop }),
    new Mlflow(context, parts.runs, authenticate),
    parts.batch,
    scoring,
  ];
  return {
    services,
    usage: (from, to) => parts.usages.between(from, to),
    measured: (...asked) => context.measurements.between(...asked),
  };
}

/** Makes the parts, in the order in which they need each other, and lets each register what it answers. */
function assemble(context: Context, options: MachineLearningOptions) {
  const usages = new Usages(context);
  const quotas = new Quotas(context);
  const operations = new Operations(context);
  const assets = new Assets(context);
  const paths = new Paths(context, assets);
  const host = new ModelHost(context, paths);
  const collector = new DataCollector((workspace) => paths.datastore(workspace), context.clock, context.log);
  const runs = new Runs(context, usages, {
    of: (job) => computes.machinesOf(job),
    typeOf: (job) => computes.typeOf(job),
    noteChange: (job) => computes.noteJob(job),
  });
  const computes = new Computes(context, { operations, runs, usages });
  const runner = new JobRunner(context, runs, paths, {
    needOf: (job) => computes.needOf(job),
    origin: options.origin,
    environment: options.jobEnvironment ?? {},
  });
  const pipelines = new Pipelines(context, { runs, runner, assets });
  const jobs = new Jobs(context, { operations, runs, runner, pipelines, computes, paths, assets });
  const endpoints = new Endpoints(context, { operations, usages, computes, host });
  const deployments = new Deployments(context, operations, { endpoints, host, usages, quotas, assets });
  const batchEndpoints = new BatchEndpoints(context, operations);
  const batchDeployments = new BatchDeployments(context, {
    operations,
    endpoints: batchEndpoints,
    computes,
    paths,
    assets,
  });
  const batch = new BatchScoring(context, { batchEndpoints, jobs, authenticate: options.authenticate });
  const monitors = new Monitors(context, { jobs, runs });
  const schedules = new Schedules(context, { operations, jobs, monitors, batchEndpoints, batch });
  const workspaces = new Workspaces(context, operations, { runs, runner, usages });

  const registries = new Registries(context, operations);
  const registryAssets = new RegistryAssets(context, { operations, assets, paths });

  const routers = { subscription: new Router(), workspace: new Router(), registry: new Router() };
  for (const part of [
    workspaces,
    computes,
    assets,
    endpoints,
    deployments,
    batchEndpoints,
    batchDeployments,
    schedules,
    jobs,
  ]) {
    part.register(routers.workspace);
  }
  registryAssets.registerPublish(routers.workspace);
  quotas.register(routers.subscription);
  // Where both answer, the first does: a registry makes and deletes versions in its own way.
  for (const part of [registries, registryAssets, assets]) part.register(routers.registry);
  return {
    batch,
    schedules,
    registries,
    usages,
    operations,
    host,
    collector,
    runs,
    runner,
    pipelines,
    workspaces,
    computes,
    routers,
  };
}
