import type { ServiceAnswer } from "../service.ts";
import { ClusterNodes } from "./cluster-nodes.ts";
import {
  COMPUTE_BODY,
  COMPUTE_PATCH,
  type ComputeBody,
  type ComputeProperties,
  clusterState,
  type InstanceState,
} from "./compute.ts";
import { type Context, guidOf, workspaceId, workspaceOf } from "./context.ts";
import type { EndpointProperties } from "./endpoint.ts";
import type { JobProperties } from "./job-definition.ts";
import { checkSize } from "./machines.ts";
import { checkAssetName } from "./names.ts";
import { newCompute } from "./new-compute.ts";
import type { Operations } from "./operations.ts";
import { page } from "./paging.ts";
import { conflict, invalid, Refusal } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Runs } from "./runs.ts";
import { DEFAULT_VM_SIZE, type Usages } from "./usages.ts";

type Compute = Resource<ComputeProperties>;

export interface ComputeParts {
  readonly operations: Operations;
  readonly runs: Runs;
  readonly usages: Usages;
}

const INSTANCE_ACTIONS = {
  start: { from: "Stopped", during: "Starting", to: "Running", name: "Start" },
  stop: { from: "Running", during: "Stopping", to: "Stopped", name: "Stop" },
  restart: { from: "Running", during: "Restarting", to: "Running", name: "Restart" },
} as const;
type InstanceAction = keyof typeof INSTANCE_ACTIONS;

/** Clusters, instances and attached Kubernetes clusters. Jobs run on this machine, whichever they name. */
export class Computes {
  readonly #context: Context;
  readonly #parts: ComputeParts;
  readonly #nodes: ClusterNodes;

