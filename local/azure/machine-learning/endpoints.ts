import { randomBytes, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ServiceAnswer } from "../service.ts";
import { type Context, guidOf, workspaceId } from "./context.ts";
import {
  checkTraffic,
  ENDPOINT_BODY,
  ENDPOINT_PATCH,
  type EndpointProperties,
  type EndpointSecrets,
  renderEndpoint,
} from "./endpoint.ts";
import { checkEndpointName } from "./names.ts";
import type { Operation, Operations } from "./operations.ts";
import { page, readCount } from "./paging.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Row } from "./store.ts";
import type { Usages } from "./usages.ts";

export type EndpointRow = Row<EndpointProperties, EndpointSecrets>;

/** How long a token of an AMLToken endpoint lasts, and after how long it should be asked for anew. */
const TOKEN_LASTS_MS = 3_600_000;
const TOKEN_REFRESH_MS = 2_700_000;

const KEY_BODY = z.looseObject({
  keyType: z.enum(["Primary", "Secondary"]),
  keyValue: z.string().min(1).nullish(),
});

/** Managed online endpoints: a stable address, its keys, and how its traffic is split. */
export class Endpoints {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #usages: Usages;

  constructor(context: Context, operations: Operations, usages: Usages) {
    this.#context = context;
    this.#usages = usages;
    this.#operations = operations;
    const settle = (target: string) => this.#setState(target, "Succeeded");
    const render = (target: string, origin: string) => {
      const found = context.store.get<EndpointProperties>(target)?.resource;
      return found && renderEndpoint(found, origin);
    };
    operations.define("endpoint", { prefix: "oe", finish: settle, render });
    operations.define("endpoint-keys", { prefix: "oe", finish: () => undefined, render });
    operations.define("endpoint-deletion", { prefix: "oe", finish: (target) => this.#remove(target) });
  }

  register(router: Router): void {
    const at = "onlineEndpoints/*";
    router
      .on("GET", "onlineEndpoints", (call) => this.#list(call))
      .on("GET", at, (call, name: string) => this.#answer(call, 200, this.existing(call, name).resource))
      .on("PUT", at, (call, name: string) => this.#put(call, name))
      .on("PATCH", at, (call, name: string) => this.#patch(call, name))
      .on("DELETE", at, (call, name: string) => this.#delete(call, name))
      .on("POST", `${at}/listKeys`, (call, name: string) => this.#listKeys(call, name))
      .on("POST", `${at}/regenerateKeys`, (call, name: string) => this.#regenerateKey(call, name))
      .on("POST", `${at}/token`, (call, name: string) => this.#token(call, name));
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
    if (body.properties.mirrorTraffic && Object.keys(body.properties.mirrorTraffic).length > 0) {
      throw invalid("mirrorTraffic is not simulated here, expected none.");
    }
    const id = `${call.workspace}/onlineEndpoints/${name}`;
    const before = this.#context.store.get<EndpointProperties, EndpointSecrets>(id);
    if (before) this.#refuseWhenBusy(before);
    else this.#refuseTakenName(name);
    const deployments = before ? this.#deploymentNames(before) : [];
    const traffic = checkTraffic(name, body.properties.traffic ?? {}, deployments);
    const { authMode, description, properties, compute, publicNetworkAccess } = body.properties;
    const resource: Resource<EndpointProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? name,
      type: `${PROVIDER}/workspaces/onlineEndpoints`,
      location: body.location,
      kind: body.kind ?? "Managed",
      tags: body.tags ?? {},
      identity: identityOf(id, body.identity),
      properties: {
        authMode,
        publicNetworkAccess: publicNetworkAccess ?? "Enabled",
        traffic,
        ...(description && { description }),
        ...(compute && { compute }),
        properties: { ...properties, "azureml.onlineendpointid": id.toLowerCase() },
        provisioningState: before ? "Updating" : "Creating",
      },
      systemData: systemData(this.#context.clock.now(), before?.resource.systemData),
    };
    const operation = this.#begin(resource, before);
    if (before) return this.#answer(call, 200, resource);
    return {
      ...this.#answer(call, 201, resource),
      headers: this.#operations.creationHeaders(call.request, operation),
    };
  }

  #begin(resource: Resource<EndpointProperties>, before: EndpointRow | undefined): Operation {
    const { store, provisioning } = this.#context;
    const secrets: EndpointSecrets = before?.hidden ?? {
      primaryKey: newKey(),
      secondaryKey: newKey(),
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
      store.count("deploymentsDeleted");
    }
    store.delete(target);
  }

  #list(call: Call): ServiceAnswer {
    const { query, origin } = call.request;
    const order = (query.get("orderBy") ?? "CreatedAtDesc").toLowerCase();
    const sortKey = order.startsWith("updatedat") ? "lastModifiedAt" : "createdAt";
    if (!/^(createdat|updatedat)(asc|desc)$/.test(order)) {
      throw invalid(
        `orderBy is '${order}', expected CreatedAtDesc, CreatedAtAsc, UpdatedAtDesc or UpdatedAtAsc.`,
      );
    }
    const name = query.get("name")?.toLowerCase();
    const listed = this.#context.store
      .list<EndpointProperties>(`${call.workspace}/onlineEndpoints`)
      .map(({ resource }) => resource)
      .filter((resource) => name === undefined || resource.name.toLowerCase() === name)
      .sort((a, b) => a.systemData[sortKey].localeCompare(b.systemData[sortKey]));
    const ordered = order.endsWith("desc") ? listed.reverse() : listed;
    const size = readCount(call, "count");
    return page(
      call,
      ordered.map((resource) => renderEndpoint(resource, origin)),
      size === undefined ? {} : { size },
    );
  }

  #listKeys(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.existing(call, name);
    this.#requireMode(resource, "Key");
    return { status: 200, body: { primaryKey: hidden.primaryKey, secondaryKey: hidden.secondaryKey } };
  }

  /** The old value is worthless at once. */
  #regenerateKey(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.existing(call, name);
    this.#requireMode(resource, "Key");
    const { keyType, keyValue } = readBody(call.request, KEY_BODY);
    const which = keyType === "Primary" ? "primaryKey" : "secondaryKey";
    const { store } = this.#context;
    const operation = store.transaction(() => {
      store.put(resource, { ...hidden, [which]: keyValue ?? newKey() });
      return this.#operations.start("endpoint-keys", resource.id, 0);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #token(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.existing(call, name);
    this.#requireMode(resource, "AMLToken");
    const now = this.#context.clock.now();
    const accessToken = newKey();
    const live = Object.entries(hidden.tokens).filter(([, until]) => until > now);
    const tokens = { ...Object.fromEntries(live), [accessToken]: now + TOKEN_LASTS_MS };
    this.#context.store.put(resource, { ...hidden, tokens });
    const inSeconds = (ms: number) => Math.floor(ms / 1000);
    const expiryTimeUtc = inSeconds(now + TOKEN_LASTS_MS);
    const refreshAfterTimeUtc = inSeconds(now + TOKEN_REFRESH_MS);
    return { status: 200, body: { accessToken, expiryTimeUtc, refreshAfterTimeUtc, tokenType: "Bearer" } };
  }

  #requireMode(
    { name, properties }: Resource<EndpointProperties>,
    mode: EndpointProperties["authMode"],
  ): void {
    if (properties.authMode === mode) return;
    throw invalid(`Endpoint '${name}' has authMode ${properties.authMode}, expected ${mode} for this call.`);
  }

  #refuseWhenBusy({ resource }: EndpointRow): void {
    const { provisioningState } = resource.properties;
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(
      `Endpoint '${resource.name}' is in ${provisioningState} provisioning state: wait for the operation under way.`,
    );
  }

  /** Names are unique per region, whatever the workspace. */
  #refuseTakenName(name: string): void {
    if (findEndpoint(this.#context, name)) {
      throw conflict(`Endpoint name '${name}' is taken. Endpoint name needs to be unique within a region.`);
    }
  }

  #deploymentNames(endpoint: EndpointRow): string[] {
    return this.#context.store.list(`${endpoint.key}/deployments`).map(({ resource }) => resource.name);
  }

  #setState(target: string, provisioningState: EndpointProperties["provisioningState"]): void {
    const { store } = this.#context;
    const found = store.get<EndpointProperties>(target);
    if (!found) return;
    const properties = { ...found.resource.properties, provisioningState };
    store.put({ ...found.resource, properties }, found.hidden);
  }

  #answer(call: Call, status: number, resource: Resource<EndpointProperties>): ServiceAnswer {
    return { status, body: renderEndpoint(resource, call.request.origin) };
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

const newKey = (): string => randomBytes(24).toString("base64url") + randomUUID().slice(0, 8);
