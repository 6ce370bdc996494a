import * as z from "zod";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { type Context, workspaceId, workspaceOf } from "./context.ts";
import { isTerminal, type JobSecrets, type JobStatus } from "./job-definition.ts";
import { inJson, Metrics } from "./metrics.ts";
import { mlflowAnswer, Refusal } from "./refusal.ts";
import { readJson } from "./router.ts";
import { inOrder, readFilter, type ShownRun } from "./run-search.ts";
import { experimentId, type JobRow, type Runs } from "./runs.ts";

const RunId = z.looseObject({ run_id: z.string().optional(), run_uuid: z.string().optional() });
/** As protocol buffers have it in JSON: what JSON has no number for is a text. */
const DOUBLE = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number),
  z
    .string()
    .regex(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i, "expected a number, NaN, Infinity or -Infinity")
    .transform(Number),
]);
const Metric = z.looseObject({
  key: z.string().min(1),
  value: DOUBLE,
  timestamp: z.coerce.number().int().optional(),
  step: z.coerce.number().int().default(0),
});
const Tag = z.looseObject({ key: z.string().min(1) });
const Pair = z.looseObject({ key: z.string().min(1), value: z.coerce.string() });
/** @see MLflow REST API, "Log Batch": request limits */
const MOST = { metrics: 1000, params: 100, tags: 100, inAll: 1000 } as const;
const listOf = <T>(schema: z.ZodType<T>, what: "metrics" | "params" | "tags") =>
  z.array(schema).max(MOST[what], `expected at most ${MOST[what]} in one request`).default([]);
const Batch = z
  .looseObject({
    metrics: listOf(Metric, "metrics"),
    params: listOf(Pair, "params"),
    tags: listOf(Pair, "tags"),
  })
  .refine(
    ({ metrics, params, tags }) => metrics.length + params.length + tags.length <= MOST.inAll,
    `expected at most ${MOST.inAll} metrics, params and tags in one request`,
  );
const Search = z.looseObject({
  experiment_ids: z.array(z.string()).default([]),
  filter: z.string().default(""),
  max_results: z.number().int().min(1).default(1000),
  page_token: z
    .string()
    .regex(/^\d{1,9}$/, "expected one that an answer brought")
    .optional(),
  order_by: z.array(z.string()).default([]),
});

/** What is asked of one run, by its id. */
const OF_A_RUN: readonly string[] = [
  "GET runs/get",
  "GET metrics/get-history",
  "POST runs/log-metric",
  "POST runs/log-parameter",
  "POST runs/set-tag",
  "POST runs/delete-tag",
  "POST runs/log-batch",
  "POST runs/update",
];

/** MLflow's tracking REST; a run is a job, and its id the job's name. */
export class Mlflow implements Service {
  readonly name = "MLflow tracking";
  readonly #context: Context;
  readonly #runs: Runs;
  readonly #metrics: Metrics;
  readonly #authenticate: (headers: Readonly<Record<string, string>>) => boolean;

  constructor(
    context: Context,
    runs: Runs,
    authenticate: (headers: Readonly<Record<string, string>>) => boolean,
  ) {
    this.#context = context;
    this.#runs = runs;
    this.#metrics = new Metrics(context.store);
    this.#authenticate = authenticate;
  }

  async handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const segments = request.segments.filter((segment) => segment !== "");
    if (segments[0]?.toLowerCase() !== "mlflow") return undefined;
    try {
      const api = segments.findIndex(
        (segment) => segment.toLowerCase() === "mlflow" && segment !== undefined,
      );
      const start = segments.findIndex(
        (_, index) => index > api && segments.slice(index, index + 3).join("/") === "api/2.0/mlflow",
      );
      const name = this.#context
        .workspaces()
        .find(
          (known) =>
            `/${segments.slice(2, start).join("/")}`.toLowerCase() ===
            workspaceId(this.#context, known).toLowerCase(),
        );
      if (start < 0 || name === undefined)
        throw missing(`'${request.path}' is no tracking address of a workspace here`);
      const body = this.#call(request, workspaceId(this.#context, name), segments.slice(start + 3).join("/"));
      return { status: 200, body };
    } catch (error) {
      if (error instanceof Refusal) return mlflowAnswer(error);
      throw error;
    }
  }

