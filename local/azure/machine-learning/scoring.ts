import { randomUUID } from "node:crypto";
import type { RecordRequest, Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Context } from "./context.ts";
import { type CollectedRequest, type DataCollector, inputRows, outputRows } from "./data-collector.ts";
import {
  DEFAULT_REQUEST_TIMEOUT,
  type DeploymentProperties,
  type DeploymentSecrets,
  liveOf,
} from "./deployment.ts";
import { readDuration } from "./duration.ts";
import type { EndpointRow } from "./endpoint-keys.ts";
import { findEndpoint } from "./endpoints.ts";
import type { ModelHost } from "./model-host.ts";
import { Refusal } from "./refusal.ts";
import { requestLog } from "./request-log.ts";
import type { Resource } from "./resource.ts";
import { readJson } from "./router.ts";
import { describeScoring } from "./swagger.ts";
import { TrafficSplitter } from "./traffic.ts";

const DEPLOYMENT_HEADER = "azureml-model-deployment";

/** Requests that may wait at a deployment, per one that it works on: the factor that the service documents. */
const PENDING_FACTOR = 2;

/** What a caller is answered when the deployment cannot: each kind of endpoint has codes of its own. */
const STATUS_CODES = {
  Managed: { busy: 429, timeout: 408, failed: 424 },
  Kubernetes: { busy: 503, timeout: 504, failed: 502 },
} as const;

export interface ScoringParts {
  readonly host: ModelHost;
  readonly collector: DataCollector;
  readonly record: RecordRequest;
  /** Whether a token of the identity service is good: for endpoints with authMode AADToken. */
  authenticate(headers: Readonly<Record<string, string>>): boolean;
}

type Deployment = Resource<DeploymentProperties>;
type Outcome =
  | { readonly kind: "answer"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "timeout" };

/** `POST /inference/{endpoint}/score`: what clients of a model call. */
export class Scoring implements Service {
  readonly name = "online scoring";
  readonly #context: Context;
  readonly #parts: ScoringParts;
  readonly #splitters = new Map<string, TrafficSplitter>();
  readonly #pending = new Map<string, number>();
  readonly #mirrored = new Set<Promise<unknown>>();

  constructor(context: Context, parts: ScoringParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [room, endpoint, action, ...more] = request.segments.filter((segment) => segment !== "");
    if (room?.toLowerCase() !== "inference" || endpoint === undefined) return undefined;
    const requestId = randomUUID();
    try {
      if (action?.toLowerCase() === "swagger.json" && more.length === 0 && request.method === "GET")
        return withId(requestId, this.#describe(request, endpoint));
      if (action?.toLowerCase() !== "score" || more.length > 0)
        throw new Refusal(404, "NotFound", "expected /score");
      if (request.method !== "POST") throw new Refusal(405, "MethodNotAllowed", "expected POST");
      return withId(requestId, await this.#score(request, endpoint, requestId));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return withId(requestId, { status: error.status, headers: error.headers, body: plain(error.message) });
    }
  }

  #describe(request: ServiceRequest, name: string): ServiceAnswer {
    const { resource } = this.#called(request, name);
    return { status: 200, body: JSON.stringify(describeScoring(resource.name, request.origin)) };
  }

  /** @throws {Refusal} 404 without the endpoint, 401 for who may not call it */
  #called(request: ServiceRequest, name: string): EndpointRow {
    const endpoint = findEndpoint(this.#context, name);
    if (!endpoint) throw new Refusal(404, "NotFound", `There is no endpoint '${name}'.`);
    this.#authorize(endpoint, request);
    return endpoint;
  }

  async #score(request: ServiceRequest, name: string, requestId: string): Promise<ServiceAnswer> {
    const endpoint = this.#called(request, name);
    const deployment = this.#choose(endpoint, request);
    this.#mirror(endpoint, request, requestId);
    const answer = await this.#serveAndRecord(deployment, endpoint, request, requestId);
    return { ...answer, headers: { ...answer.headers, [DEPLOYMENT_HEADER]: deployment.name } };
  }

