import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import type { ServiceAnswer } from "../service.ts";
import {
  ASSET_KINDS,
  type AssetKind,
  type AssetProperties,
  contentOf,
  VERSION_BODIES,
  withDefaults,
} from "./asset-kinds.ts";
import { type Assets, announceModel } from "./assets.ts";
import { type Context, registryId, workspaceOf } from "./context.ts";
import { checkAssetName, checkVersion } from "./names.ts";
import type { OperationError, Operations } from "./operations.ts";
import type { Paths } from "./paths.ts";
import { conflict, invalid, notFound, Refusal } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";

type State = "Creating" | "Deleting" | "Succeeded" | "Failed";

/** The first version of the API by which a workspace's asset can be published. */
const PUBLISH_SINCE = "2023-10-01";

const DESTINATION = z.looseObject({
  registryName: z.string().min(1),
  destinationName: z.string().min(1).nullish(),
  destinationVersion: z.string().min(1).nullish(),
});

/** What a version in a registry keeps to itself. */
interface Origin {
  /** Where its content is copied from; absent when it has none of its own. */
  readonly source?: string;
}

const PLACES: Partial<Record<AssetKind, "modelUri" | "dataUri" | "codeUri">> = {
  models: "modelUri",
  data: "dataUri",
  codes: "codeUri",
};

export interface RegistryAssetParts {
  readonly operations: Operations;
  readonly assets: Assets;
  readonly paths: Paths;
}

/** Versions in registries: made there or published from a workspace, as long-running operations that copy the content. */
export class RegistryAssets {
  readonly #context: Context;
  readonly #parts: RegistryAssetParts;

  constructor(context: Context, parts: RegistryAssetParts) {
    this.#context = context;
    this.#parts = parts;
    parts.operations.define("registry-asset", {
      prepare: (target) => this.#copy(target),
      finish: (target, error) => this.#finish(target, error),
    });
    parts.operations.define("registry-asset-deletion", { finish: (target) => context.store.delete(target) });
  }

  /** What a registry does otherwise than a workspace. */
  register(router: Router): void {
    for (const kind of ASSET_KINDS) {
      router
        .on("PUT", `${kind}/*/versions/*`, (call, name: string, version: string) =>
          this.#put(call, kind, name, version),
        )
        .on("DELETE", `${kind}/*/versions/*`, (call, name: string, version: string) =>
          this.#delete(call, `${kind}/${name}/versions/${version}`),
        );
    }
  }

  /** What a workspace does with a registry. */
  registerPublish(router: Router): void {
    for (const kind of ASSET_KINDS) {
      router.on("POST", `${kind}/*/versions/*/publish`, (call, name: string, version: string) =>
        this.#publish(call, kind, name, version),
      );
    }
  }

