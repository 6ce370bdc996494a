import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ServiceAnswer } from "../service.ts";
import type { Assets } from "./assets.ts";
import {
  BATCH_DEFAULTS,
  BATCH_DEPLOYMENT_BODY,
  BATCH_DEPLOYMENT_PATCH,
  type BatchDeploymentProperties,
  modelUri,
} from "./batch.ts";
import type { BatchEndpoints } from "./batch-endpoints.ts";
import type { Computes } from "./computes.ts";
import type { Context } from "./context.ts";
import { workspaceOf } from "./context.ts";
import { checkEnvironment } from "./environments.ts";
import { takeFault } from "./faults.ts";
import { checkEndpointName } from "./names.ts";
import type { OperationError, Operations } from "./operations.ts";
import { isNewestFirst, page, readCount } from "./paging.ts";
import type { Paths } from "./paths.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Row } from "./store.ts";

type DeploymentRow = Row<BatchDeploymentProperties>;

export interface BatchDeploymentParts {
  readonly operations: Operations;
  readonly endpoints: BatchEndpoints;
  readonly computes: Computes;
  readonly assets: Assets;
  readonly paths: Paths;
}

/** Deployments behind batch endpoints: which model runs over what it is given, and on which cluster. */
export class BatchDeployments {
  readonly #context: Context;
  readonly #parts: BatchDeploymentParts;

  constructor(context: Context, parts: BatchDeploymentParts) {
    this.#context = context;
    this.#parts = parts;
    const prefix = "bd";
    parts.operations.define("batch-deployment", {
      prefix,
      prepare: (target) => this.#prepare(target),
      finish: (target, error) => this.#setState(target, error ? "Failed" : "Succeeded"),
    });
    parts.operations.define("batch-deployment-deletion", {
      prefix,
      finish: (target) => context.store.delete(target),
    });
  }

  register(router: Router): void {
    const all = "batchEndpoints/*/deployments";
    const one = `${all}/*`;
    router
      .on("GET", all, (call, endpoint: string) => this.#list(call, endpoint))
      .on("GET", one, (call, endpoint: string, name: string) => ({
        status: 200,
        body: this.#existing(call, endpoint, name).resource,
      }))
      .on("PUT", one, (call, endpoint: string, name: string) => this.#put(call, endpoint, name))
      .on("PATCH", one, (call, endpoint: string, name: string) => this.#patch(call, endpoint, name))
      .on("DELETE", one, (call, endpoint: string, name: string) => this.#delete(call, endpoint, name));
  }

  #existing(call: Call, endpoint: string, name: string): DeploymentRow {
    const { key } = this.#parts.endpoints.existing(call, endpoint);
    const found = this.#context.store.get<BatchDeploymentProperties>(`${key}/deployments/${name}`);
    if (!found) throw notFound(`Batch endpoint '${endpoint}' has no deployment '${name}'.`);
    return found;
  }

  #put(call: Call, endpointName: string, name: string): ServiceAnswer {
    checkEndpointName("deployment", name);
    const body = readBody(call.request, BATCH_DEPLOYMENT_BODY);
    const { operations, endpoints, computes } = this.#parts;
    const endpoint = endpoints.existing(call, endpointName).resource;
    const { provisioningState } = endpoint.properties;
    if (provisioningState !== "Succeeded") {
      throw conflict(
        `Cannot create a deployment in endpoint ${endpointName} because it is in ${provisioningState} provisioning state.`,
      );
    }
    if (body.properties.compute)
      computes.check("properties.compute", body.properties.compute, call.workspace);
    const { environmentId } = body.properties;
    if (environmentId)
      checkEnvironment(this.#parts.assets, call.workspace, "properties.environmentId", environmentId);
    const { store, clock, provisioning } = this.#context;
    const id = `${endpoint.id}/deployments/${name}`;
    const before = store.get<BatchDeploymentProperties>(id);
    if (before) this.#refuseWhenBusy(before);
    const { retrySettings } = body.properties;
    const resource: Resource<BatchDeploymentProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? name,
      type: `${PROVIDER}/workspaces/batchEndpoints/deployments`,
      location: body.location,
      ...(body.kind && { kind: body.kind }),
      tags: body.tags ?? {},
      properties: {
        ...BATCH_DEFAULTS,
        ...body.properties,
        retrySettings: { ...BATCH_DEFAULTS.retrySettings, ...retrySettings },
        provisioningState: before ? "Updating" : "Creating",
      },
      systemData: systemData(clock.now(), before?.resource.systemData),
    };
    const operation = store.transaction(() => {
      store.put(resource);
      return operations.start("batch-deployment", resource.id, provisioning.deploymentMs);
    });
    if (before) return { status: 200, body: resource };
    return { status: 201, headers: operations.creationHeaders(call.request, operation), body: resource };
  }

  /** Nothing is kept running for a batch deployment: it is ready when its model is there. */
  async #prepare(target: string): Promise<OperationError | undefined> {
    const found = this.#context.store.get<BatchDeploymentProperties>(target)?.resource;
    if (!found) return { code: "ResourceNotFound", message: "The deployment was deleted while it was made." };
    const fault = takeFault(this.#context.takeFault, "deployment", found.name, "InternalServerError");
    if (fault) return fault;
    try {
      const folder = this.#parts.paths.resolve(
        workspaceOf(target),
        modelUri(found.properties.model),
        "models",
      );
      if (existsSync(join(folder, "MLmodel"))) return undefined;
      return {
        code: "ResourceNotReady",
        message: `The model of deployment '${found.name}' has no MLmodel file.`,
      };
    } catch (error) {
      return { code: "BadArgument", message: error instanceof Error ? error.message : String(error) };
    }
  }

  #patch(call: Call, endpoint: string, name: string): ServiceAnswer {
    const before = this.#existing(call, endpoint, name);
    const body = readBody(call.request, BATCH_DEPLOYMENT_PATCH);
    this.#refuseWhenBusy(before);
    const { store, clock } = this.#context;
    const description = body.properties?.description;
    const resource = {
      ...before.resource,
      tags: { ...before.resource.tags, ...body.tags },
      properties: { ...before.resource.properties, ...(description && { description }) },
      systemData: systemData(clock.now(), before.resource.systemData),
    };
    store.put(resource);
    return { status: 200, body: resource };
  }

