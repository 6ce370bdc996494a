import { isDeepStrictEqual } from "node:util";
import type { ServiceAnswer } from "../service.ts";
import {
  ASSET_KINDS,
  type AssetKind,
  type AssetProperties,
  CONTAINER_BODY,
  contentOf,
  VERSION_BODIES,
  withDefaults,
} from "./asset-kinds.ts";
import { type Context, registryId } from "./context.ts";
import { checkAssetName, checkVersion } from "./names.ts";
import { isNewestFirst, page, readCount, readTags, readView } from "./paging.ts";
import { type AssetReference, LATEST, type RegistryReference } from "./reference.ts";
import { conflict, invalid, notFound, Refusal } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Row } from "./store.ts";

/** Models, data, environments, code and components: containers of versions whose content never changes. */
export class Assets {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  register(router: Router): void {
    for (const kind of ASSET_KINDS) {
      router
        .on("GET", kind, (call) => this.#listContainers(call, kind))
        .on("PUT", `${kind}/*`, (call, name: string) => this.#putContainer(call, kind, name))
        .on("GET", `${kind}/*`, (call, name: string) => this.#getContainer(call, kind, name))
        .on("DELETE", `${kind}/*`, (call, name: string) => this.#deleteContainer(call, kind, name))
        .on("GET", `${kind}/*/versions`, (call, name: string) => this.#listVersions(call, kind, name))
        .on("PUT", `${kind}/*/versions/*`, (call, name: string, version: string) =>
          kind === "models"
            ? this.#registerModel(call, name, version)
            : this.#putVersion(call, kind, name, version),
        )
        .on("GET", `${kind}/*/versions/*`, (call, name: string, version: string) => ({
          status: 200,
          body: visible(call, this.#existing(call.workspace, kind, name, version).resource),
        }))
        .on("DELETE", `${kind}/*/versions/*`, (call, name: string, version: string) =>
          this.#deleteVersion(call, kind, name, version),
        );
    }
  }

  /** A version by its name, or the newest one when the version is `@latest`. */
  find(workspace: string, kind: AssetKind, name: string, version: string): Row<AssetProperties> | undefined {
    const { store } = this.#context;
    if (version !== LATEST) return store.get(`${workspace}/${kind}/${name}/versions/${version}`);
    return store.list<AssetProperties>(`${workspace}/${kind}/${name}/versions`).at(-1);
  }

  /** What a reference of any form names; in a registry it must have been published. */
  locate(
    workspace: string,
    reference: AssetReference | RegistryReference,
    kind: AssetKind,
  ): Row<AssetProperties> | undefined {
    const { name, version } = reference;
    if (reference.type === "asset") return this.find(workspace, reference.kind ?? kind, name, version);
    const found = this.find(registryId(this.#context, reference.registry), reference.kind, name, version);
    return found?.resource.properties.provisioningState === "Succeeded" ? found : undefined;
  }

  #existing(workspace: string, kind: AssetKind, name: string, version: string): Row<AssetProperties> {
    const found = this.find(workspace, kind, name, version);
    if (!found) throw notFound(`${kind}/${name} has no version '${version}' in this workspace.`);
    return found;
  }

  /** Whether it is registered is counted for Azure Monitor; an update of one that is there registers nothing. */
  #registerModel(call: Call, name: string, version: string): ServiceAnswer {
    const { measurements } = this.#context;
    try {
      const answer = this.#putVersion(call, "models", name, version);
      if (answer.status === 201) measurements.count(call.workspace, "Model Register Succeeded", {});
      return answer;
    } catch (error) {
      if (error instanceof Refusal) {
        const status = { StatusCode: String(error.status) };
        measurements.count(call.workspace, "Model Register Failed", status);
      }
      throw error;
    }
  }

  #putVersion(call: Call, kind: AssetKind, name: string, version: string): ServiceAnswer {
    checkAssetName(kind, name);
    checkVersion(version);
    const body: { properties: AssetProperties } = readBody(call.request, VERSION_BODIES[kind]);
    const { store, clock } = this.#context;
    const id = `${call.workspace}/${kind}/${name}/versions/${version}`;
    const before = store.get<AssetProperties>(id);
    const properties = withDefaults(kind, body.properties);
    if (before && !isDeepStrictEqual(contentOf(before.resource.properties), contentOf(properties))) {
      throw conflict(
        `${kind}/${name} version '${version}' already exists with other content, and a version never changes: use a new version.`,
      );
    }
    const resource: Resource<AssetProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? version,
      type: `${typeAt(call.workspace)}/${kind}/versions`,
      properties,
      systemData: systemData(clock.now(), before?.resource.systemData),
    };
    store.transaction(() => {
      this.ensureContainer(call.workspace, kind, name, properties);
      store.put(resource);
      if (!before && kind === "models") announceModel(this.#context, resource, clock.now());
    });
    return { status: before ? 200 : 201, body: visible(call, resource) };
  }

  #listVersions(call: Call, kind: AssetKind, name: string): ServiceAnswer {
    this.#container(call, kind, name);
    const { query } = call.request;
    const isReversed = isNewestFirst(call);
    const isTagged = readTags(call);
    if (query.has("feed"))
      throw invalid("feed is not simulated here, expected none: ask the registry itself.");
    const isShown = readView(call);
    const wanted = query.get("version");
    const description = query.get("description");
    const listed = this.#context.store
      .list<AssetProperties>(`${call.workspace}/${kind}/${name}/versions`)
      .map(({ resource }) => resource)
      .filter(({ properties }) => isShown(properties))
      .filter((resource) => wanted === null || resource.name === wanted)
      .filter(({ properties }) => isTagged(properties))
      .filter(({ properties }) => description === null || properties.description === description);
    const shown = listed.map((resource) => visible(call, resource));
    const offset = readCount(call, "offset") ?? 0;
    const ordered = (isReversed ? shown.reverse() : shown).slice(offset);
    const top = readCount(call, "$top");
    return page(call, ordered, top === undefined ? {} : { top });
  }

  #deleteVersion(call: Call, kind: AssetKind, name: string, version: string): ServiceAnswer {
    const found = this.find(call.workspace, kind, name, version);
    if (!found) return { status: 204 };
    this.#context.store.delete(found.key);
    return { status: 200 };
  }

  ensureContainer(workspace: string, kind: AssetKind, name: string, properties: AssetProperties): void {
    const { store, clock } = this.#context;
    const id = `${workspace}/${kind}/${name}`;
    if (store.get(id)) return;
    const typed = kind === "data" ? { dataType: properties.dataType } : {};
    store.put({
      id,
      name,
      type: `${typeAt(workspace)}/${kind}`,
      properties: { isArchived: false, tags: {}, properties: {}, ...typed },
      systemData: systemData(clock.now()),
    });
  }

  #putContainer(call: Call, kind: AssetKind, name: string): ServiceAnswer {
    checkAssetName(kind, name);
    const { properties } = readBody(call.request, CONTAINER_BODY);
    const { store, clock } = this.#context;
    const before = store.get<AssetProperties>(`${call.workspace}/${kind}/${name}`);
    const resource: Resource<AssetProperties> = {
      id: before?.resource.id ?? `${call.workspace}/${kind}/${name}`,
      name: before?.resource.name ?? name,
      type: `${typeAt(call.workspace)}/${kind}`,
      properties: {
        isArchived: false,
        tags: {},
        properties: {},
        ...before?.resource.properties,
        ...properties,
      },
      systemData: systemData(clock.now(), before?.resource.systemData),
    };
    store.put(resource);
    return { status: before ? 200 : 201, body: this.#renderContainer(call.workspace, kind, resource) };
  }

  #getContainer(call: Call, kind: AssetKind, name: string): ServiceAnswer {
    return {
      status: 200,
      body: this.#renderContainer(call.workspace, kind, this.#container(call, kind, name)),
    };
  }

  #container(call: Call, kind: AssetKind, name: string): Resource<AssetProperties> {
    const found = this.#context.store.get<AssetProperties>(`${call.workspace}/${kind}/${name}`);
    if (!found) throw notFound(`${kind}/${name} does not exist in this workspace.`);
    return found.resource;
  }

