import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { client, dispatch, openIssue, REPO } from "./github-fixture.ts";

describe("a webhook", () => {
  async function receiver() {
    const got: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
    const server = createServer(async (message, response) => {
      let body = "";
      for await (const chunk of message) body += chunk;
      got.push({ headers: message.headers, body });
      response.writeHead(got.length === 1 ? 200 : 500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return { got, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/hook` };
  }

  test("is told of issues and runs, signed with its secret, and each attempt is listed", async () => {
    const { got, url } = await receiver();
    const config = { url, content_type: "json", secret: "s3" };
    const hook = await client()("POST /repos/{owner}/{repo}/hooks", {
      ...REPO,
      config,
      events: ["issues", "workflow_run"],
    });
    expect(hook.data.config).toMatchObject({ url, secret: "********" });
    await expect.poll(() => got.length).toBe(1);
    await openIssue();
    await expect.poll(() => got.length).toBe(2);
    await dispatch();
    await expect.poll(() => got.length).toBe(3);
    expect(got.map(({ headers }) => headers["x-github-event"])).toEqual(["ping", "issues", "workflow_run"]);
    const [, issue] = got;
    expect(JSON.parse(issue?.body ?? "")).toMatchObject({
      action: "opened",
      issue: { number: 1 },
      repository: { full_name: "outerloop/models" },
      sender: { login: "outerloop-app" },
    });
    const signature = createHmac("sha256", "s3")
      .update(issue?.body ?? "")
      .digest("hex");
    expect(issue?.headers["x-hub-signature-256"]).toBe(`sha256=${signature}`);
    const list = async () =>
      (
        await client()("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries", {
          ...REPO,
          hook_id: hook.data.id,
        })
      ).data;
    await expect.poll(async () => (await list()).length).toBe(3);
    expect((await list()).map(({ event, status_code }) => [event, status_code])).toEqual([
      ["workflow_run", 500],
      ["issues", 500],
      ["ping", 200],
    ]);
  });

  test("that would be told off this machine is refused", async () => {
    const config = { url: "https://example.invalid/hook" };
    const asked = client()("POST /repos/{owner}/{repo}/hooks", { ...REPO, config });
    await expect(asked).rejects.toMatchObject({ status: 422 });
  });

  test("of an event that is not simulated is refused by name", async () => {
    const config = { url: "http://localhost:1/x" };
    const asked = client()("POST /repos/{owner}/{repo}/hooks", { ...REPO, config, events: ["deployment"] });
    await expect(asked).rejects.toMatchObject({ status: 422 });
  });
});