  #publish(call: Call, kind: AssetKind, name: string, version: string): ServiceAnswer {
    if (call.apiVersion < PUBLISH_SINCE) {
      throw new Refusal(
        400,
        "InvalidApiVersionParameter",
        `The api-version '${call.apiVersion}' is invalid for publish, expected ${PUBLISH_SINCE} or a newer date.`,
      );
    }
    const found = this.#parts.assets.find(call.workspace, kind, name, version);
    if (!found) throw notFound(`${kind}/${name} has no version '${version}' in this workspace.`);
    const to = readBody(call.request, DESTINATION);
    const registry = registryId(this.#context, to.registryName);
    if (!this.#context.store.get(registry)) {
      throw invalid(`registryName is '${to.registryName}', which is no registry here.`, "RegistryNotFound");
    }
    const target = { kind, name: to.destinationName ?? name, version: to.destinationVersion ?? version };
    const place = PLACES[kind];
    const source = place && {
      source: this.#parts.paths.resolve(workspaceOf(found.key), found.resource.properties[place] ?? "", kind),
    };
    const operation = this.#begin(registry, target, found.resource.properties, source ?? {});
    return { status: 202, headers: this.#parts.operations.acceptedHeaders(call.request, operation) };
  }

  #put(call: Call, kind: AssetKind, name: string, version: string): ServiceAnswer {
    const body: { properties: AssetProperties } = readBody(call.request, VERSION_BODIES[kind]);
    const before = this.#parts.assets.find(call.workspace, kind, name, version);
    if (before) return this.#update(before.resource, body.properties);
    const place = PLACES[kind];
    const address = place && body.properties[place];
    if (address && !/^file:\/\//i.test(address)) {
      throw invalid(
        `properties.${place} is '${address}', expected a file: address: a registry reads no workspace's stores. Publish it instead.`,
      );
    }
    const source = address ? { source: this.#parts.paths.resolve(call.workspace, address, kind) } : {};
    const operation = this.#begin(call.workspace, { kind, name, version }, body.properties, source);
    const made = this.#parts.assets.find(call.workspace, kind, name, version);
    const headers = this.#parts.operations.creationHeaders(call.request, operation);
    return { status: 201, headers, body: made?.resource };
  }

  /** Its tags and the like may change; its content never does. */
  #update(before: Resource<AssetProperties>, given: AssetProperties): ServiceAnswer {
    const { description, tags, properties, isArchived } = given;
    const place = Object.values(PLACES).find((name) => given[name] !== undefined);
    const comparable = ({ provisioningState: _, ...rest }: AssetProperties) =>
      JSON.stringify(contentOf(place ? { ...rest, [place]: "" } : rest));
    const kind = ASSET_KINDS.find((name) => before.type.includes(`/${name}/`)) ?? "models";
    if (comparable(before.properties) !== comparable(withDefaults(kind, given))) {
      throw conflict(
        `${before.id} already exists with other content, and a version never changes: use a new version.`,
      );
    }
    const changed = {
      ...before,
      properties: {
        ...before.properties,
        ...(description && { description }),
        ...(tags && { tags }),
        ...(properties && { properties }),
        ...(typeof isArchived === "boolean" && { isArchived }),
      },
      systemData: systemData(this.#context.clock.now(), before.systemData),
    };
    this.#context.store.put(changed);
    return { status: 200, body: changed };
  }

  #begin(
    registry: string,
    { kind, name, version }: { readonly kind: AssetKind; readonly name: string; readonly version: string },
    properties: AssetProperties,
    source: Origin,
  ) {
    checkAssetName(kind, name);
    checkVersion(version);
    const { store, clock, provisioning } = this.#context;
    const id = `${registry}/${kind}/${name}/versions/${version}`;
    if (store.get(id))
      throw conflict(`${kind}/${name} version '${version}' already exists in this registry.`);
    return store.transaction(() => {
      this.#parts.assets.ensureContainer(registry, kind, name, properties);
      store.put(
        {
          id,
          name: version,
          type: `${PROVIDER}/registries/${kind}/versions`,
          properties: { ...withDefaults(kind, properties), provisioningState: "Creating" satisfies State },
          systemData: systemData(clock.now()),
        },
        source,
      );
      return this.#parts.operations.start("registry-asset", id, provisioning.endpointMs);
    });
  }

  /** A registry has content of its own: a workspace and its jobs may go. */
  async #copy(target: string): Promise<OperationError | undefined> {
    const found = this.#context.store.get<AssetProperties, Origin>(target);
    if (!found?.hidden.source) return undefined;
    try {
      // Of a copy that was cut off, or of a version by this name that was deleted.
      await rm(this.#folder(found.key), { recursive: true, force: true });
      await cp(found.hidden.source, this.#folder(found.key), { recursive: true });
      return undefined;
    } catch (error) {
      return { code: "ResourceNotFound", message: `The content cannot be copied: ${String(error)}` };
    }
  }

  #finish(target: string, error: OperationError | undefined): void {
    const { store, clock } = this.#context;
    const found = store.get<AssetProperties, Origin>(target);
    if (!found) return;
    const kind = ASSET_KINDS.find((name) => found.resource.type.includes(`/${name}/`)) ?? "models";
    const place = found.hidden.source ? PLACES[kind] : undefined;
    const state: State = error ? "Failed" : "Succeeded";
    const properties = {
      ...found.resource.properties,
      ...(place && { [place]: pathToFileURL(this.#folder(found.key)).href }),
      provisioningState: state,
    };
    const resource = { ...found.resource, properties };
    store.put(resource, found.hidden);
    if (!error && kind === "models") announceModel(this.#context, resource, clock.now());
  }

  #delete(call: Call, path: string): ServiceAnswer {
    const { store, provisioning } = this.#context;
    const found = store.get<AssetProperties, Origin>(`${call.workspace}/${path}`);
    if (!found) return { status: 204 };
    const operation = store.transaction(() => {
      const properties = { ...found.resource.properties, provisioningState: "Deleting" satisfies State };
      store.put({ ...found.resource, properties }, found.hidden);
      return this.#parts.operations.start(
        "registry-asset-deletion",
        found.resource.id,
        provisioning.deleteMs,
      );
    });
    return { status: 202, headers: this.#parts.operations.acceptedHeaders(call.request, operation) };
  }

  #folder(key: string): string {
    return join(this.#context.data, key.slice(key.indexOf("/registries/") + 1));
  }
}
