import { describe, expect, test } from "vitest";
import { client, openIssue, REPO, scene } from "./github-fixture.ts";

describe("a caller", () => {
  test.each([
    {
      what: "with another token",
      headers: { authorization: "Bearer guess" },
      status: 401,
      says: "Bad credentials",
    },
    { what: "without a token", headers: {}, status: 401, says: "Requires authentication" },
    {
      what: "of another version",
      headers: { "x-github-api-version": "2020-01-01" },
      status: 400,
      says: "Invalid API version",
    },
    { what: "without a name", headers: { "user-agent": "" }, status: 403, says: "User-Agent header" },
    {
      what: "that wants XML",
      headers: { accept: "text/xml" },
      status: 415,
      says: "Unsupported 'Accept' header",
    },
  ])("$what is refused with $status", async ({ headers, status, says }) => {
    const answer = await fetch(`${scene.origin}/github-api/repos/outerloop/models/issues`, { headers });
    expect(answer.status).toBe(status);
    expect((await answer.json()).message).toContain(says);
  });

  test.each([
    "/repos/outerloop/other/issues",
    "/repos/outerloop/models/pulls",
    "/repos/outerloop/models/issues/9",
  ])("finds nothing at %s", async (target) => {
    await expect(client()(`GET ${target}`)).rejects.toMatchObject({
      status: 404,
      response: { data: { message: "Not Found", status: "404" } },
    });
  });

  test("with a body that is no JSON is refused with 400", async () => {
    const answer = await fetch(`${scene.origin}/github-api/repos/outerloop/models/issues`, {
      method: "POST",
      headers: { authorization: `token ${scene.delivery.githubToken}` },
      body: "{",
    });
    expect(answer.status).toBe(400);
    expect((await answer.json()).message).toBe("Problems parsing JSON");
  });

  test("is told what is left of its limit", async () => {
    const { headers } = await client()("GET /repos/{owner}/{repo}/issues", REPO);
    expect(headers).toMatchObject({
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": "4999",
      "x-ratelimit-reset": String(Date.UTC(2026, 0, 1, 13) / 1000),
      "x-ratelimit-resource": "core",
      "x-github-media-type": "github.v3; format=json",
    });
  });

  test("that asks for more than eighty things in a minute is held back, and told for how long", async () => {
    // Requests that fail count, too.
    const empty = {
      headers: { authorization: `Bearer ${scene.delivery.githubToken}` },
      body: '{"title":" "}',
    };
    const target = `${scene.origin}/github-api/repos/outerloop/models/issues`;
    const asked = Array.from({ length: 80 }, () => fetch(target, { method: "POST", ...empty }));
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([422]));
    await expect(openIssue()).rejects.toMatchObject({
      status: 403,
      response: {
        headers: { "retry-after": "60" },
        data: { message: expect.stringContaining("secondary rate limit") },
      },
    });
    scene.clock.advance(60_000);
    expect((await openIssue()).data.number).toBe(1);
  });
});
