import * as z from "zod";
import type { ServiceAnswer } from "../service.ts";
import { type Context, guidOf, registryId } from "./context.ts";
import { checkPlaceName } from "./names.ts";
import type { Operations } from "./operations.ts";
import { page } from "./paging.ts";
import { conflict, Refusal } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";

interface RegistryProperties {
  readonly publicNetworkAccess?: string | null | undefined;
  readonly regionDetails?: readonly { readonly location?: string | null | undefined }[] | null | undefined;
}

/** The first version of the API that has registries. */
export const REGISTRIES_SINCE = "2023-04-01";

const tags = z.record(z.string(), z.string()).nullish();
const BODY = z.looseObject({
  location: z.string().min(1),
  tags,
  kind: z.string().nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
  sku: z.looseObject({ name: z.string() }).nullish(),
  properties: z.looseObject({
    publicNetworkAccess: z.string().nullish(),
    regionDetails: z.array(z.looseObject({ location: z.string() })).nullish(),
  }),
});
const PATCH = z.looseObject({ tags });

/** Registries: what several workspaces share. Their assets are assets.ts's, as those of workspaces are. */
export class Registries {
  readonly #context: Context;
  readonly #operations: Operations;

  constructor(context: Context, operations: Operations) {
    this.#context = context;
    this.#operations = operations;
    operations.define("registry", {
      room: "registry",
      finish: () => undefined,
      render: (target, { origin }) => this.#render(target, origin),
    });
    operations.define("registry-deletion", { room: "registry", finish: (target) => this.#remove(target) });
  }

  register(router: Router): void {
    router
      .on("GET", "", (call) => ({ status: 200, body: this.#render(call.workspace, call.request.origin) }))
      .on("PUT", "", (call) => this.#put(call))
      .on("PATCH", "", (call) => this.#patch(call))
      .on("DELETE", "", (call) => this.#delete(call));
  }

  list(call: Call): ServiceAnswer {
    const ids = this.#context.store.names(registryId(this.#context, "x").replace(/\/x$/, ""));
    return page(
      call,
      ids.map((name) => this.#render(registryId(this.#context, name), call.request.origin)),
    );
  }

  /**
   * A call is let through when its registry is there, or is about to be.
   *
   * @throws {Refusal} 400 at a version of the API without registries, 404 without the registry
   */
  admit(call: Call, path: readonly string[]): void {
    this.requireVersion(call);
    const { method } = call.request;
    if (this.#get(call.workspace) || (path.length === 0 && (method === "PUT" || method === "DELETE"))) return;
    throw new Refusal(
      404,
      "ResourceNotFound",
      `The Resource '${PROVIDER}/registries/${call.workspaceName}' under resource group '${this.#context.resourceGroup}' was not found.`,
    );
  }

  /** @throws {Refusal} 400 at a version of the API without registries */
  requireVersion(call: Call): void {
    if (call.apiVersion < REGISTRIES_SINCE) {
      throw new Refusal(
        400,
        "NoRegisteredProviderFound",
        `No registered resource provider found for API version '${call.apiVersion}' of type 'registries'. The supported api-versions are '${REGISTRIES_SINCE}' and newer.`,
      );
    }
  }

  /** `GET /registrymanagement/v1.0/registries/{name}/discovery`: where a registry is, for those who know its name. */
  discovery(name: string, origin: string): object | undefined {
    const found = this.#get(registryId(this.#context, name));
    if (!found) return undefined;
    const { subscriptionId, resourceGroup, location } = this.#context;
    return {
      registryName: found.name,
      primaryRegion: location,
      subscriptionId,
      resourceGroup,
      primaryRegionResourceProviderUri: `${origin}/`,
      registryFqdns: { [location]: { uri: origin } },
    };
  }

  #put(call: Call): ServiceAnswer {
    checkPlaceName("registry", call.workspaceName);
    const body = readBody(call.request, BODY);
    const { store, clock, provisioning } = this.#context;
    const before = this.#get(call.workspace);
    const id = call.workspace;
    const type = body.identity?.type ?? "SystemAssigned";
    const resource: Resource<RegistryProperties> = {
      id: before?.id ?? id,
      name: before?.name ?? call.workspaceName,
      type: `${PROVIDER}/registries`,
      location: body.location,
      tags: body.tags ?? {},
      ...(body.kind && { kind: body.kind }),
      identity: {
        ...body.identity,
        type,
        principalId: guidOf(`principal ${id}`),
        tenantId: guidOf("tenant"),
      },
      sku: body.sku ?? { name: "Basic" },
      properties: { ...body.properties },
      systemData: systemData(clock.now(), before?.systemData),
    };
    const operation = store.transaction(() => {
      store.put(resource);
      return this.#operations.start("registry", id, provisioning.endpointMs);
    });
    const answer = { status: before ? 200 : 201, body: this.#render(id, call.request.origin) };
    return before
      ? answer
      : { ...answer, headers: this.#operations.creationHeaders(call.request, operation) };
  }

  #patch(call: Call): ServiceAnswer {
    const body = readBody(call.request, PATCH);
    const found = this.#get(call.workspace);
    if (found) {
      const { clock, store } = this.#context;
      const changed = systemData(clock.now(), found.systemData);
      store.put({ ...found, tags: { ...found.tags, ...body.tags }, systemData: changed });
    }
    return { status: 200, body: this.#render(call.workspace, call.request.origin) };
  }

  #delete(call: Call): ServiceAnswer {
    const { store, provisioning } = this.#context;
    if (!this.#get(call.workspace)) return { status: 204 };
    if (store.below(call.workspace).length > 0) {
      throw conflict(`Registry '${call.workspaceName}' has assets, expected none: delete them first.`);
    }
    const operation = this.#operations.start("registry-deletion", call.workspace, provisioning.deleteMs);
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #remove(target: string): void {
    this.#context.store.delete(target);
  }

  #render(id: string, origin: string): object | undefined {
    const found = this.#get(id);
    if (!found) return undefined;
    return {
      ...found,
      properties: {
        discoveryUrl: `${origin}/registrymanagement/v1.0/registries/${found.name}/discovery`,
        mlFlowRegistryUri: `azureml://${origin.replace(/^https?:\/\//, "")}/mlflow/v1.0${found.id}`,
        ...found.properties,
      },
    };
  }

  #get(id: string): Resource<RegistryProperties> | undefined {
    return this.#context.store.get<RegistryProperties>(id)?.resource;
  }
}
