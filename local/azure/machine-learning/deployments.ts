import type { ServiceAnswer } from "../service.ts";
import { type Context, workspaceOf } from "./context.ts";
import {
  COLLECTOR_SINCE,
  DEFAULT_REQUEST_TIMEOUT,
  DEPLOYMENT_BODY,
  DEPLOYMENT_PATCH,
  type DeploymentProperties,
  type DeploymentRow,
  type DeploymentSecrets,
  LOGS_BODY,
  MAX_INSTANCES,
  MAX_REQUEST_TIMEOUT_MS,
  MOST_DEPLOYMENTS,
} from "./deployment.ts";
import { readDuration } from "./duration.ts";
import type { EndpointProperties } from "./endpoint.ts";
import type { Endpoints } from "./endpoints.ts";
import { takeFault } from "./faults.ts";
import type { ModelHost } from "./model-host.ts";
import { checkEndpointName } from "./names.ts";
import type { OperationError, Operations } from "./operations.ts";
import { isNewestFirst, page, readCount } from "./paging.ts";
import type { Quotas } from "./quotas.ts";
import { parseReference } from "./reference.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import { DEFAULT_VM_SIZE, type Usages } from "./usages.ts";

const PLATFORM_FAILED = "InternalServerError";

export interface DeploymentParts {
  readonly endpoints: Endpoints;
  readonly host: ModelHost;
  readonly usages: Usages;
  readonly quotas: Quotas;
}

/** Deployments behind online endpoints: each serves one model, loaded here when its operation ends. */
export class Deployments {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #endpoints: Endpoints;
  readonly #host: ModelHost;
  readonly #usages: Usages;
  readonly #quotas: Quotas;