  #delete(call: Call, endpointName: string, name: string): ServiceAnswer {
    const endpoint = this.#parts.endpoints.existing(call, endpointName);
    const { store, provisioning } = this.#context;
    const found = store.get<BatchDeploymentProperties>(`${endpoint.key}/deployments/${name}`);
    if (!found) return { status: 204 };
    const served = endpoint.resource.properties.defaults?.deploymentName ?? "";
    if (served.toLowerCase() === found.resource.name.toLowerCase()) {
      throw invalid(
        `Deployment '${name}' is the default of endpoint '${endpointName}', expected another default first.`,
      );
    }
    this.#refuseWhenBusy(found);
    const operation = store.transaction(() => {
      this.#setState(found.key, "Deleting");
      return this.#parts.operations.start(
        "batch-deployment-deletion",
        found.resource.id,
        provisioning.deleteMs,
      );
    });
    return { status: 202, headers: this.#parts.operations.acceptedHeaders(call.request, operation) };
  }

  #list(call: Call, endpoint: string): ServiceAnswer {
    const { key } = this.#parts.endpoints.existing(call, endpoint);
    const listed = this.#context.store.list(`${key}/deployments`).map(({ resource }) => resource);
    const top = readCount(call, "$top");
    return page(call, isNewestFirst(call) ? listed.reverse() : listed, top === undefined ? {} : { top });
  }

  #refuseWhenBusy({ resource: { name, properties } }: DeploymentRow): void {
    const { provisioningState } = properties;
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(
      `Deployment '${name}' is in ${provisioningState} provisioning state: wait for the operation under way.`,
    );
  }

  #setState(target: string, provisioningState: BatchDeploymentProperties["provisioningState"]): void {
    const found = this.#context.store.get<BatchDeploymentProperties>(target)?.resource;
    if (!found) return;
    this.#context.store.put({ ...found, properties: { ...found.properties, provisioningState } });
  }
}
