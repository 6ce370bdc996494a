import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, beforeAll, vi } from "vitest";
import { type Azure, type AzureOptions, startAzure } from "../../../local/azure/index.ts";

export const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
export const GROUP = "rg-outerloop";

export interface Cloud {
  readonly azure: Azure;
  readonly data: string;
  readonly credential: ManagedIdentityCredential;
  bearer(): Promise<string>;
  /** A raw call of a path below the plain origin, with a token and JSON. */
  call(
    method: string,
    at: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown; headers: Headers }>;
  /** Stops it and starts it again on the same folder and the same HTTP port. */
  restart(): Promise<void>;
}

/** From now on this process takes it for Azure: its certificate, and its managed identity. */
export async function trust(azure: Azure): Promise<void> {
  setDefaultCACertificates([...getCACertificates("default"), await readFile(azure.caFile, "utf8")]);
  vi.stubEnv("IDENTITY_ENDPOINT", azure.identityEndpoint);
  vi.stubEnv("IDENTITY_HEADER", azure.identityHeader);
}

/** The whole stand-in for one test file, trusted by this process as the product's process trusts it. */
export function startCloud(options: Partial<AzureOptions> = {}): Cloud {
  let azure: Azure | undefined;
  let data = "";
  let credential: ManagedIdentityCredential | undefined;
  const running = () => {
    if (!azure) throw new Error("The stand-in runs only while tests do.");
    return azure;
  };
  const start = async (ports = { port: 0, amqpPort: 0, storagePort: 0 }) => {
    azure = await startAzure({ ...ports, data, ...options });
    await trust(azure);
    credential = new ManagedIdentityCredential();
  };
  beforeAll(async () => {
    data = await mkdtemp(path.join(tmpdir(), "cloud-"));
    await start();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await azure?.stop();
    await rm(data, { recursive: true, force: true });
  });
  const cloud: Cloud = {
    get azure() {
      return running();
    },
    get data() {
      return data;
    },
    get credential() {
      return credential ?? new ManagedIdentityCredential();
    },
    async bearer() {
      return `Bearer ${(await cloud.credential.getToken("https://management.azure.com/.default")).token}`;
    },
    async call(method, at, body) {
      const headers = { authorization: await cloud.bearer(), "content-type": "application/json" };
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const answer = await fetch(`${running().httpOrigin}${at}`, init);
      const text = await answer.text();
      return {
        status: answer.status,
        body: text === "" ? undefined : JSON.parse(text),
        headers: answer.headers,
      };
    },
    async restart() {
      const { port, amqpPort, stop } = running();
      await stop();
      // At the same address: the identity library of a process keeps to the one that it saw first.
      await start({ port, amqpPort, storagePort: 0 });
    },
  };
  return cloud;
}