  constructor(context: Context, operations: Operations, parts: DeploymentParts) {
    this.#context = context;
    this.#operations = operations;
    this.#endpoints = parts.endpoints;
    this.#host = parts.host;
    this.#usages = parts.usages;
    this.#quotas = parts.quotas;
    operations.define("deployment", {
      prefix: "odidp",
      prepare: (target) => this.#start(target),
      finish: (target, error) => {
        this.#countEnd(target, error);
        if (error) {
          this.#fail(target, error);
          return;
        }
        this.#settle(target);
        this.#announce(target);
      },
    });
    operations.define("deployment-scaling", {
      prefix: "odidp",
      prepare: async (target) => this.#outOfQuota(target),
      finish: (target, error) => (error ? this.#fail(target, error) : this.#settle(target)),
    });
    operations.define("deployment-deletion", { prefix: "odidp", finish: (target) => this.#remove(target) });
  }

  register(router: Router): void {
    const all = "onlineEndpoints/*/deployments";
    const one = `${all}/*`;
    router
      .on("GET", all, (call, endpoint: string) => this.#list(call, endpoint))
      .on("GET", one, (call, endpoint: string, name: string) => ({
        status: 200,
        body: render(call, this.#existing(call, endpoint, name).resource),
      }))
      .on("PUT", one, (call, endpoint: string, name: string) => this.#put(call, endpoint, name))
      .on("PATCH", one, (call, endpoint: string, name: string) => this.#patch(call, endpoint, name))
      .on("DELETE", one, (call, endpoint: string, name: string) => this.#delete(call, endpoint, name))
      .on("POST", `${one}/getLogs`, (call, endpoint: string, name: string) =>
        this.#logs(call, endpoint, name),
      )
      .on("GET", `${one}/skus`, (call, endpoint: string, name: string) => this.#skus(call, endpoint, name));
  }

  #existing(call: Call, endpoint: string, name: string): DeploymentRow {
    const { key } = this.#endpoints.existing(call, endpoint);
    const found = this.#get(`${key}/deployments/${name}`);
    if (!found) throw notFound(`Online endpoint '${endpoint}' has no deployment '${name}'.`);
    return found;
  }

  #put(call: Call, endpointName: string, name: string): ServiceAnswer {
    checkEndpointName("deployment", name);
    const body = readBody(call.request, DEPLOYMENT_BODY);
    const endpoint = this.#endpoints.existing(call, endpointName).resource;
    const id = `${endpoint.id}/deployments/${name}`;
    const { store, clock, provisioning } = this.#context;
    const before = this.#get(id);
    this.#refuseUnlessReady(endpoint, before ? "update" : "create");
    if (before) this.#refuseWhenBusy(before);
    else this.#refuseOneMore(endpoint, name);
    checkTarget(endpoint, name, body.properties.endpointComputeType);
    const given = checkProperties(knownTo(call, body.properties), before?.resource.properties);
    const resource: Resource<DeploymentProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? name,
      type: `${PROVIDER}/workspaces/onlineEndpoints/deployments`,
      location: body.location,
      kind: body.kind ?? body.properties.endpointComputeType,
      tags: body.tags ?? {},
      sku: { name: "Default", ...body.sku, capacity: body.sku?.capacity ?? 1 },
      properties: {
        appInsightsEnabled: false,
        egressPublicNetworkAccess: "Enabled",
        requestSettings: { requestTimeout: DEFAULT_REQUEST_TIMEOUT, maxConcurrentRequestsPerInstance: 1 },
        scaleSettings: { scaleType: "Default" },
        ...given,
        provisioningState: before ? "Updating" : "Creating",
      },
      systemData: systemData(clock.now(), before?.resource.systemData),
    };
    const operation = store.transaction(() => {
      store.put(resource, before?.hidden);
      if (!before) store.count("deploymentsCreated");
      this.#context.measurements.count(workspaceOf(resource.id), "Model Deploy Started", {});
      return this.#operations.start("deployment", resource.id, provisioning.deploymentMs);
    });
    if (before) return { status: 200, body: render(call, resource) };
    return {
      status: 201,
      headers: this.#operations.creationHeaders(call.request, operation),
      body: render(call, resource),
    };
  }

  #patch(call: Call, endpoint: string, name: string): ServiceAnswer {
    const before = this.#existing(call, endpoint, name);
    const body = readBody(call.request, DEPLOYMENT_PATCH);
    this.#refuseUnlessReady(this.#endpoints.existing(call, endpoint).resource, "update");
    this.#refuseWhenBusy(before);
    const { store, clock, provisioning } = this.#context;
    const capacity = body.sku?.capacity ?? before.resource.sku?.capacity ?? 1;
    const operation = store.transaction(() => {
      const scaling: Resource<DeploymentProperties> = {
        ...before.resource,
        tags: { ...before.resource.tags, ...body.tags },
        sku: { name: "Default", ...before.resource.sku, capacity },
        properties: { ...before.resource.properties, provisioningState: "Scaling" },
        systemData: systemData(clock.now(), before.resource.systemData),
      };
      store.put(scaling, before.hidden);
      return this.#operations.start("deployment-scaling", before.resource.id, provisioning.deploymentMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #delete(call: Call, endpointName: string, name: string): ServiceAnswer {
    const { store, provisioning } = this.#context;
    const endpoint = this.#endpoints.existing(call, endpointName);
    const found = this.#get(`${endpoint.key}/deployments/${name}`);
    if (!found) return { status: 204 };
    const percent = endpoint.resource.properties.traffic[found.resource.name] ?? 0;
    if (percent > 0) {
      throw invalid(
        `Deployment '${name}' still serves ${percent}% of the traffic of endpoint '${endpointName}', expected 0: move its traffic away first.`,
        "DeploymentHasTraffic",
      );
    }
    this.#refuseWhenBusy(found);
    const operation = store.transaction(() => {
      this.#setState(found.key, "Deleting");
      return this.#operations.start("deployment-deletion", found.resource.id, provisioning.deleteMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #remove(target: string): void {
    const { store } = this.#context;
    store.delete(target);
    this.#usages.end(target);
    this.#context.measurements.end(target);
    store.count("deploymentsDeleted");
    this.#host.unload(target);
    const endpoint = store.get<EndpointProperties>(
      target.slice(0, target.toLowerCase().lastIndexOf("/deployments/")),
    );
    if (!endpoint) return;
    const name = target.slice(target.lastIndexOf("/") + 1).toLowerCase();
    const without = (shares: Readonly<Record<string, number>> = {}) =>
      Object.fromEntries(Object.entries(shares).filter(([key]) => key.toLowerCase() !== name));
    const { traffic, mirrorTraffic } = endpoint.resource.properties;
    const left = { traffic: without(traffic), mirrorTraffic: without(mirrorTraffic) };
    const properties = { ...endpoint.resource.properties, ...left };
    store.put({ ...endpoint.resource, properties }, endpoint.hidden);
  }

  /** A model that cannot be loaded, or a quota that is used up, says nothing about the platform. */
  #fail(target: string, { code }: OperationError): void {
    this.#setState(target, "Failed");
    if (code === PLATFORM_FAILED) this.#context.reportHealth?.(target, false);
  }

  /** It serves, and is paid for: on a cluster of one's own the cluster is. */
  #settle(target: string): void {
    this.#setState(target, "Succeeded");
    this.#context.reportHealth?.(target, true);
    const found = this.#get(target)?.resource;
    if (found) this.#context.store.put(found, { live: found } satisfies DeploymentSecrets);
    if (found) this.#context.measurements.level(found.id, "DeploymentCapacity", found.sku?.capacity ?? 1);
    if (found?.properties.endpointComputeType !== "Managed") return;
    this.#usages.begin(found.id, found.properties.instanceType ?? DEFAULT_VM_SIZE, found.sku?.capacity ?? 1);
  }

  #countEnd(target: string, error: OperationError | undefined): void {
    const { measurements } = this.#context;
    const workspace = workspaceOf(target);
    // The status is what polling the operation answers.
    if (error) measurements.count(workspace, "Model Deploy Failed", { StatusCode: "400" });
    else measurements.count(workspace, "Model Deploy Succeeded", {});
  }

  #outOfQuota(target: string): OperationError | undefined {
    const found = this.#context.store.get<DeploymentProperties>(target)?.resource;
    if (found?.properties.endpointComputeType !== "Managed") return undefined;
    const { instanceType } = found.properties;
    return this.#quotas.refusal(found.id, instanceType ?? DEFAULT_VM_SIZE, found.sku?.capacity ?? 1);
  }

  /** No body is published for online endpoints: the spelling is that of the services before them. */
  #announce(target: string): void {
    const { store, clock } = this.#context;
    const found = store.get<DeploymentProperties>(target)?.resource;
    if (!found) return;
    const endpoint = found.id.split("/").at(-3) ?? "";
    const reference = parseReference(found.properties.model ?? "");
    const isAsset = reference?.type === "asset" || reference?.type === "registry";
    store.raiseLater({
      topic: workspaceOf(found.id),
      subject: `endpoints/${endpoint}`,
      eventType: `${PROVIDER}.ModelDeployed`,
      eventTime: new Date(clock.now()).toISOString(),
      data: {
        ServiceName: endpoint,
        ServiceComputeType: found.properties.endpointComputeType,
        ModelIds: isAsset ? `${reference.name}:${reference.version}` : (found.properties.model ?? ""),
        ServiceTags: found.tags ?? {},
        ServiceProperties: { deployment: found.name },
      },
    });
  }

  async #start(target: string): Promise<OperationError | undefined> {
    const found = this.#context.store.get<DeploymentProperties>(target);
    if (!found)
      return { code: "ResourceNotFound", message: "The deployment was deleted while it was being made." };
    const fault = takeFault(this.#context.takeFault, "deployment", found.resource.name, PLATFORM_FAILED);
    if (fault) this.#host.log(target, `provisioning failed: ${fault.message}`);
    return fault ?? this.#outOfQuota(target) ?? this.#host.reload(found.resource);
  }

  #list(call: Call, endpoint: string): ServiceAnswer {
    const { key } = this.#endpoints.existing(call, endpoint);
    const listed = this.#context.store
      .list<DeploymentProperties>(`${key}/deployments`)
      .map(({ resource }) => render(call, resource));
    const top = readCount(call, "$top");
    return page(call, isNewestFirst(call) ? listed.reverse() : listed, top === undefined ? {} : { top });
  }

  #logs(call: Call, endpoint: string, name: string): ServiceAnswer {
    const { resource } = this.#existing(call, endpoint, name);
    const { tail } = readBody(call.request, LOGS_BODY);
    return { status: 200, body: { content: this.#host.logs(resource.id, tail ?? undefined) } };
  }

  #skus(call: Call, endpoint: string, name: string): ServiceAnswer {
    const { resource } = this.#existing(call, endpoint, name);
    const sku = { name: resource.sku?.name ?? "Default", tier: "Standard" };
    const capacity = { minimum: 1, maximum: MAX_INSTANCES, default: 1, scaleType: "Manual" };
    return { status: 200, body: { value: [{ resourceType: resource.type, sku, capacity }] } };
  }

  #refuseUnlessReady({ name, properties }: Resource<EndpointProperties>, what: "create" | "update"): void {
    if (properties.provisioningState === "Succeeded") return;
    throw conflict(
      `Cannot ${what} a deployment in endpoint ${name} because it is in ${properties.provisioningState} provisioning state.`,
    );
  }

  #refuseOneMore({ id, name }: Resource<EndpointProperties>, deployment: string): void {
    const count = this.#context.store.names(`${id}/deployments`).length;
    if (count < MOST_DEPLOYMENTS) return;
    throw invalid(
      `Endpoint '${name}' has ${count} deployments, expected fewer than ${MOST_DEPLOYMENTS} before '${deployment}' is made.`,
      "QuotaExceeded",
    );
  }

  #refuseWhenBusy({ resource }: DeploymentRow): void {
    const { provisioningState } = resource.properties;
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(
      `Deployment '${resource.name}' is in ${provisioningState} provisioning state: wait for the operation under way.`,
    );
  }

