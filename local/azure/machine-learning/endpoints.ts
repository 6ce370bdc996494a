import { isDeepStrictEqual } from "node:util";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Computes } from "./computes.ts";
import { type Context, guidOf, workspaceId } from "./context.ts";
import type { DeploymentProperties } from "./deployment.ts";
import {
  checkMirror,
  checkTraffic,
  ENDPOINT_BODY,
  ENDPOINT_PATCH,
  type EndpointProperties,
  type EndpointSecrets,
  type GivenKeys,
  MIRROR_SINCE,
  renderEndpoint,
} from "./endpoint.ts";
import { EndpointKeys, type EndpointRow, newKey } from "./endpoint-keys.ts";
import type { ModelHost } from "./model-host.ts";
import { checkEndpointName } from "./names.ts";
import type { Operation, Operations } from "./operations.ts";
import { page, readCount, readTags } from "./paging.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Usages } from "./usages.ts";

export interface EndpointParts {
  readonly operations: Operations;
  readonly usages: Usages;
  readonly computes: Computes;
  readonly host: ModelHost;
}

/** Managed online endpoints: a stable address, and how its traffic is split. */
export class Endpoints {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #usages: Usages;
  readonly #computes: Computes;
  readonly #host: ModelHost;
  readonly #keys: EndpointKeys;