  #call(request: ServiceRequest, workspace: string, path: string): object {
    const call = `${request.method} ${path}`;
    if (call === "POST runs/search") return this.#search(this.#signedIn(request), workspace);
    if (call === "GET experiments/get" || call === "GET experiments/get-by-name")
      return this.#experiment(this.#signedIn(request), workspace);
    if (call === "POST experiments/search") return this.#experiments(this.#signedIn(request), workspace);
    if (!OF_A_RUN.includes(call)) {
      throw new Refusal(
        404,
        "ENDPOINT_NOT_FOUND",
        `${call} is not part of the tracking API that is simulated here.`,
      );
    }
    const run = this.#run(request, workspace);
    switch (call) {
      case "GET runs/get":
        return { run: told(this.#render(run)) };
      case "GET metrics/get-history":
        return this.#metrics.history(run.key, request.query);
      case "POST runs/log-metric":
        return this.#log(run, { metrics: [read(request, Metric)], params: [], tags: [] });
      case "POST runs/log-parameter":
        return this.#log(run, { metrics: [], params: [read(request, Pair)], tags: [] });
      case "POST runs/set-tag":
        return this.#log(run, { metrics: [], params: [], tags: [read(request, Pair)] });
      case "POST runs/delete-tag":
        return this.#deleteTag(run, read(request, Tag).key);
      case "POST runs/log-batch":
        return this.#log(run, read(request, Batch));
      default:
        // How a run ends is decided by its process; a client that reports it only repeats what will be known.
        return { run_info: this.#render(run).info };
    }
  }

  /** The run that a request is about. Its own job's token is as good as one of the identity service. */
  #run(request: ServiceRequest, workspace: string): JobRow {
    const { run_id, run_uuid } = request.method === "GET" ? fromQuery(request.query) : read(request, RunId);
    const id = run_id ?? run_uuid;
    const found = id === undefined ? undefined : this.#runs.get(`${workspace}/jobs/${id}`);
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (found === undefined || token !== found.hidden.token) this.#signedIn(request);
    if (id === undefined) throw bad("run_id is missing, expected the name of a job");
    if (!found) throw missing(`Run '${id}' does not exist`);
    return found;
  }

  #signedIn(request: ServiceRequest): ServiceRequest {
    if (this.#authenticate(request.headers)) return request;
    throw new Refusal(401, "UNAUTHENTICATED", "The bearer token is missing, wrong or expired.");
  }

  #log(run: JobRow, batch: z.infer<typeof Batch>): object {
    const now = this.#context.clock.now();
    this.#context.store.transaction(() => {
      for (const metric of batch.metrics)
        this.#metrics.add(run.key, { ...metric, timestamp: metric.timestamp ?? now });
      for (const { key, value } of batch.params) this.#metrics.setParam(run.key, key, value);
      for (const { key, value } of batch.tags) this.#runs.setTag(run.key, key, value);
    });
    return {};
  }

  #deleteTag(run: JobRow, key: string): object {
    if (!this.#runs.deleteTag(run.key, key))
      throw missing(`No tag with name '${key}' in run '${run.resource.name}'`);
    return {};
  }

  #search(request: ServiceRequest, workspace: string): object {
    const search = read(request, Search);
    const { experiment_ids: experiments, filter, order_by: orderBy } = search;
    const passes = readFilter(filter);
    const found = this.#runs
      .of(workspace)
      .map((run) => this.#render(run))
      .filter(({ info }) => experiments.length === 0 || experiments.includes(info.experiment_id))
      .filter(passes);
    return pageOf("runs", inOrder(found.reverse(), orderBy).map(told), search);
  }

  /** All that there are, the one with the oldest run first: a filter is not read here. */
  #experiments(request: ServiceRequest, workspace: string): object {
    const search = read(request, Search);
    if (search.filter !== "") throw bad(`filter is '${search.filter}', expected none for experiments`);
    if (search.order_by.length > 0) throw bad("order_by is given, expected none for experiments");
    const names = this.#runs.of(workspace).map(({ resource }) => resource.properties.experimentName);
    const found = [...new Set(names)].map((name) => experimentOf(workspace, name));
    return pageOf("experiments", found, search);
  }

  /** By its name or by its id. */
  #experiment({ query }: ServiceRequest, workspace: string): object {
    const asked = query.get("experiment_name") ?? query.get("experiment_id") ?? "";
    const found = this.#runs
      .of(workspace)
      .map(({ resource }) => resource.properties.experimentName)
      .find((name) => asked === (query.has("experiment_name") ? name : experimentId(workspace, name)));
    if (found === undefined) throw missing(`Experiment '${asked}' does not exist`);
    return { experiment: experimentOf(workspace, found) };
  }

  #render({ key, resource, hidden }: JobRow) {
    const { properties, name, systemData } = resource;
    const startTime = hidden.startedAt ?? Date.parse(systemData.createdAt);
    return {
      info: {
        run_id: name,
        run_uuid: name,
        run_name: properties.displayName ?? name,
        experiment_id: experimentId(workspaceOf(resource.id), properties.experimentName),
        status: statusOf(properties.status),
        start_time: startTime,
        ...(isTerminal(properties.status) && { end_time: hidden.endedAt }),
        artifact_uri: `azureml://jobs/${name}/outputs/artifacts/paths/`,
        lifecycle_stage: "active",
      },
      data: {
        metrics: this.#metrics.latest(key),
        params: this.#metrics.params(key),
        tags: Object.entries({ ...properties.tags, ...lineage(hidden) }).map(([tag, value]) => ({
          key: tag,
          value: value ?? "",
        })),
      },
    };
  }
}

