import * as z from "zod";
import type { CloudAddresses } from "./settings.ts";

const Token = z.object({ access_token: z.string() });

export const TIMEOUT_MS = 30_000;

/** Resource Manager of the simulated Azure, called as a deployment calls it. */
export interface ResourceManager {
  /** Makes or changes a resource, and answers what has come of it. */
  put(id: string, apiVersion: string, body: unknown): Promise<unknown>;
  get(id: string, apiVersion: string): Promise<unknown>;
  exists(id: string, apiVersion: string): Promise<boolean>;
}

/** Signs in as the app's own identity. */
export async function openResourceManager(cloud: CloudAddresses): Promise<ResourceManager> {
  const headers = {
    authorization: `Bearer ${await identityToken(cloud)}`,
    "content-type": "application/json",
  };
  const send = (method: string, id: string, apiVersion: string, body?: unknown) =>
    fetch(`${cloud.httpOrigin}${id}?api-version=${apiVersion}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  async function answered(method: string, id: string, apiVersion: string, body?: unknown): Promise<unknown> {
    const answer = await send(method, id, apiVersion, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${id} was answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  }
  return {
    put: (id, apiVersion, body) => answered("PUT", id, apiVersion, body),
    get: (id, apiVersion) => answered("GET", id, apiVersion),
    exists: async (id, apiVersion) => {
      const answer = await send("GET", id, apiVersion);
      await answer.body?.cancel();
      return answer.ok;
    },
  };
}

/** A token of the app's own identity, asked for as App Service lets its apps ask. */
export async function identityToken(cloud: CloudAddresses): Promise<string> {
  const query = new URLSearchParams({ "api-version": "2019-08-01", resource: cloud.origin });
  const answer = await fetch(`${cloud.identityEndpoint}?${query}`, {
    headers: { "x-identity-header": cloud.identityHeader },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return Token.parse(await answer.json()).access_token;
}

/** `/subscriptions/…/resourceGroups/…` of a resource in it. */
export const groupOf = (id: string): string =>
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id)?.[0] ?? "";
