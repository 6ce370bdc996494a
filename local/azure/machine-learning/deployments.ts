import type { ServiceAnswer } from "../service.ts";
import type { Assets } from "./assets.ts";
import { type Context, workspaceOf } from "./context.ts";
import {
  COLLECTOR_SINCE,
  DEPLOYMENT_BODY,
  DEPLOYMENT_PATCH,
  type DeploymentProperties,
  type DeploymentRow,
  type DeploymentSecrets,
  LOGS_BODY,
  MAX_INSTANCES,
  MOST_DEPLOYMENTS,
} from "./deployment.ts";
import { checkProperties, checkTarget } from "./deployment-checks.ts";
import { DeploymentLife, type DeploymentLifeParts } from "./deployment-life.ts";
import type { EndpointProperties } from "./endpoint.ts";
import type { Endpoints } from "./endpoints.ts";
import { checkEnvironment } from "./environments.ts";
import type { ModelHost } from "./model-host.ts";
import { checkEndpointName } from "./names.ts";
import type { Operations } from "./operations.ts";
import { isNewestFirst, page, readCount } from "./paging.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";

export interface DeploymentParts extends DeploymentLifeParts {
  readonly endpoints: Endpoints;
  readonly assets: Assets;
}

/** Deployments behind online endpoints: each serves one model, loaded here when its operation ends. */
export class Deployments {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #endpoints: Endpoints;
  readonly #host: ModelHost;
  readonly #assets: Assets;

  constructor(context: Context, operations: Operations, parts: DeploymentParts) {
    this.#context = context;
    this.#operations = operations;
    this.#endpoints = parts.endpoints;
    this.#host = parts.host;
    this.#assets = parts.assets;
    new DeploymentLife(context, parts).define(operations);
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
    if (given.environmentId)
      checkEnvironment(this.#assets, call.workspace, "properties.environmentId", given.environmentId);
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
      const properties = { ...found.resource.properties, provisioningState: "Deleting" as const };
      store.put({ ...found.resource, properties }, found.hidden);
      return this.#operations.start("deployment-deletion", found.resource.id, provisioning.deleteMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
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
