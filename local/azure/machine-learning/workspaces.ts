import * as z from "zod";
import type { ServiceAnswer } from "../service.ts";
import { type Context, guidOf, workspaceId } from "./context.ts";
import type { JobRunner } from "./job-runner.ts";
import { checkPlaceName } from "./names.ts";
import type { Operations } from "./operations.ts";
import { invalid } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Runs } from "./runs.ts";
import type { Usages } from "./usages.ts";

interface WorkspaceProperties {
  readonly provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded";
  readonly friendlyName?: string | null | undefined;
}

const tags = z.record(z.string(), z.string()).nullish();
const sku = z.looseObject({ name: z.string() }).nullish();
const identity = z.looseObject({ type: z.string() }).nullish();
const properties = z.looseObject({ friendlyName: z.string().nullish(), description: z.string().nullish() });

const BODY = z.looseObject({
  location: z.string().min(1),
  tags,
  sku,
  identity,
  properties: properties.nullish(),
});
const PATCH = z.looseObject({ tags, sku, identity, properties: properties.nullish() });

export interface WorkspaceParts {
  readonly runs: Runs;
  readonly runner: JobRunner;
  readonly usages: Usages;
}

/** Workspaces: those that the stand-in begins with, and those that callers make. */
export class Workspaces {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #parts: WorkspaceParts;

  constructor(context: Context, operations: Operations, parts: WorkspaceParts) {
    this.#context = context;
    this.#operations = operations;
    this.#parts = parts;
    operations.define("workspace", {
      room: "workspace",
      finish: (target) => this.#setState(target, "Succeeded"),
      render: (target, { origin }) => this.render(target, origin),
    });
    operations.define("workspace-deletion", { room: "workspace", finish: (target) => this.#remove(target) });
  }

  register(router: Router): void {
    router
      .on("GET", "", (call) => ({ status: 200, body: this.render(call.workspace, call.request.origin) }))
      .on("PATCH", "", (call) => this.#patch(call))
      .on("DELETE", "", (call) => this.#delete(call));
  }

  /** Makes those that are missing. One that a caller has deleted is made again: the stand-in cannot be without. */
  seed(names: readonly string[]): void {
    for (const name of names) {
      if (this.#get(workspaceId(this.#context, name))) continue;
      this.#write(name, { location: this.#context.location }, "Succeeded");
    }
  }

  /** A workspace's own casing of its name; undefined when there is none of that name. */
  find(name: string): string | undefined {
    return this.#get(workspaceId(this.#context, name))?.name;
  }

  list(origin: string): object[] {
    return this.#context.workspaces().map((name) => this.render(workspaceId(this.#context, name), origin));
  }

  /** `PUT {workspaces}/{name}`: the one call for which the workspace need not be there. */
  put(call: Call): ServiceAnswer {
    checkPlaceName("workspace", call.workspaceName);
    const body = readBody(call.request, BODY);
    if (body.location !== this.#context.location) {
      throw invalid(
        `location is '${body.location}', expected ${this.#context.location}: the one region here.`,
      );
    }
    const { store, provisioning } = this.#context;
    const before = this.#get(call.workspace);
    const operation = store.transaction(() => {
      this.#write(call.workspaceName, body, before ? "Updating" : "Creating");
      return this.#operations.start("workspace", call.workspace, provisioning.endpointMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  /** As a caller sees it. */
  render(id: string, origin: string): object {
    const found = this.#get(id);
    if (!found) throw new Error(`Workspace '${id}' was asked for and is not there.`);
    const group = `/subscriptions/${this.#context.subscriptionId}/resourceGroups/${this.#context.resourceGroup}/providers`;
    return {
      ...found,
      properties: {
        workspaceId: guidOf(found.id),
        storageAccount: `${group}/Microsoft.Storage/storageAccounts/local`,
        keyVault: `${group}/Microsoft.KeyVault/vaults/local`,
        applicationInsights: `${group}/Microsoft.Insights/components/local`,
        discoveryUrl: `${origin}/discovery`,
        mlFlowTrackingUri: `azureml://${origin.replace(/^https?:\/\//, "")}/mlflow/v1.0${found.id}`,
        publicNetworkAccess: "Enabled",
        hbiWorkspace: false,
        v1LegacyMode: false,
        ...found.properties,
      },
    };
  }

  #patch(call: Call): ServiceAnswer {
    const body = readBody(call.request, PATCH);
    const before = this.#get(call.workspace);
    if (before) this.#write(before.name, { ...body, location: before.location ?? "" }, "Succeeded");
    return { status: 200, body: this.render(call.workspace, call.request.origin) };
  }

  #delete(call: Call): ServiceAnswer {
    const { store, provisioning } = this.#context;
    const operation = store.transaction(() => {
      this.#setState(call.workspace, "Deleting");
      return this.#operations.start("workspace-deletion", call.workspace, provisioning.deleteMs);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  /** With all that is in it: what runs ends. */
  #remove(target: string): void {
    const { store } = this.#context;
    const { runs, runner, usages } = this.#parts;
    for (const { key, resource } of runs.of(target)) {
      runner.cancel(resource.id);
      runs.remove(key);
    }
    usages.endBelow(target);
    this.#context.measurements.end(target);
    for (const { key } of store.below(target)) store.delete(key);
    store.delete(target);
  }

  #write(
    name: string,
    body: z.infer<typeof BODY>,
    provisioningState: WorkspaceProperties["provisioningState"],
  ): void {
    const { store, clock } = this.#context;
    const id = workspaceId(this.#context, name);
    const before = this.#get(id);
    const type = body.identity?.type ?? "SystemAssigned";
    store.put({
      id: before?.id ?? id,
      name: before?.name ?? name,
      type: `${PROVIDER}/workspaces`,
      location: body.location,
      tags: body.tags ?? before?.tags ?? {},
      identity: {
        ...body.identity,
        type,
        principalId: guidOf(`principal ${id}`),
        tenantId: guidOf("tenant"),
      },
      sku: body.sku ?? before?.sku ?? { name: "Basic", tier: "Basic" },
      properties: { friendlyName: name, ...before?.properties, ...body.properties, provisioningState },
      systemData: systemData(clock.now(), before?.systemData),
    });
  }

  #setState(target: string, provisioningState: WorkspaceProperties["provisioningState"]): void {
    const found = this.#get(target);
    if (found) this.#context.store.put({ ...found, properties: { ...found.properties, provisioningState } });
  }

  #get(id: string): Resource<WorkspaceProperties> | undefined {
    return this.#context.store.get<WorkspaceProperties>(id)?.resource;
  }
}
