import { ContainerRegistryClient } from "@azure/container-registry";
import { describe, expect, test } from "vitest";
import { GROUP } from "../cloud.ts";
import { cloud, content, MEDIA_TYPE, push, REGISTRY, refusal, registry, sha } from "./registry-fixture.ts";

describe("the data plane", () => {
  test("takes an image and gives it back byte for byte, by tag and by digest", async () => {
    const digest = await push("azureml/weather", "v1");
    const images = content("azureml/weather");
    const byTag = await images.getManifest("v1");
    expect(byTag).toMatchObject({ digest, mediaType: MEDIA_TYPE });
    expect(sha(byTag.content)).toBe(digest);
    expect((await images.getManifest(digest)).content).toEqual(byTag.content);
    const layer = await images.downloadBlob(sha("azureml/weather v1"));
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
    await registry.arm.registries.update(GROUP, REGISTRY, { anonymousPullEnabled: true });
    expect(await anonymous().getManifestProperties()).toMatchObject({ tags: ["v1"] });
    expect(await refusal(anonymous().deleteTag("v1"))).toMatchObject({ status: 401 });
    await registry.arm.registries.update(GROUP, REGISTRY, { anonymousPullEnabled: false });
  });

  test("tells what an image is made of", async () => {
    const digest = await push("described", "v1", "0123456789");
    await content("described").setManifest((await content("described").getManifest("v1")).content, {
      tag: "stable",
      mediaType: MEDIA_TYPE,
    });
    const found = await registry.client.getArtifact("described", "v1").getManifestProperties();
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
    expect(await registry.client.getArtifact("described", "v1").getTagProperties("stable")).toMatchObject({
      digest,
    });
    expect(await registry.client.getRepository("described").getProperties()).toMatchObject({
      manifestCount: 1,
      tagCount: 2,
    });
  });

  test("lists repositories, images newest first, and tags, page by page", async () => {
    const digests = [await push("paged", "v1"), await push("paged", "v2"), await push("paged", "v3")];
    const names: string[] = [];
    for await (const page of registry.client.listRepositoryNames().byPage({ maxPageSize: 2 })) {
      expect(page.length).toBeLessThanOrEqual(2);
      names.push(...page);
    }
    expect(names).toContain("paged");
    expect(names).toContain("azureml/weather");
    const listed: string[] = [];
    const manifests = registry.client
      .getRepository("paged")
      .listManifestProperties({ order: "LastUpdatedOnDescending" });
    for await (const page of manifests.byPage({ maxPageSize: 1 })) {
      expect(page).toHaveLength(1);
      listed.push(...page.map(({ digest }) => digest));
    }
    expect(listed).toEqual(digests.toReversed());
    // The SDK asks for the tags of the whole repository.
    const tags = await Array.fromAsync(registry.client.getArtifact("paged", "v1").listTagProperties());
    expect(tags.map(({ name }) => name)).toEqual(["v1", "v2", "v3"]);
  });

  test("untags, deletes an image, and takes a second delete for done", async () => {
    const digest = await push("deleted", "v1");
    const artifact = registry.client.getArtifact("deleted", digest);
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
    await registry.client.deleteRepository("gone");
    expect(await refusal(registry.client.getRepository("gone").getProperties())).toEqual({
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
      const artifact = registry.client.getArtifact(name, digest);
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
    const artifact = registry.client.getArtifact("pinned", digest);
    await artifact.updateTagProperties("v1", { canWrite: false });
    expect(await refusal(push("pinned", "v1", "another layer"))).toEqual({
      status: 405,
      code: "REGISTRY_DISALLOWED_OPERATION",
    });
    await artifact.updateManifestProperties({ canList: false });
    expect(await Array.fromAsync(registry.client.getRepository("pinned").listManifestProperties())).toEqual(
      [],
    );
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
    await registry.restart();
    expect((await content("kept").getManifest("v1")).digest).toBe(digest);
  });
});