const told = ({ info, data }: ShownRun) => ({ info, data: { ...data, metrics: data.metrics.map(inJson) } });

const experimentOf = (workspace: string, name: string) => ({
  experiment_id: experimentId(workspace, name),
  name,
  lifecycle_stage: "active",
});

/** A page of what was found; its token is where the next one begins. */
function pageOf(
  what: "runs" | "experiments",
  found: readonly object[],
  { max_results: most, page_token: token }: z.infer<typeof Search>,
): object {
  const from = Number(token ?? 0);
  const next = from + most;
  return {
    [what]: found.slice(from, next),
    ...(next < found.length && { next_page_token: String(next) }),
  };
}

/** By these a pipeline's steps are found. */
function lineage({ step }: JobSecrets): Record<string, string> {
  return step ? { "mlflow.parentRunId": step.pipeline, "mlflow.rootRunId": step.pipeline } : {};
}

const BEFORE_RUNNING: readonly JobStatus[] = [
  "NotStarted",
  "Starting",
  "Provisioning",
  "Preparing",
  "Queued",
];

function statusOf(status: JobStatus): string {
  if (status === "Completed") return "FINISHED";
  if (status === "Failed") return "FAILED";
  if (status === "Canceled") return "KILLED";
  return BEFORE_RUNNING.includes(status) ? "SCHEDULED" : "RUNNING";
}

function fromQuery(query: URLSearchParams): z.infer<typeof RunId> {
  const id = query.get("run_id") ?? query.get("run_uuid");
  return id === null ? {} : { run_id: id };
}

function read<T>(request: ServiceRequest, schema: z.ZodType<T>): T {
  const result = schema.safeParse(readJson(request));
  if (result.success) return result.data;
  throw bad(
    result.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`).join("; "),
  );
}

const bad = (message: string): Refusal => new Refusal(400, "INVALID_PARAMETER_VALUE", `${message}.`);
const missing = (message: string): Refusal => new Refusal(404, "RESOURCE_DOES_NOT_EXIST", `${message}.`);