  async #serveAndRecord(
    deployment: Deployment,
    endpoint: EndpointRow,
    request: ServiceRequest,
    requestId: string,
  ): Promise<ServiceAnswer> {
    const at = this.#context.clock.now();
    const started = performance.now();
    const { answer, modelStatusCode } = await this.#serve(deployment, endpoint, request, requestId);
    this.#parts.record({
      endpointId: endpoint.resource.id,
      deployment: deployment.name,
      at,
      statusCode: answer.status,
      ...(modelStatusCode !== undefined && { modelStatusCode }),
      durationMs: performance.now() - started,
      log: requestLog(request, answer, requestId, endpoint.resource.properties.authMode),
    });
    return answer;
  }

  /** Sends a share of the requests to one more deployment; what it answers is counted, and goes to nobody. */
  #mirror(endpoint: EndpointRow, request: ServiceRequest, requestId: string): void {
    const [mirrored] = Object.entries(endpoint.resource.properties.mirrorTraffic ?? {});
    if (!mirrored || request.headers[DEPLOYMENT_HEADER] !== undefined) return;
    const [name, percent] = mirrored;
    const chosen = this.#splitter(`${endpoint.key} mirror`).next({ [name]: percent, "": 100 - percent });
    const found = chosen === name ? this.#find(endpoint.key, name) : undefined;
    if (!found) return;
    const served = this.#serveAndRecord(found, endpoint, request, requestId)
      .catch((error) => this.#context.log("error", `mirrored request to '${name}': ${String(error)}`))
      .finally(() => this.#mirrored.delete(served));
    this.#mirrored.add(served);
  }

  /** Settles once no mirrored request is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#mirrored);
  }

  #authorize({ resource, hidden }: EndpointRow, request: ServiceRequest): void {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const isKnown = {
      Key: () => token === hidden.primaryKey || token === hidden.secondaryKey,
      AMLToken: () => token !== undefined && (hidden.tokens[token] ?? 0) > this.#context.clock.now(),
      AADToken: () => this.#parts.authenticate(request.headers),
    }[resource.properties.authMode];
    if (isKnown()) return;
    throw new Refusal(
      401,
      "Unauthorized",
      `Endpoint '${resource.name}' expects a valid bearer ${resource.properties.authMode}.`,
    );
  }

  #choose({ key, resource }: EndpointRow, request: ServiceRequest): Deployment {
    const named = request.headers[DEPLOYMENT_HEADER];
    const chosen = named ?? this.#splitter(key).next(resource.properties.traffic);
    if (chosen === undefined) {
      throw new Refusal(
        404,
        "NotFound",
        `Endpoint '${resource.name}' has no valid deployment with positive weight.`,
      );
    }
    const found = this.#find(key, chosen);
    if (!found) {
      throw new Refusal(
        404,
        "NotFound",
        `Endpoint '${resource.name}' has no deployment '${chosen}' that serves.`,
      );
    }
    return found;
  }

  #find(endpoint: string, name: string): Deployment | undefined {
    const id = `${endpoint}/deployments/${name}`;
    const row = this.#context.store.get<DeploymentProperties, DeploymentSecrets>(id);
    return row && liveOf(row);
  }

  #splitter(key: string): TrafficSplitter {
    const splitter = this.#splitters.get(key) ?? new TrafficSplitter();
    this.#splitters.set(key, splitter);
    return splitter;
  }

  async #serve(
    deployment: Deployment,
    endpoint: EndpointRow,
    request: ServiceRequest,
    requestId: string,
  ): Promise<{ answer: ServiceAnswer; modelStatusCode?: number }> {
    const { requestSettings, endpointComputeType } = deployment.properties;
    const codes = STATUS_CODES[endpointComputeType];
    const perInstance = requestSettings?.maxConcurrentRequestsPerInstance ?? 1;
    const limit = PENDING_FACTOR * perInstance * (deployment.sku?.capacity ?? 1);
    const pending = this.#pending.get(deployment.id) ?? 0;
    if (pending >= limit) {
      const message = `Deployment '${deployment.name}' has ${pending} requests pending, expected fewer than ${limit}.`;
      return { answer: { status: codes.busy, headers: { "retry-after": "1" }, body: plain(message) } };
    }
    let body: unknown;
    try {
      body = readJson(request);
    } catch (error) {
      // The endpoint passes bodies on unread: it is the server of the model that cannot read this one.
      return this.#failed(deployment, error, 400);
    }
    this.#pending.set(deployment.id, pending + 1);
    const collected = this.#collected(deployment, endpoint.resource.name, request, requestId);
    const settled = this.#predict(deployment, body).finally(() => {
      this.#pending.set(deployment.id, (this.#pending.get(deployment.id) ?? 1) - 1);
    });
    const timeoutMs = readDuration(
      "requestTimeout",
      requestSettings?.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT,
    );
    const outcome = await this.#within(timeoutMs, settled);
    if (collects(deployment, "model_inputs", requestId))
      this.#parts.collector.collect("inputs", { ...collected, rows: inputRows(body) });
    if (outcome.kind === "timeout") {
      const message = `Deployment '${deployment.name}' did not answer within ${timeoutMs} ms.`;
      return { answer: { status: codes.timeout, body: plain(message) } };
    }
    if (outcome.kind === "error") return this.#failed(deployment, outcome.error);
    if (collects(deployment, "model_outputs", requestId)) {
      this.#parts.collector.collect("outputs", { ...collected, rows: outputRows(outcome.value) });
    }
    const headers = { "content-type": "application/json" };
    return {
      answer: { status: 200, headers, body: JSON.stringify(outcome.value ?? null) },
      modelStatusCode: 200,
    };
  }

  #failed(
    deployment: Deployment,
    error: unknown,
    modelStatusCode = 500,
  ): { answer: ServiceAnswer; modelStatusCode: number } {
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.host.log(deployment.id, `scoring failed: ${reason}`);
    const headers = {
      "ms-azureml-model-error-statuscode": String(modelStatusCode),
      "ms-azureml-model-error-reason": encodeURI(reason.toWellFormed()).slice(0, 200),
    };
    return {
      answer: {
        status: STATUS_CODES[deployment.properties.endpointComputeType].failed,
        headers,
        body: plain(`The model failed: ${reason}`),
      },
      modelStatusCode,
    };
  }

  async #predict(deployment: Deployment, body: unknown): Promise<Outcome> {
    try {
      const predict = await this.#parts.host.predict(deployment);
      return { kind: "answer", value: await predict(body) };
    } catch (error) {
      return { kind: "error", error };
    }
  }

  async #within(timeoutMs: number, work: Promise<Outcome>): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const cancel = this.#context.clock.after(timeoutMs, () => resolve({ kind: "timeout" }));
    try {
      return await Promise.race([work, promise]);
    } finally {
      cancel();
    }
  }

  #collected(
    deployment: Deployment,
    endpoint: string,
    { headers }: ServiceRequest,
    requestId: string,
  ): Omit<CollectedRequest, "rows"> {
    const correlationId = headers["x-ms-client-request-id"] ?? randomUUID();
    return { endpoint, deployment: deployment.name, source: deployment.id, correlationId, requestId };
  }
}

/**
 * Data of a deployment without a collector is collected, because the 2022-10-01 client cannot ask for one; with one, the
 * collections count that it names and enables, as officially described. A request is in the sample by its id, so that
 * what is collected of its answer belongs to what is collected of its input.
 */
function collects({ properties }: Deployment, collection: string, requestId: string): boolean {
  if (!properties.dataCollector) return true;
  const { dataCollectionMode, samplingRate } = properties.dataCollector.collections[collection] ?? {};
  const chance = Number.parseInt(requestId.slice(0, 8), 16) / 2 ** 32;
  return dataCollectionMode === "Enabled" && chance < (samplingRate ?? 1);
}

const plain = (message: string): string => JSON.stringify({ message });

function withId(requestId: string, answer: ServiceAnswer): ServiceAnswer {
  const headers = { "content-type": "application/json", ...answer.headers, "x-ms-request-id": requestId };
  return { ...answer, headers };
}