  #setState(target: string, provisioningState: DeploymentProperties["provisioningState"]): void {
    const found = this.#get(target);
    if (!found) return;
    const properties = { ...found.resource.properties, provisioningState };
    this.#context.store.put({ ...found.resource, properties }, found.hidden);
  }

  #get(id: string): DeploymentRow | undefined {
    return this.#context.store.get<DeploymentProperties, DeploymentSecrets>(id);
  }
}

/** A version of the API drops what it does not know of yet, without a word. */
function knownTo<P extends { readonly dataCollector?: unknown }>(call: Call, properties: P): P {
  if (call.apiVersion >= COLLECTOR_SINCE) return properties;
  return { ...properties, dataCollector: undefined };
}

function render(call: Call, deployment: Resource<DeploymentProperties>): Resource {
  return { ...deployment, properties: { ...knownTo(call, deployment.properties) } };
}

/** A deployment is on what its endpoint is on; on a cluster their names share a limit. */
function checkTarget(
  { name, properties }: Resource<EndpointProperties>,
  deployment: string,
  type: "Managed" | "Kubernetes",
): void {
  const expected = properties.compute ? "Kubernetes" : "Managed";
  if (type !== expected) {
    throw invalid(
      `properties.endpointComputeType is ${type}, expected ${expected}: that is what endpoint '${name}' is on.`,
    );
  }
  const length = name.length + deployment.length;
  if (type === "Kubernetes" && (length < 6 || length > 62)) {
    throw invalid(
      `The names '${name}' and '${deployment}' have ${length} characters, expected 6 to 62 in all.`,
    );
  }
}

function checkProperties<P extends Partial<DeploymentProperties>>(
  given: P,
  before: DeploymentProperties | undefined,
): P {
  if (given.model && !parseReference(given.model)) {
    throw invalid(
      `properties.model is '${given.model}', expected the id of a model version or azureml:name:version.`,
    );
  }
  if (before?.instanceType && given.instanceType !== before.instanceType) {
    throw invalid(
      `properties.instanceType is '${given.instanceType}', expected '${before.instanceType}': it cannot be changed after creation.`,
    );
  }
  const longest = MAX_REQUEST_TIMEOUT_MS[given.endpointComputeType ?? "Managed"];
  const timeout = given.requestSettings?.requestTimeout;
  if (timeout && readDuration("properties.requestSettings.requestTimeout", timeout) > longest) {
    throw invalid(
      `properties.requestSettings.requestTimeout is ${timeout}, expected at most PT${longest / 1000}S.`,
    );
  }
  return given;
}
