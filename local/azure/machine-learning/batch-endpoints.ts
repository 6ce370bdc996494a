import { randomBytes } from "node:crypto";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import {
  BATCH_ENDPOINT_BODY,
  BATCH_ENDPOINT_PATCH,
  type BatchEndpointProperties,
  renderBatchEndpoint,
} from "./batch.ts";
import { type Context, guidOf, workspaceId } from "./context.ts";
import type { GivenKeys } from "./endpoint.ts";
import { refuseTakenName } from "./endpoints.ts";
import { checkEndpointName } from "./names.ts";
import type { Operations } from "./operations.ts";
import { page, readCount } from "./paging.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Row } from "./store.ts";

interface Keys {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}
export type BatchEndpointRow = Row<BatchEndpointProperties, Keys>;

/** Batch endpoints: a stable address, and the deployment that takes what names none. */
export class BatchEndpoints {
  readonly #context: Context;
  readonly #operations: Operations;

  constructor(context: Context, operations: Operations) {
    this.#context = context;
    this.#operations = operations;
    const render = (target: string, request: ServiceRequest) => {
      const found = context.store.get<BatchEndpointProperties>(target)?.resource;
      return found && renderBatchEndpoint(found, request);
    };
    const prefix = "be";
    operations.define("batch-endpoint", {
      prefix,
      finish: (target) => this.#setState(target, "Succeeded"),
      render,
    });
    operations.define("batch-endpoint-deletion", { prefix, finish: (target) => this.#remove(target) });
  }

  register(router: Router): void {
    const at = "batchEndpoints/*";
    router
      .on("GET", "batchEndpoints", (call) => this.#list(call))
      .on("GET", at, (call, name: string) => this.#answer(call, 200, this.existing(call, name).resource))
      .on("PUT", at, (call, name: string) => this.#put(call, name))
      .on("PATCH", at, (call, name: string) => this.#patch(call, name))
      .on("DELETE", at, (call, name: string) => this.#delete(call, name))
      .on("POST", `${at}/listkeys`, (call, name: string) => this.#listKeys(call, name));
  }

  /** The endpoint of that name in whichever workspace. */
  find(name: string): BatchEndpointRow | undefined {
    return this.#context
      .workspaces()
      .map((workspace) => this.#get(`${workspaceId(this.#context, workspace)}/batchEndpoints/${name}`))
      .find((row) => row !== undefined);
  }

  /** @throws {Refusal} 404 */
  existing(call: Call, name: string): BatchEndpointRow {
    const found = this.#get(`${call.workspace}/batchEndpoints/${name}`);
    if (!found) throw notFound(`Batch endpoint '${name}' does not exist in this workspace.`);
    return found;
  }

  #put(call: Call, name: string): ServiceAnswer {
    checkEndpointName("endpoint", name);
    const body = readBody(call.request, BATCH_ENDPOINT_BODY);
    const id = `${call.workspace}/batchEndpoints/${name}`;
    const before = this.#get(id);
    if (before) this.#refuseWhenBusy(before);
    else refuseTakenName(this.#context, name);
    this.#checkDefault(id, body.properties.defaults?.deploymentName);
    const { keys, ...properties } = body.properties;
    const type = body.identity?.type ?? "SystemAssigned";
    const resource: Resource<BatchEndpointProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? name,
      type: `${PROVIDER}/workspaces/batchEndpoints`,
      location: body.location,
      ...(body.kind && { kind: body.kind }),
      ...(body.sku && { sku: body.sku }),
      tags: body.tags ?? {},
      identity: {
        ...body.identity,
        type,
        principalId: guidOf(`principal ${id}`),
        tenantId: guidOf("tenant"),
      },
      properties: {
        ...properties,
        properties: { ...properties.properties },
        provisioningState: before ? "Updating" : "Creating",
      },
      systemData: systemData(this.#context.clock.now(), before?.resource.systemData),
    };
    const operation = this.#context.store.transaction(() => {
      this.#context.store.put(resource, before?.hidden ?? newKeys(keys));
      return this.#operations.start("batch-endpoint", resource.id, this.#context.provisioning.endpointMs);
    });
    const answer = this.#answer(call, before ? 200 : 201, resource);
    return before
      ? answer
      : { ...answer, headers: this.#operations.creationHeaders(call.request, operation) };
  }

  #checkDefault(id: string, deployment: string | null | undefined): void {
    if (!deployment || this.#context.store.get(`${id}/deployments/${deployment}`)) return;
    throw invalid(
      `defaults.deploymentName is '${deployment}', expected a deployment that the endpoint has.`,
      "DeploymentNotFound",
    );
  }

  #patch(call: Call, name: string): ServiceAnswer {
    const before = this.existing(call, name);
    const body = readBody(call.request, BATCH_ENDPOINT_PATCH);
    this.#refuseWhenBusy(before);
    const { store, clock, provisioning } = this.#context;
    const operation = store.transaction(() => {
      store.put(
        {
          ...before.resource,
          tags: { ...before.resource.tags, ...body.tags },
          properties: { ...before.resource.properties, provisioningState: "Updating" },
          systemData: systemData(clock.now(), before.resource.systemData),
        },
        before.hidden,
      );
      return this.#operations.start("batch-endpoint", before.resource.id, provisioning.endpointMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #delete(call: Call, name: string): ServiceAnswer {
    const found = this.#get(`${call.workspace}/batchEndpoints/${name}`);
    if (!found) return { status: 204 };
    this.#refuseWhenBusy(found);
    const { store, provisioning } = this.#context;
    const operation = store.transaction(() => {
      this.#setState(found.key, "Deleting");
      return this.#operations.start("batch-endpoint-deletion", found.resource.id, provisioning.deleteMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #remove(target: string): void {
    const { store } = this.#context;
    for (const { key } of store.below(target)) store.delete(key);
    store.delete(target);
  }

  #list(call: Call): ServiceAnswer {
    const size = readCount(call, "count");
    const listed = this.#context.store.list<BatchEndpointProperties>(`${call.workspace}/batchEndpoints`);
    return page(
      call,
      listed.map(({ resource }) => renderBatchEndpoint(resource, call.request)).reverse(),
      size === undefined ? {} : { size },
    );
  }

  #listKeys(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.existing(call, name);
    if (resource.properties.authMode !== "Key") {
      throw invalid(`Endpoint '${name}' has authMode ${resource.properties.authMode}, expected Key.`);
    }
    return { status: 200, body: { primaryKey: hidden.primaryKey, secondaryKey: hidden.secondaryKey } };
  }

  #refuseWhenBusy({ resource: { name, properties } }: BatchEndpointRow): void {
    const { provisioningState } = properties;
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(
      `Endpoint '${name}' is in ${provisioningState} provisioning state: wait for the operation under way.`,
    );
  }

  #setState(target: string, provisioningState: BatchEndpointProperties["provisioningState"]): void {
    const found = this.#get(target);
    if (!found) return;
    const properties = { ...found.resource.properties, provisioningState };
    this.#context.store.put({ ...found.resource, properties }, found.hidden);
  }

  #get(id: string): BatchEndpointRow | undefined {
    return this.#context.store.get<BatchEndpointProperties, Keys>(id);
  }

  #answer(call: Call, status: number, resource: Resource<BatchEndpointProperties>): ServiceAnswer {
    return { status, body: renderBatchEndpoint(resource, call.request) };
  }
}

function newKeys(given: GivenKeys): Keys {
  const key = () => randomBytes(32).toString("base64url");
  return { primaryKey: given?.primaryKey ?? key(), secondaryKey: given?.secondaryKey ?? key() };
}
