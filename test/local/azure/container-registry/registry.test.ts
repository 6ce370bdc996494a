import { describe, expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { GROUP } from "../cloud.ts";
import {
  cloud,
  content,
  judge,
  MEDIA_TYPE,
  push,
  quarantine,
  REGISTRY,
  refusal,
  registry,
} from "./registry-fixture.ts";

describe("events", () => {
  test("tell of a push and a delete with the documented fields", async () => {
    const digest = await push("announced", "v1");
    await registry.client.getArtifact("announced", digest).delete();
    const [pushed, deleted] = await registry.hook.until(2);
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
    expect(registry.hook.notifications).toEqual([]);
    expect(await judge("scanned", digest, { quarantineState: "Passed", quarantineDetails: "{}" })).toBe(200);
    expect(await content("scanned").getManifest("v1")).toMatchObject({ digest });
    const [pushed] = await registry.hook.until(1);
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
    const serviceUri = `http://127.0.0.1:${registry.hook.port}/scan`;
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
    const called = await until(() => registry.hook.received.find(({ url }) => url === "/scan"));
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
    const listed = await Array.fromAsync(registry.arm.webhooks.list(GROUP, REGISTRY));
    expect(listed.map(({ name }) => name)).toEqual(["scanner"]);
    expect((await cloud.call("DELETE", at)).status).toBe(200);
  });
});

describe("the registry in Resource Manager", () => {
  test("is whole, found by list and by name, and keeps its tags", async () => {
    const found = await registry.arm.registries.get(GROUP, REGISTRY);
    expect(found).toMatchObject({
      name: REGISTRY,
      sku: { name: "Premium" },
      loginServer: new URL(cloud.azure.origin).host,
      provisioningState: "Succeeded",
    });
    expect(await Array.fromAsync(registry.arm.registries.list())).toHaveLength(1);
    expect(await Array.fromAsync(registry.arm.registries.listByResourceGroup("another"))).toHaveLength(0);
    expect((await registry.arm.registries.update(GROUP, REGISTRY, { tags: { owner: "ops" } })).tags).toEqual({
      owner: "ops",
    });
  });

  test("imports an image under another name, and refuses to move a tag unless forced", async () => {
    const digest = await push("source", "v1");
    const from = { resourceId: cloud.azure.registryId, sourceImage: "source:v1" };
    const options = { updateIntervalInMs: 20 };
    await registry.arm.registries.importImage(
      GROUP,
      REGISTRY,
      { source: from, targetTags: ["copy:v1"] },
      options,
    );
    expect((await content("copy").getManifest("v1")).digest).toBe(digest);
    await push("source", "v2");
    const moved = { source: { ...from, sourceImage: "source:v2" }, targetTags: ["copy:v1"] };
    await expect(registry.arm.registries.importImage(GROUP, REGISTRY, moved, options)).rejects.toMatchObject({
      statusCode: 409,
    });
    await registry.arm.registries.importImage(GROUP, REGISTRY, { ...moved, mode: "Force" }, options);
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
    await expect(registry.arm.registries.importImage(GROUP, REGISTRY, { source })).rejects.toThrow(
      /own registry alone/,
    );
  });
});
