import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import type { RaiseEvent, RecordRequest, Service, TakeFault, UsageIn } from "../service.ts";
import { Assets } from "./assets.ts";
import type { Context, Log } from "./context.ts";
import { DataCollector } from "./data-collector.ts";
import { Deployments } from "./deployments.ts";
import { type EndpointProperties, renderEndpoint } from "./endpoint.ts";
import { Endpoints } from "./endpoints.ts";
import { JobRunner } from "./job-runner.ts";
import { Jobs } from "./jobs.ts";
import { Mlflow } from "./mlflow.ts";
import { ModelHost } from "./model-host.ts";
import { Operations } from "./operations.ts";
import { Paths } from "./paths.ts";
import type { Resource } from "./resource.ts";
import { ResourceManager } from "./resource-manager.ts";
import { Router } from "./router.ts";
import { Runs } from "./runs.ts";
import { Scoring } from "./scoring.ts";
import { Store } from "./store.ts";
import { Usages } from "./usages.ts";

export interface MachineLearningOptions {
  /** Folder of its own: the database, `datastore/` (what datastore addresses lead to) and `jobs/`. */
  readonly data: string;
  readonly clock: Clock;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly workspaces: readonly string[];
  readonly computes?: readonly string[];
  readonly raise: RaiseEvent;
  readonly record: RecordRequest;
  /** How long operations on endpoints and deployments take. */
  readonly provisioning?: {
    readonly endpointMs?: number;
    readonly deploymentMs?: number;
    readonly deleteMs?: number;
  };
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
  readonly log?: Log;
}

export interface MachineLearning {
  readonly services: Service[];
  /** What ran on machines that are paid for. */
  readonly usage: UsageIn;
}

const PROVISIONING = { endpointMs: 500, deploymentMs: 1_500, deleteMs: 500 } as const;
const RETRY_AFTER_SECONDS = 1;
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
    data: options.data,
    subscriptionId: options.subscriptionId,
    resourceGroup: options.resourceGroup,
    location: options.location,
    workspaces: options.workspaces,
    computes: options.computes ?? COMPUTES,
    provisioning: { ...PROVISIONING, ...options.provisioning },
    retryAfterSeconds: options.retryAfterSeconds ?? RETRY_AFTER_SECONDS,
    takeFault: options.takeFault,
    log,
  };
  const usages = new Usages(context);
  const operations = new Operations(context, (target, origin) => render(store, target, origin));
  const assets = new Assets(context);
  const paths = new Paths(context, assets);
  const host = new ModelHost(context, paths);
  const endpoints = new Endpoints(context, operations, usages);
  const deployments = new Deployments(context, operations, { endpoints, host, usages });
  const runs = new Runs(context, usages);
  const runner = new JobRunner(context, runs, paths, {
    origin: options.origin,
    environment: options.jobEnvironment ?? {},
  });
  const jobs = new Jobs(context, runs, runner, paths);
  const router = new Router();
  for (const part of [assets, endpoints, deployments, jobs]) part.register(router);

  const { authenticate, record } = options;
  const collector = new DataCollector(join(options.data, "datastore"), context.clock, context.log);
  const stop = async () => {
    operations.stop();
    await runner.stop();
    await collector.flush();
    store.close();
  };
  store.raisePending();
  operations.resume();
  runner.resume();
  const services = [
    new ResourceManager(context, { router, operations, runs, authenticate, stop }),
    new Mlflow(context, runs, authenticate),
    new Scoring(context, { host, collector, record, authenticate }),
  ];
  return { services, usage: (from, to) => usages.between(from, to) };
}

/** A resource as a caller sees it; undefined when it is gone. */
function render(store: Store, target: string, origin: string): Resource<unknown> | undefined {
  const isEndpoint = /\/onlineendpoints\/[^/]+$/i.test(target);
  if (!isEndpoint) return store.get<unknown>(target)?.resource;
  const found = store.get<EndpointProperties>(target)?.resource;
  return found && renderEndpoint(found, origin);
}