  constructor(context: Context, { operations, usages, computes, host }: EndpointParts) {
    this.#context = context;
    this.#usages = usages;
    this.#computes = computes;
    this.#host = host;
    this.#operations = operations;
    this.#keys = new EndpointKeys(context, operations, (call, name) => this.existing(call, name));
    const settle = (target: string) => this.#setState(target, "Succeeded");
    const render = (target: string, request: ServiceRequest) => {
      const found = context.store.get<EndpointProperties>(target)?.resource;
      return found && renderEndpoint(found, request);
    };
    operations.define("endpoint", { prefix: "oe", finish: settle, render });
    operations.define("endpoint-deletion", { prefix: "oe", finish: (target) => this.#remove(target) });
  }

  register(router: Router): void {
    const at = "onlineEndpoints/*";
    router
      .on("GET", "onlineEndpoints", (call) => this.#list(call))
      .on("GET", at, (call, name: string) => this.#answer(call, 200, this.existing(call, name).resource))
      .on("PUT", at, (call, name: string) => this.#put(call, name))
      .on("PATCH", at, (call, name: string) => this.#patch(call, name))
      .on("DELETE", at, (call, name: string) => this.#delete(call, name));
    this.#keys.register(router);
  }

  /** @throws {Refusal} 404 */
  existing(call: Call, name: string): EndpointRow {
    const found = this.#context.store.get<EndpointProperties, EndpointSecrets>(
      `${call.workspace}/onlineEndpoints/${name}`,
    );
    if (!found) throw notFound(`Online endpoint '${name}' does not exist in this workspace.`);
    return found;
  }

  #put(call: Call, name: string): ServiceAnswer {
    checkEndpointName("endpoint", name);
    const body = readBody(call.request, ENDPOINT_BODY);
    const mirror = body.properties.mirrorTraffic ?? {};
    if (Object.keys(mirror).length > 0 && call.apiVersion < MIRROR_SINCE) {
      throw invalid(
        `mirrorTraffic is not known at api-version ${call.apiVersion}, expected ${MIRROR_SINCE} or newer.`,
      );
    }
    const id = `${call.workspace}/onlineEndpoints/${name}`;
    const before = this.#context.store.get<EndpointProperties, EndpointSecrets>(id);
    if (before) this.#refuseWhenBusy(before);
    else refuseTakenName(this.#context, name);
    const deployments = before ? this.#deploymentNames(before) : [];
    const traffic = checkTraffic(name, body.properties.traffic ?? {}, deployments);
    const { authMode, description, properties, compute, publicNetworkAccess } = body.properties;
    this.#checkCompute(call.workspace, compute, before);
    const mirrorTraffic = checkMirror(name, { mirror, traffic, compute }, deployments);
    const resource: Resource<EndpointProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? name,
      type: `${PROVIDER}/workspaces/onlineEndpoints`,
      location: body.location,
      kind: body.kind ?? (compute ? "K8S" : "Managed"),
      tags: body.tags ?? {},
      identity: identityOf(id, body.identity),
      ...(body.sku && { sku: body.sku }),
      properties: {
        authMode,
        publicNetworkAccess: publicNetworkAccess ?? "Enabled",
        traffic,
        mirrorTraffic,
        ...(description && { description }),
        ...(compute && { compute }),
        properties: { ...properties, "azureml.onlineendpointid": id.toLowerCase() },
        provisioningState: before ? "Updating" : "Creating",
      },
      systemData: systemData(this.#context.clock.now(), before?.resource.systemData),
    };
    const operation = this.#begin(resource, before, body.properties.keys);
    if (before) return this.#answer(call, 200, resource);
    return {
      ...this.#answer(call, 201, resource),
      headers: this.#operations.creationHeaders(call.request, operation),
    };
  }

  /** Without a compute it is managed; with one, that must be a Kubernetes cluster, for good. */
  #checkCompute(
    workspace: string,
    compute: string | null | undefined,
    before: EndpointRow | undefined,
  ): void {
    const served = before?.resource.properties.compute ?? undefined;
    if (before && (compute ?? undefined)?.toLowerCase() !== served?.toLowerCase()) {
      throw invalid(
        `properties.compute is '${compute ?? ""}', expected '${served ?? ""}': it cannot be changed after creation.`,
      );
    }
    if (!compute) return;
    const found = this.#computes.check("properties.compute", compute, workspace);
    if (found.properties.computeType === "Kubernetes") return;
    throw invalid(
      `properties.compute is of type ${found.properties.computeType}, expected Kubernetes, or none for a managed endpoint.`,
    );
  }

  #begin(
    resource: Resource<EndpointProperties>,
    before: EndpointRow | undefined,
    given: GivenKeys,
  ): Operation {
    const { store, provisioning } = this.#context;
    const secrets: EndpointSecrets = before?.hidden ?? {
      primaryKey: given?.primaryKey ?? newKey(),
      secondaryKey: given?.secondaryKey ?? newKey(),
      tokens: {},
    };
    return store.transaction(() => {
      const served = before?.resource.properties.traffic ?? {};
      if (!isDeepStrictEqual(served, resource.properties.traffic)) store.count("trafficChanges");
      store.put(resource, secrets);
      return this.#operations.start("endpoint", resource.id, provisioning.endpointMs);
    });
  }

  #patch(call: Call, name: string): ServiceAnswer {
    const before = this.existing(call, name);
    const body = readBody(call.request, ENDPOINT_PATCH);
    this.#refuseWhenBusy(before);
    const { store, clock, provisioning } = this.#context;
    const operation = store.transaction(() => {
      store.put(
        {
          ...before.resource,
          tags: { ...before.resource.tags, ...body.tags },
          ...(body.identity && { identity: identityOf(before.resource.id, body.identity) }),
          properties: { ...before.resource.properties, provisioningState: "Updating" },
          systemData: systemData(clock.now(), before.resource.systemData),
        },
        before.hidden,
      );
      return this.#operations.start("endpoint", before.resource.id, provisioning.endpointMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #delete(call: Call, name: string): ServiceAnswer {
    const { store, provisioning } = this.#context;
    const found = store.get<EndpointProperties, EndpointSecrets>(`${call.workspace}/onlineEndpoints/${name}`);
    if (!found) return { status: 204 };
    this.#refuseWhenBusy(found);
    const operation = store.transaction(() => {
      this.#setState(found.key, "Deleting");
      return this.#operations.start("endpoint-deletion", found.resource.id, provisioning.deleteMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #remove(target: string): void {
    const { store } = this.#context;
    for (const deployment of store.list(`${target}/deployments`)) {
      store.delete(deployment.key);
      this.#usages.end(deployment.key);
      this.#host.unload(deployment.key);
      this.#context.measurements.end(deployment.key);
      store.count("deploymentsDeleted");
    }
    store.delete(target);
  }

  #list(call: Call): ServiceAnswer {
    const { query } = call.request;
    const order = (query.get("orderBy") ?? "CreatedAtDesc").toLowerCase();
    const sortKey = order.startsWith("updatedat") ? "lastModifiedAt" : "createdAt";
    if (!/^(createdat|updatedat)(asc|desc)$/.test(order)) {
      throw invalid(
        `orderBy is '${order}', expected CreatedAtDesc, CreatedAtAsc, UpdatedAtDesc or UpdatedAtAsc.`,
      );
    }
    const name = query.get("name")?.toLowerCase();
    const type = query.get("computeType")?.toLowerCase();
    if (type !== undefined && !["managed", "kubernetes", "azuremlcompute"].includes(type)) {
      throw invalid(`computeType is '${type}', expected Managed, Kubernetes or AzureMLCompute.`);
    }
    const isTagged = readTags(call);
    const listed = this.#context.store
      .list<EndpointProperties>(`${call.workspace}/onlineEndpoints`)
      .map(({ resource }) => resource)
      .filter((resource) => name === undefined || resource.name.toLowerCase() === name)
      .filter(
        ({ properties }) => type === undefined || type === (properties.compute ? "kubernetes" : "managed"),
      )
      .filter(({ tags, properties }) => isTagged({ tags, properties: properties.properties }))
      .sort((a, b) => a.systemData[sortKey].localeCompare(b.systemData[sortKey]));
    const ordered = order.endsWith("desc") ? listed.reverse() : listed;
    const size = readCount(call, "count");
    return page(
      call,
      ordered.map((resource) => renderEndpoint(resource, call.request)),
      size === undefined ? {} : { size },
    );
  }

  #refuseWhenBusy({ resource }: EndpointRow): void {
    const { provisioningState } = resource.properties;
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(
      `Endpoint '${resource.name}' is in ${provisioningState} provisioning state: wait for the operation under way.`,
    );
  }

  /** Without those that are being deleted: traffic given to one would be lost with it. */
  #deploymentNames(endpoint: EndpointRow): string[] {
    return this.#context.store
      .list<DeploymentProperties>(`${endpoint.key}/deployments`)
      .filter(({ resource }) => resource.properties.provisioningState !== "Deleting")
      .map(({ resource }) => resource.name);
  }

  #setState(target: string, provisioningState: EndpointProperties["provisioningState"]): void {
    const { store } = this.#context;
    const found = store.get<EndpointProperties>(target);
    if (!found) return;
    const properties = { ...found.resource.properties, provisioningState };
    store.put({ ...found.resource, properties }, found.hidden);
  }

  #answer(call: Call, status: number, resource: Resource<EndpointProperties>): ServiceAnswer {
    return { status, body: renderEndpoint(resource, call.request) };
  }
}

/** Endpoints of a subscription in a region, of all kinds. */
const MOST_ENDPOINTS = 100;

/** @throws {Refusal} 409 when the name is taken in the region, 400 when there are too many */
export function refuseTakenName(context: Context, name: string): void {
  const names = context.workspaces().flatMap((workspace) => {
    const id = workspaceId(context, workspace);
    return [...context.store.names(`${id}/onlineEndpoints`), ...context.store.names(`${id}/batchEndpoints`)];
  });
  if (names.some((taken) => taken.toLowerCase() === name.toLowerCase())) {
    throw conflict(`Endpoint name '${name}' is taken. Endpoint name needs to be unique within a region.`);
  }
  if (names.length >= MOST_ENDPOINTS) {
    throw invalid(
      `The subscription has ${names.length} endpoints in this region, expected fewer than ${MOST_ENDPOINTS}.`,
      "QuotaExceeded",
    );
  }
}

/** The endpoint of that name in whichever workspace. */
export function findEndpoint(context: Context, name: string): EndpointRow | undefined {
  return context
    .workspaces()
    .map((workspace) =>
      context.store.get<EndpointProperties, EndpointSecrets>(
        `${workspaceId(context, workspace)}/onlineEndpoints/${name}`,
      ),
    )
    .find((row) => row !== undefined);
}

function identityOf(id: string, given: object | null | undefined): object {
  const type = given && "type" in given ? given.type : "SystemAssigned";
  return { ...given, type, principalId: guidOf(`principal ${id}`), tenantId: guidOf("tenant") };
}
