import { createHash } from "node:crypto";
import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { ContainerRegistryClient, ContainerRegistryContentClient } from "@azure/container-registry";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { GROUP, SUBSCRIPTION, startCloud } from "../cloud.ts";
import { startSubscriber } from "../event-grid/subscriber.ts";

const cloud = startCloud();
const REGISTRY = "crouterloop";

let client: ContainerRegistryClient;
let arm: ContainerRegistryManagementClient;
let hook: Awaited<ReturnType<typeof startSubscriber>>;

const content = (repository: string) =>
  new ContainerRegistryContentClient(cloud.azure.origin, repository, cloud.credential);
const sha = (text: string | Buffer) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

beforeAll(async () => {
  hook = await startSubscriber();
  client = new ContainerRegistryClient(cloud.azure.origin, cloud.credential);
  arm = new ContainerRegistryManagementClient(cloud.credential, SUBSCRIPTION, {
    endpoint: cloud.azure.origin,
  });
  const id = `${cloud.azure.registryId}/providers/Microsoft.EventGrid/eventSubscriptions/images`;
  const endpointUrl = `http://127.0.0.1:${hook.port}/hook`;
  const properties = { destination: { endpointType: "WebHook", properties: { endpointUrl } } };
  const at = `${id}?api-version=2022-06-15`;
  await cloud.call("PUT", at, { properties });
  await vi.waitFor(
    async () =>
      expect((await cloud.call("GET", at)).body).toMatchObject({
        properties: { provisioningState: "Succeeded" },
      }),
    { timeout: 10_000 },
  );
});
afterAll(() => hook.stop());
beforeEach(() => {
  hook.received.length = 0;
});

const MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Pushes an image with one layer; answers its manifest's digest. */
async function push(
  repository: string,
  tag: string | undefined,
  layer = `${repository} ${tag}`,
): Promise<string> {
  const registry = content(repository);
  const config = await registry.uploadBlob(Buffer.from('{"architecture":"amd64","os":"linux"}'));
  const uploaded = await registry.uploadBlob(Buffer.from(layer));
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
  const { digest } = await registry.setManifest(manifest, tag === undefined ? {} : { tag });
  expect(digest).toBe(sha(JSON.stringify(manifest)));
  return digest;
}
const codeOf = (error: unknown) =>
  (error as { details: { errors: { code: string }[] } }).details.errors[0]?.code;