  constructor(context: Context, parts: ComputeParts) {
    this.#context = context;
    this.#parts = parts;
    this.#nodes = new ClusterNodes(context, parts.runs);
    const { operations } = parts;
    const room = "compute";
    operations.define("compute", { room, finish: (target) => this.#settle(target, "Create", "Running") });
    operations.define("compute-deletion", { room, finish: (target) => this.#remove(target) });
    for (const { name, to } of Object.values(INSTANCE_ACTIONS)) {
      operations.define(`compute-${name.toLowerCase()}`, {
        room,
        finish: (target) => this.#settle(target, name, to),
      });
    }
  }

  register(router: Router): void {
    const one = "computes/*";
    router
      .on("GET", "computes", (call) => this.#list(call))
      .on("GET", one, (call, name: string) => ({ status: 200, body: this.#render(this.#of(call, name)) }))
      .on("PUT", one, (call, name: string) => this.#put(call, name))
      .on("PATCH", one, (call, name: string) => this.#patch(call, name))
      .on("DELETE", one, (call, name: string) => this.#delete(call, name))
      .on("POST", `${one}/listNodes`, (call, name: string) => this.#listNodes(call, name));
    for (const action of ["start", "stop", "restart"] as const) {
      router.on("POST", `${one}/${action}`, (call, name: string) => this.#act(call, name, action));
    }
  }

  /** The clusters that a workspace of the stand-in begins with. */
  seed(workspace: string, names: readonly string[]): void {
    for (const name of names) {
      const id = `${workspaceId(this.#context, workspace)}/computes/${name}`;
      const scaleSettings = { minNodeCount: 0, maxNodeCount: 2, nodeIdleTimeBeforeScaleDown: "PT2M" };
      const vmSize = DEFAULT_VM_SIZE.toUpperCase();
      const body: ComputeBody = {
        properties: {
          computeType: "AmlCompute",
          properties: { vmSize, vmPriority: "Dedicated", scaleSettings },
        },
      };
      if (!this.find(id)) this.#write(id, name, body, "Succeeded");
      const made = this.find(id);
      if (made) this.#nodes.note(made);
    }
  }

  /** By its resource id, or by its name in the workspace. */
  find(computeId: string, workspace = ""): Compute | undefined {
    const name = computeId.replace(/^azureml:/i, "");
    const id = name.startsWith("/") ? name : `${workspace}/computes/${name}`;
    return this.#context.store.get<ComputeProperties>(id)?.resource;
  }

  /** @throws {Refusal} 400 when a definition names a compute that is not there or not ready */
  check(field: string, computeId: string, workspace: string): Compute {
    const found = this.find(computeId, workspace);
    if (!found)
      throw invalid(`${field} is '${computeId}', which is no compute of this workspace.`, "NotFound");
    const { provisioningState } = found.properties;
    if (provisioningState === "Succeeded") return found;
    throw invalid(
      `${field} names compute '${found.name}', which is ${provisioningState}, expected Succeeded.`,
    );
  }

  /** What a job's machines are paid as: those of its cluster, or serverless ones; a cluster of one's own is not. */
  machinesOf({ id, properties }: Resource<JobProperties>): { sku: string; instances: number } | undefined {
    if (properties.jobType === "Pipeline") return undefined;
    const compute = this.find(properties.computeId ?? "", workspaceOf(id));
    if (compute && compute.properties.computeType !== "AmlCompute") return undefined;
    const { instanceType, instanceCount } = properties.resources ?? {};
    const size = compute?.properties.properties?.vmSize || instanceType || DEFAULT_VM_SIZE;
    return { sku: size, instances: instanceCount ?? 1 };
  }

  /** What a job has to wait for: a compute that the service makes for it, nodes of its cluster, or nothing. */
  needOf({ id, properties }: Resource<JobProperties>): "compute" | "nodes" | undefined {
    if (!properties.computeId) return "compute";
    const compute = this.find(properties.computeId, workspaceOf(id));
    if (compute?.properties.computeType !== "AmlCompute") return undefined;
    return this.#nodes.of(compute).idle > 0 ? undefined : "nodes";
  }

  /** `AmlCompute` and the like; empty for a job that names no compute. */
  typeOf({ id, properties }: Resource<JobProperties>): string {
    return this.find(properties.computeId ?? "", workspaceOf(id))?.properties.computeType ?? "";
  }

  /** To be called whenever a job has another status. */
  noteJob({ id, properties }: Resource<JobProperties>): void {
    const compute = properties.computeId ? this.find(properties.computeId, workspaceOf(id)) : undefined;
    if (compute) this.#nodes.note(compute);
  }

  #of(call: Call, name: string): Compute {
    const found = this.find(name, call.workspace);
    if (found) return found;
    throw new Refusal(404, "ResourceNotFound", `Compute '${name}' does not exist in this workspace.`);
  }

  #put(call: Call, name: string): ServiceAnswer {
    checkAssetName("compute", name);
    const body = readBody(call.request, COMPUTE_BODY);
    const id = `${call.workspace}/computes/${name}`;
    const before = this.find(id);
    if (before) this.#refuseWhenBusy(before);
    if (body.properties.computeType !== "Kubernetes")
      checkSize("properties.properties.vmSize", body.properties.properties.vmSize);
    if (before && before.properties.computeType !== body.properties.computeType) {
      throw conflict(
        `Compute '${name}' is of type ${before.properties.computeType} and cannot become ${body.properties.computeType}.`,
      );
    }
    const { store, provisioning } = this.#context;
    const operation = store.transaction(() => {
      this.#write(id, name, body, before ? "Updating" : "Creating");
      return this.#parts.operations.start("compute", id, provisioning.endpointMs);
    });
    const answer = { status: before ? 200 : 201, body: this.#render(this.#of(call, name)) };
    if (before) return answer;
    return { ...answer, headers: this.#parts.operations.creationHeaders(call.request, operation) };
  }

  #patch(call: Call, name: string): ServiceAnswer {
    const { scaleSettings } = readBody(call.request, COMPUTE_PATCH).properties.properties;
    const found = this.#of(call, name);
    if (found.properties.computeType !== "AmlCompute") {
      throw invalid(`Compute '${name}' is of type ${found.properties.computeType}, expected AmlCompute.`);
    }
    this.#refuseWhenBusy(found);
    const properties = { ...found.properties.properties, scaleSettings };
    this.#context.store.transaction(() => {
      this.#save({ ...found, properties: { ...found.properties, properties } });
      this.#nodes.note(this.#of(call, name));
    });
    return { status: 200, body: this.#render(this.#of(call, name)) };
  }

  #delete(call: Call, name: string): ServiceAnswer {
    const action = call.request.query.get("underlyingResourceAction");
    if (action !== "Delete" && action !== "Detach") {
      throw invalid(`underlyingResourceAction is '${action ?? ""}', expected Delete or Detach.`);
    }
    const found = this.find(name, call.workspace);
    if (!found) return { status: 204 };
    this.#refuseWhenBusy(found);
    const isAttached = found.properties.isAttachedCompute;
    if (action === "Detach" && !isAttached) {
      throw invalid(
        `Compute '${name}' was made in this workspace, expected underlyingResourceAction Delete.`,
      );
    }
    this.#refuseWhenServing(call.workspace, found);
    const { store, provisioning } = this.#context;
    const { operations } = this.#parts;
    const operation = store.transaction(() => {
      this.#save({ ...found, properties: { ...found.properties, provisioningState: "Deleting" } });
      return operations.start("compute-deletion", found.id, provisioning.deleteMs);
    });
    const { "azure-asyncoperation": status = "" } = operations.creationHeaders(call.request, operation);
    const headers = {
      ...operations.acceptedHeaders(call.request, operation),
      "azure-asyncoperation": status,
    };
    return { status: 202, headers };
  }

  /** Instances alone can be started and stopped: a cluster scales to zero by itself. */
  #act(call: Call, name: string, action: InstanceAction): ServiceAnswer {
    const found = this.#of(call, name);
    const { from, during } = INSTANCE_ACTIONS[action];
    if (found.properties.computeType !== "ComputeInstance") {
      throw invalid(
        `Compute '${name}' is of type ${found.properties.computeType}, expected a ComputeInstance to ${action}.`,
      );
    }
    const state = found.properties.properties?.state;
    if (state !== from) throw conflict(`Compute '${name}' is ${state}, expected ${from} to ${action} it.`);
    const { store, provisioning } = this.#context;
    const operation = store.transaction(() => {
      this.#setInstance(found, during, INSTANCE_ACTIONS[action].name, "InProgress");
      return this.#parts.operations.start(`compute-${action}`, found.id, provisioning.endpointMs);
    });
    return { status: 202, headers: this.#parts.operations.acceptedHeaders(call.request, operation) };
  }

  #listNodes(call: Call, name: string): ServiceAnswer {
    const found = this.#of(call, name);
    const nodes = this.#nodes.jobsOn(found).map(({ resource }) => ({
      nodeId: `tvmps_${guidOf(resource.id)}_d`,
      privateIpAddress: "127.0.0.1",
      port: 22,
      nodeState: "running",
      runId: resource.name,
    }));
    return { status: 200, body: { nodes } };
  }

  #list(call: Call): ServiceAnswer {
    const listed = this.#context.store.list<ComputeProperties>(`${call.workspace}/computes`);
    return page(
      call,
      listed.map(({ resource }) => this.#render(resource)),
    );
  }

  #render(compute: Compute): object {
    if (compute.properties.computeType !== "AmlCompute") return compute;
    const properties = {
      ...compute.properties.properties,
      ...clusterState(this.#nodes.of(compute)),
    };
    return { ...compute, properties: { ...compute.properties, properties } };
  }

  #write(
    id: string,
    name: string,
    body: ComputeBody,
    provisioningState: ComputeProperties["provisioningState"],
  ): void {
    const before = this.find(id);
    this.#save(newCompute(this.#context, { id, name, before }, body, provisioningState));
  }

  #settle(target: string, operation: "Create" | "Start" | "Stop" | "Restart", state: InstanceState): void {
    const found = this.find(target);
    if (!found) return;
    const settled: Compute = {
      ...found,
      properties: { ...found.properties, provisioningState: "Succeeded" },
    };
    if (found.properties.computeType !== "ComputeInstance") {
      this.#save(settled);
      this.#nodes.note(settled);
      return;
    }
    this.#setInstance(settled, state, operation, "Succeeded");
    const size = found.properties.properties?.vmSize ?? DEFAULT_VM_SIZE;
    if (state === "Running") this.#parts.usages.begin(found.id, size, 1);
    else this.#parts.usages.end(found.id);
  }

  #setInstance(found: Compute, state: InstanceState, operationName: string, operationStatus: string): void {
    const operationTime = new Date(this.#context.clock.now()).toISOString();
    const lastOperation = { operationName, operationTime, operationStatus, operationTrigger: "User" };
    const properties = { ...found.properties.properties, state, lastOperation };
    this.#save({ ...found, properties: { ...found.properties, properties } });
  }

  #remove(target: string): void {
    this.#parts.usages.end(target);
    const found = this.find(target);
    if (found) this.#nodes.end(found);
    this.#context.store.delete(target);
  }

  #refuseWhenBusy({ name, properties: { provisioningState } }: Compute): void {
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(`Compute '${name}' is ${provisioningState}: wait for the operation under way.`);
  }

  /** No source tells what Azure answers: left without its cluster, an endpoint would serve from nowhere. */
  #refuseWhenServing(workspace: string, { id, name }: Compute): void {
    const endpoint = this.#context.store
      .list<EndpointProperties>(`${workspace}/onlineEndpoints`)
      .find(({ resource }) => this.find(resource.properties.compute ?? "", workspace)?.id === id);
    if (!endpoint) return;
    throw conflict(
      `Compute '${name}' has online endpoint '${endpoint.resource.name}' on it: delete the endpoint first.`,
    );
  }

  #save(compute: Compute): void {
    this.#context.store.put(compute);
  }
}
