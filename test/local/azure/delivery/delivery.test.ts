import { request } from "@octokit/request";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { useDelivery } from "./setup.ts";

const scene = useDelivery();
const EVIL = "<img src=x onerror=alert(1)></li><script>alert(1)</script>";

const github = () =>
  request.defaults({
    baseUrl: `${scene.origin}/github-api`,
    headers: { authorization: `Bearer ${scene.delivery.githubToken}` },
  });
const REPO = { owner: "outerloop", repo: "models" };

async function openAll(): Promise<void> {
  await github()("POST /repos/{owner}/{repo}/issues", { ...REPO, title: `Issue ${EVIL}`, body: EVIL });
  await github()("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
    ...REPO,
    workflow_id: "retrain.yml",
    ref: "main",
    inputs: { model: EVIL },
  });
  const devOps = (target: string, body: unknown, type: string) =>
    fetch(`${scene.origin}/outerloop/models/_apis${target}api-version=7.1`, {
      method: "POST",
      headers: { authorization: "Bearer entra", "content-type": type },
      body: JSON.stringify(body),
    });
  const title = { op: "add", path: "/fields/System.Title", value: `Bug ${EVIL}` };
  await devOps("/wit/workitems/$Bug?", [title], "application/json-patch+json");
  await devOps("/pipelines/1/runs?", {}, "application/json");
}

const act = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${scene.origin}/_delivery`, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const overview = async () => (await fetch(`${scene.origin}/_delivery`)).json();
const document = async () => parseHTML(await (await fetch(`${scene.origin}/delivery`)).text()).document;

describe("in somebody else's place", () => {
  test("an issue and a work item are closed, once", async () => {
    await openAll();
    const issue = { system: "github", repository: "outerloop/models", close: 1 };
    const item = { system: "devops", close: 1 };
    expect([(await act(issue)).status, (await act(item)).status]).toEqual([204, 204]);
    expect([(await act(issue)).status, (await act(item)).status]).toEqual([409, 409]);
    expect(await overview()).toMatchObject({
      repositories: [{ issues: [{ issue: { state: "closed" } }] }],
      workItems: [{ item: { fields: { "System.State": "Closed" } } }],
    });
    expect(scene.delivery.service.stats?.()).toEqual({ issuesOpened: 1, workItemsOpened: 1 });
  });

  test("a run is concluded before its time, and stays so", async () => {
    await openAll();
    const { repositories, pipelineRuns } = await overview();
    const [run] = repositories[0].runs;
    expect(
      (await act({ system: "github", scope: "outerloop/models", run: run.id, conclude: "failure" })).status,
    ).toBe(204);
    await act({ system: "devops", scope: "models", run: pipelineRuns[0].id, conclude: "success" });
    scene.clock.advance(60_000);
    expect(await overview()).toMatchObject({
      repositories: [{ runs: [{ conclusion: "failure" }] }],
      pipelineRuns: [{ conclusion: "success" }],
    });
  });

  test.each([{}, { system: "jira", close: 1 }, { system: "github", close: "x" }, "text"])(
    "%j is refused",
    async (body) => {
      expect((await act(body)).status).toBe(400);
    },
  );

  test("a page elsewhere cannot act", async () => {
    await openAll();
    const answer = await act({ system: "devops", close: 1 }, { origin: "https://example.com" });
    expect(answer.status).toBe(403);
  });
});

describe("the page", () => {
  test("says what will appear, when there is nothing", async () => {
    expect((await document()).querySelector("main p")?.textContent).toContain("Nothing was opened yet.");
  });

  test("shows what was opened as text, and acts by its buttons", async () => {
    await openAll();
    const before = await document();
    expect(before.querySelector("main p")?.textContent).toContain("2 open, 2 running.");
    expect(before.querySelector("img, script, [onerror]")).toBeNull();
    expect([...before.querySelectorAll("button")].map((button) => button.textContent)).toEqual([
      "Close #1",
      "Succeed run 1",
      "Fail run 1",
      "Close 1",
      "Succeed run 2",
      "Fail run 2",
    ]);
    for (const form of before.querySelectorAll("form")) {
      const fields = [...form.querySelectorAll("input")].map((input): [string, string] => [
        input.getAttribute("name") ?? "",
        input.getAttribute("value") ?? "",
      ]);
      const sent = await fetch(`${scene.origin}/_delivery`, {
        method: "POST",
        redirect: "manual",
        body: new URLSearchParams(fields),
      });
      expect([sent.status, sent.headers.get("location")]).toEqual([303, "/delivery"]);
    }
    const after = await document();
    expect(after.querySelector("main p")?.textContent).toContain("0 open, 0 running.");
    expect([...after.querySelectorAll(".state")].map((state) => state.textContent)).toEqual([
      "closed",
      "success",
      "Closed",
      "success",
    ]);
  });

  test("is where the addresses of both systems' own pages lead", async () => {
    await openAll();
    for (const target of ["/github/outerloop/models/issues/1", "/outerloop/models/_workitems/edit/1"]) {
      expect(await (await fetch(`${scene.origin}${target}`)).text()).toContain(
        "<h1>Work items and runs</h1>",
      );
    }
  });
});
