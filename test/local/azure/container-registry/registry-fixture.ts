import { createHash } from "node:crypto";
import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { ContainerRegistryClient, ContainerRegistryContentClient } from "@azure/container-registry";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { eventually } from "../../../waiting.ts";
import { GROUP, SUBSCRIPTION, startCloud } from "../cloud.ts";
import { startSubscriber } from "../event-grid/subscriber.ts";

export const cloud = startCloud();
export const REGISTRY = "crouterloop";

let client: ContainerRegistryClient;
let arm: ContainerRegistryManagementClient;
let hook: Awaited<ReturnType<typeof startSubscriber>>;

/** The registry of this cloud as its clients see it, and a webhook that is subscribed to its events. */
export const registry = {
  get client() {
    return client;
  },
  get arm() {
    return arm;
  },
  get hook() {
    return hook;
  },
  /** Stops the whole cloud, starts it on the same data, and connects to it anew. */
  async restart(): Promise<void> {
    await cloud.restart();
    connect();
  },
};

function connect(): void {
  client = new ContainerRegistryClient(cloud.azure.origin, cloud.credential);
  arm = new ContainerRegistryManagementClient(cloud.credential, SUBSCRIPTION, {
    endpoint: cloud.azure.origin,
  });
}

export const content = (repository: string) =>
  new ContainerRegistryContentClient(cloud.azure.origin, repository, cloud.credential);
export const sha = (text: string | Buffer) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

beforeAll(async () => {
  hook = await startSubscriber();
  connect();
  const id = `${cloud.azure.registryId}/providers/Microsoft.EventGrid/eventSubscriptions/images`;
  const endpointUrl = `http://127.0.0.1:${hook.port}/hook`;
  const properties = { destination: { endpointType: "WebHook", properties: { endpointUrl } } };
  const at = `${id}?api-version=2022-06-15`;
  await cloud.call("PUT", at, { properties });
  await eventually(async () =>
    expect((await cloud.call("GET", at)).body).toMatchObject({
      properties: { provisioningState: "Succeeded" },
    }),
  );
});
afterAll(() => hook.stop());
beforeEach(() => {
  hook.received.length = 0;
});

export const MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Pushes an image with one layer; answers its manifest's digest. */
export async function push(
  repository: string,
  tag: string | undefined,
  layer = `${repository} ${tag}`,
): Promise<string> {
  const images = content(repository);
  const config = await images.uploadBlob(Buffer.from('{"architecture":"amd64","os":"linux"}'));
  const uploaded = await images.uploadBlob(Buffer.from(layer));
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE,
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: config.digest,
      size: config.sizeInBytes,
    },
    layers: [
      {
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: uploaded.digest,
        size: uploaded.sizeInBytes,
      },
    ],
  };
  const { digest } = await images.setManifest(manifest, tag === undefined ? {} : { tag });
  expect(digest).toBe(sha(JSON.stringify(manifest)));
  return digest;
}
const codeOf = (error: unknown) =>
  (error as { details: { errors: { code: string }[] } }).details.errors[0]?.code;
export async function refusal(work: Promise<unknown>): Promise<{ status: number; code: string | undefined }> {
  const error: unknown = await work.then(
    () => expect.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  return { status: (error as { statusCode: number }).statusCode, code: codeOf(error) };
}
export async function quarantine(status: "enabled" | "disabled") {
  const answered = await arm.registries.update(GROUP, REGISTRY, {
    policies: { quarantinePolicy: { status } },
  });
  expect(answered.policies?.quarantinePolicy?.status).toBe(status);
}
/** The raw request that the SDK cannot send. */
export async function judge(repository: string, digest: string, body: unknown): Promise<number> {
  const host = new URL(cloud.azure.httpOrigin).host;
  const form = (fields: Record<string, string>) => ({ method: "POST", body: new URLSearchParams(fields) });
  const { token } = await cloud.credential.getToken("https://containerregistry.azure.net/.default");
  const exchanged = await fetch(
    `${cloud.azure.httpOrigin}/oauth2/exchange`,
    form({ grant_type: "access_token", service: host, access_token: token }),
  );
  const { refresh_token } = (await exchanged.json()) as { refresh_token: string };
  const granted = await fetch(
    `${cloud.azure.httpOrigin}/oauth2/token`,
    form({
      grant_type: "refresh_token",
      service: host,
      scope: `repository:${repository}:pull,push`,
      refresh_token,
    }),
  );
  const { access_token } = (await granted.json()) as { access_token: string };
  const answer = await fetch(`${cloud.azure.httpOrigin}/acr/v1/${repository}/_manifests/${digest}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.status;
}