  #listContainers(call: Call, kind: AssetKind): ServiceAnswer {
    const isShown = readView(call);
    const listed = this.#context.store
      .list<AssetProperties>(`${call.workspace}/${kind}`)
      .filter(({ resource }) => isShown(resource.properties))
      .map(({ resource }) => this.#renderContainer(call.workspace, kind, resource));
    return page(call, listed, sizeOf(call));
  }

  #deleteContainer(call: Call, kind: AssetKind, name: string): ServiceAnswer {
    const { store } = this.#context;
    const found = store.get(`${call.workspace}/${kind}/${name}`);
    if (!found) return { status: 204 };
    store.transaction(() => {
      for (const version of store.list(`${found.key}/versions`)) store.delete(version.key);
      store.delete(found.key);
    });
    return { status: 200 };
  }

  #renderContainer(workspace: string, kind: AssetKind, container: Resource<AssetProperties>): Resource {
    const versions = this.#context.store.list(`${workspace}/${kind}/${container.name}/versions`);
    const numbers = versions.map(({ resource }) => Number(resource.name)).filter(Number.isSafeInteger);
    const latest = versions.at(-1)?.resource.name;
    const nextVersion = String(Math.max(0, ...numbers) + 1);
    const properties = { ...container.properties, ...(latest && { latestVersion: latest }), nextVersion };
    return { ...container, properties };
  }
}

/** Assets have a stage, and those of registries a state, since this version of the API. */
const STAGE_SINCE = "2023-04-01";

function visible(call: Call, resource: Resource<AssetProperties>): Resource<AssetProperties> {
  if (call.apiVersion >= STAGE_SINCE) return resource;
  const { stage: _, provisioningState: __, ...properties } = resource.properties;
  return { ...resource, properties };
}

const typeAt = (scope: string): string =>
  `${PROVIDER}/${/\/registries\/[^/]+$/i.test(scope) ? "registries" : "workspaces"}`;

/**
 * Tells of a new model version, in the transaction that writes it. The documented sample tells the version as a number;
 * registries take any text, so text stays text.
 */
export function announceModel({ store }: Context, model: Resource<AssetProperties>, now: number): void {
  const { id, name: version, properties } = model;
  const [topic = "", path = ""] = id.split(/\/models\/(?=[^/]+\/versions\/[^/]+$)/i);
  const name = path.split("/")[0] ?? "";
  store.count("modelsRegistered");
  store.raiseLater({
    topic,
    subject: `models/${name}:${version}`,
    eventType: `${PROVIDER}.ModelRegistered`,
    eventTime: new Date(now).toISOString(),
    data: {
      ModelName: name,
      ModelVersion: /^\d{1,15}$/.test(version) ? Number(version) : version,
      ModelTags: properties.tags ?? {},
      ModelProperties: properties.properties ?? {},
    },
  });
}

function sizeOf(call: Call): { size?: number } {
  const size = readCount(call, "count");
  return size === undefined ? {} : { size };
}