async function refusal(work: Promise<unknown>): Promise<{ status: number; code: string | undefined }> {
  const error: unknown = await work.then(
    () => expect.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  return { status: (error as { statusCode: number }).statusCode, code: codeOf(error) };
}
async function quarantine(status: "enabled" | "disabled") {
  const answered = await arm.registries.update(GROUP, REGISTRY, {
    policies: { quarantinePolicy: { status } },
  });
  expect(answered.policies?.quarantinePolicy?.status).toBe(status);
}
/** The raw request that the SDK cannot send. */
async function judge(repository: string, digest: string, body: unknown): Promise<number> {
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

describe("the data plane", () => {
  test("takes an image and gives it back byte for byte, by tag and by digest", async () => {
    const digest = await push("azureml/weather", "v1");
    const registry = content("azureml/weather");
    const byTag = await registry.getManifest("v1");
    expect(byTag).toMatchObject({ digest, mediaType: MEDIA_TYPE });
    expect(sha(byTag.content)).toBe(digest);
    expect((await registry.getManifest(digest)).content).toEqual(byTag.content);
    const layer = await registry.downloadBlob(sha("azureml/weather v1"));
    const chunks = await Array.fromAsync(layer.content);
    expect(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString()).toBe("azureml/weather v1");
  });

  test("challenges a caller without a token, naming realm, service and scope", async () => {
    const answer = await fetch(`${cloud.azure.httpOrigin}/v2/azureml/weather/manifests/v1`);
    const { host } = new URL(cloud.azure.httpOrigin);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe(
      `Bearer realm="http://${host}/oauth2/token",service="${host}",scope="repository:azureml/weather:pull"`,
    );
    expect(await answer.json()).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
  });

  test("refuses an anonymous client until the registry allows anonymous pulls", async () => {
    await push("public", "v1");
    const anonymous = () => new ContainerRegistryClient(cloud.azure.origin).getArtifact("public", "v1");
    expect(await refusal(anonymous().getManifestProperties())).toEqual({ status: 401, code: "UNAUTHORIZED" });
    await arm.registries.update(GROUP, REGISTRY, { anonymousPullEnabled: true });
    expect(await anonymous().getManifestProperties()).toMatchObject({ tags: ["v1"] });
    expect(await refusal(anonymous().deleteTag("v1"))).toMatchObject({ status: 401 });
    await arm.registries.update(GROUP, REGISTRY, { anonymousPullEnabled: false });
  });

  test("tells what an image is made of", async () => {
    const digest = await push("described", "v1", "0123456789");
    await content("described").setManifest((await content("described").getManifest("v1")).content, {
      tag: "stable",
      mediaType: MEDIA_TYPE,
    });
    const found = await client.getArtifact("described", "v1").getManifestProperties();
    expect(found).toMatchObject({
      repositoryName: "described",
      digest,
      architecture: "amd64",
      operatingSystem: "linux",
      tags: ["stable", "v1"],
      canDelete: true,
      canWrite: true,
      canList: true,
      canRead: true,
      createdOn: expect.any(Date),
    });
    expect(await client.getArtifact("described", "v1").getTagProperties("stable")).toMatchObject({ digest });
    expect(await client.getRepository("described").getProperties()).toMatchObject({
      manifestCount: 1,
      tagCount: 2,
    });
  });

  test("lists repositories, images newest first, and tags, page by page", async () => {
    const digests = [await push("paged", "v1"), await push("paged", "v2"), await push("paged", "v3")];
    const names: string[] = [];
    for await (const page of client.listRepositoryNames().byPage({ maxPageSize: 2 })) {
      expect(page.length).toBeLessThanOrEqual(2);
      names.push(...page);
    }
    expect(names).toContain("paged");
    expect(names).toContain("azureml/weather");
    const listed: string[] = [];
    const manifests = client
      .getRepository("paged")
      .listManifestProperties({ order: "LastUpdatedOnDescending" });
    for await (const page of manifests.byPage({ maxPageSize: 1 })) {
      expect(page).toHaveLength(1);
      listed.push(...page.map(({ digest }) => digest));
    }
    expect(listed).toEqual(digests.toReversed());
    // The SDK asks for the tags of the whole repository.
    const tags = await Array.fromAsync(client.getArtifact("paged", "v1").listTagProperties());
    expect(tags.map(({ name }) => name)).toEqual(["v1", "v2", "v3"]);
  });

  test("untags, deletes an image, and takes a second delete for done", async () => {
    const digest = await push("deleted", "v1");
    const artifact = client.getArtifact("deleted", digest);
    await artifact.deleteTag("v1");
    expect(await refusal(content("deleted").getManifest("v1"))).toEqual({
      status: 404,
      code: "MANIFEST_UNKNOWN",
    });
    expect(await content("deleted").getManifest(digest)).toMatchObject({ digest });
    await artifact.delete();
    await artifact.delete();
    expect(await refusal(content("deleted").getManifest(digest))).toMatchObject({ status: 404 });
  });

  test("deletes a repository with all that is in it", async () => {
    await push("gone", "v1");
    await client.deleteRepository("gone");
    expect(await refusal(client.getRepository("gone").getProperties())).toEqual({
      status: 404,
      code: "NAME_UNKNOWN",
    });
  });

  test.each([
    { lock: { canWrite: false }, pull: 200, overwrite: 405, remove: 405 },
    { lock: { canDelete: false }, pull: 200, overwrite: 201, remove: 405 },
    { lock: { canRead: false }, pull: 405, overwrite: 201, remove: 202 },
  ])(
    "with $lock answers a pull $pull, a push $overwrite, a delete $remove",
    async ({ lock, pull, overwrite, remove }) => {
      const name = `locked-${Object.keys(lock)[0]?.toLowerCase()}`;
      const digest = await push(name, "v1");
      const artifact = client.getArtifact(name, digest);
      expect(await artifact.updateManifestProperties(lock)).toMatchObject(lock);
      const statusOf = (work: Promise<unknown>, good: number) =>
        work.then(
          () => good,
          (error: { statusCode: number }) => error.statusCode,
        );
      expect(await statusOf(content(name).getManifest(digest), 200)).toBe(pull);
      expect(await statusOf(push(name, "v1"), 201)).toBe(overwrite);
      expect(await statusOf(artifact.delete(), 202)).toBe(remove);
    },
  );

  test("refuses to move a locked tag, and hides an image that is not to be listed", async () => {
    const digest = await push("pinned", "v1");
    const artifact = client.getArtifact("pinned", digest);
    await artifact.updateTagProperties("v1", { canWrite: false });
    expect(await refusal(push("pinned", "v1", "another layer"))).toEqual({
      status: 405,
      code: "REGISTRY_DISALLOWED_OPERATION",
    });
    await artifact.updateManifestProperties({ canList: false });
    expect(await Array.fromAsync(client.getRepository("pinned").listManifestProperties())).toEqual([]);
  });

  test.each([
    { what: "a manifest that is no JSON", body: "{", code: "MANIFEST_INVALID" },
    { what: "another schema version", body: '{"schemaVersion":1}', code: "MANIFEST_INVALID" },
    {
      what: "a layer that was never sent",
      body: JSON.stringify({ schemaVersion: 2, layers: [{ digest: sha("never sent") }] }),
      code: "MANIFEST_BLOB_UNKNOWN",
    },
  ])("refuses $what", async ({ body, code }) => {
    expect(await refusal(content("bad").setManifest(Buffer.from(body), { tag: "v1" }))).toEqual({
      status: 400,
      code,
    });
  });

  test("keeps everything over a restart", async () => {
    const digest = await push("kept", "v1");
    await cloud.restart();
    const again = new ContainerRegistryContentClient(cloud.azure.origin, "kept", cloud.credential);
    expect((await again.getManifest("v1")).digest).toBe(digest);
    client = new ContainerRegistryClient(cloud.azure.origin, cloud.credential);
    arm = new ContainerRegistryManagementClient(cloud.credential, SUBSCRIPTION, {
      endpoint: cloud.azure.origin,
    });
  });
});

describe("events", () => {
  test("tell of a push and a delete with the documented fields", async () => {
    const digest = await push("announced", "v1");
    await client.getArtifact("announced", digest).delete();
    const [pushed, deleted] = await hook.until(2);
    const host = new URL(cloud.azure.origin).host;
    const envelope = { topic: cloud.azure.registryId, dataVersion: "1.0", metadataVersion: "1" };
    const size = (await lengthOf(digest)) ?? 0;
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(pushed?.body).toEqual([
      {
        ...envelope,
        id: expect.any(String),
        subject: "announced:v1",
        eventType: "Microsoft.ContainerRegistry.ImagePushed",
        eventTime: expect.any(String),
        data: {
          id: expect.any(String),
          timestamp,
          action: "push",
          target: { mediaType: MEDIA_TYPE, size, digest, length: size, repository: "announced", tag: "v1" },
          request: {
            id: expect.any(String),
            host,
            method: "PUT",
            useragent: expect.stringContaining("azsdk-js"),
          },
        },
      },
    ]);
    expect(deleted?.body).toEqual([
      {
        ...envelope,
        id: expect.any(String),
        subject: "announced",
        eventType: "Microsoft.ContainerRegistry.ImageDeleted",
        eventTime: expect.any(String),
        data: {
          id: expect.any(String),
          timestamp,
          action: "delete",
          target: { mediaType: MEDIA_TYPE, digest, repository: "announced" },
          request: { id: expect.any(String), host, method: "DELETE", useragent: expect.any(String) },
        },
      },
    ]);
  });

  /** Bytes of the manifest that `push` makes of this repository. */
  async function lengthOf(_digest: string): Promise<number | undefined> {
    await push("measured_", "v1", "announced v1");
    return (await content("measured_").getManifest("v1")).content.byteLength;
  }
});

describe("the quarantine", () => {
  test("holds an image back until a scanner lets it pass; then its push is announced", async () => {
    await quarantine("enabled");
    const digest = await push("scanned", "v1");
    expect(await refusal(content("scanned").getManifest("v1"))).toEqual({
      status: 404,
      code: "MANIFEST_UNKNOWN",
    });
    expect(await refusal(content("scanned").getManifest(digest))).toEqual({
      status: 405,
      code: "REGISTRY_DISALLOWED_OPERATION",
    });
    expect(hook.notifications).toEqual([]);
    expect(await judge("scanned", digest, { quarantineState: "Passed", quarantineDetails: "{}" })).toBe(200);
    expect(await content("scanned").getManifest("v1")).toMatchObject({ digest });
    const [pushed] = await hook.until(1);
    expect(pushed?.body).toMatchObject([{ subject: "scanned:v1", data: { action: "push" } }]);
    await quarantine("disabled");
  });

  test("keeps an image that failed from being pulled", async () => {
    await quarantine("enabled");
    const digest = await push("failed", "v1");
    expect(await judge("failed", digest, { quarantineState: "Failed" })).toBe(200);
    expect(await refusal(content("failed").getManifest(digest))).toMatchObject({ status: 405 });
    await quarantine("disabled");
  });

  test("calls the registry's webhook at every push, with the bare documented body", async () => {
    const at = `${cloud.azure.registryId}/webhooks/scanner?api-version=2025-11-01`;
    const serviceUri = `http://127.0.0.1:${hook.port}/scan`;
    const made = await cloud.call("PUT", at, {
      location: "westeurope",
      properties: {
        serviceUri,
        customHeaders: { "x-scan": "1" },
        actions: ["quarantine"],
        scope: "webhooked:*",
      },
    });
    expect(made.status).toBe(201);
    expect(JSON.stringify(made.body)).not.toContain(serviceUri);
    const digest = await push("webhooked", "v1");
    const called = await vi.waitUntil(() => hook.received.find(({ url }) => url === "/scan"));
    expect(called.headers["x-scan"]).toBe("1");
    expect(called.body).toEqual({
      id: expect.any(String),
      timestamp: expect.any(String),
      action: "quarantine",
      target: {
        size: expect.any(Number),
        digest,
        length: expect.any(Number),
        repository: "webhooked",
        tag: "v1",
      },
      request: { id: expect.any(String), host: new URL(cloud.azure.origin).host, method: "PUT" },
    });
    const listed = await Array.fromAsync(arm.webhooks.list(GROUP, REGISTRY));
    expect(listed.map(({ name }) => name)).toEqual(["scanner"]);
    expect((await cloud.call("DELETE", at)).status).toBe(200);
  });
});

describe("the registry in Resource Manager", () => {
  test("is whole, found by list and by name, and keeps its tags", async () => {
    const found = await arm.registries.get(GROUP, REGISTRY);
    expect(found).toMatchObject({
      name: REGISTRY,
      sku: { name: "Premium" },
      loginServer: new URL(cloud.azure.origin).host,
      provisioningState: "Succeeded",
    });
    expect(await Array.fromAsync(arm.registries.list())).toHaveLength(1);
    expect(await Array.fromAsync(arm.registries.listByResourceGroup("another"))).toHaveLength(0);
    expect((await arm.registries.update(GROUP, REGISTRY, { tags: { owner: "ops" } })).tags).toEqual({
      owner: "ops",
    });
  });

  test("imports an image under another name, and refuses to move a tag unless forced", async () => {
    const digest = await push("source", "v1");
    const from = { resourceId: cloud.azure.registryId, sourceImage: "source:v1" };
    const options = { updateIntervalInMs: 20 };
    await arm.registries.importImage(GROUP, REGISTRY, { source: from, targetTags: ["copy:v1"] }, options);
    expect((await content("copy").getManifest("v1")).digest).toBe(digest);
    await push("source", "v2");
    const moved = { source: { ...from, sourceImage: "source:v2" }, targetTags: ["copy:v1"] };
    await expect(arm.registries.importImage(GROUP, REGISTRY, moved, options)).rejects.toMatchObject({
      statusCode: 409,
    });
    await arm.registries.importImage(GROUP, REGISTRY, { ...moved, mode: "Force" }, options);
    expect((await content("copy").getManifest("v1")).digest).not.toBe(digest);
  });

  test.each([
    {
      method: "POST",
      at: "/listCredentials",
      status: 501,
      says: "'listCredentials' of a container registry is not",
    },
    { method: "DELETE", at: "", status: 501, says: "DELETE of a registry is not simulated" },
  ])("says by name that $method $at is not simulated", async ({ method, at, status, says }) => {
    const answer = await cloud.call(method, `${cloud.azure.registryId}${at}?api-version=2025-11-01`, {});
    expect(answer).toMatchObject({ status, body: { error: { message: expect.stringContaining(says) } } });
  });

  test("refuses a policy that is not simulated, and an import from elsewhere", async () => {
    const at = `${cloud.azure.registryId}?api-version=2025-11-01`;
    const body = { properties: { policies: { retentionPolicy: { status: "enabled" } } } };
    expect(await cloud.call("PATCH", at, body)).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining("retentionPolicy") } },
    });
    const source = { registryUri: "docker.io", sourceImage: "library/x:1" };
    await expect(arm.registries.importImage(GROUP, REGISTRY, { source })).rejects.toThrow(
      /own registry alone/,
    );
  });
});
