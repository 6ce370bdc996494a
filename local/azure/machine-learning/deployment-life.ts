import { type Context, workspaceOf } from "./context.ts";
import type { DeploymentProperties, DeploymentRow, DeploymentSecrets } from "./deployment.ts";
import type { EndpointProperties } from "./endpoint.ts";
import { takeFault } from "./faults.ts";
import type { ModelHost } from "./model-host.ts";
import type { OperationError, Operations } from "./operations.ts";
import type { Quotas } from "./quotas.ts";
import { parseReference } from "./reference.ts";
import { PROVIDER } from "./resource.ts";
import { DEFAULT_VM_SIZE, type Usages } from "./usages.ts";

const PLATFORM_FAILED = "InternalServerError";

export interface DeploymentLifeParts {
  readonly host: ModelHost;
  readonly usages: Usages;
  readonly quotas: Quotas;
}

/** What becomes of a deployment once an operation on it has been accepted: its model is loaded, it serves, it is gone. */
export class DeploymentLife {
  readonly #context: Context;
  readonly #host: ModelHost;
  readonly #usages: Usages;
  readonly #quotas: Quotas;

  constructor(context: Context, { host, usages, quotas }: DeploymentLifeParts) {
    this.#context = context;
    this.#host = host;
    this.#usages = usages;
    this.#quotas = quotas;
  }

  /** The three operations: `deployment`, `deployment-scaling` and `deployment-deletion`, each on a deployment's id. */
  define(operations: Operations): void {
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
