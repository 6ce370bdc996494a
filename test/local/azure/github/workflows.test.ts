import { describe, expect, test } from "vitest";
import { client, dispatch, REPO, runs, scene } from "./github-fixture.ts";

describe("a workflow", () => {
  test("is dispatched with 204, and its run goes from queued to success by the clock", async () => {
    expect((await dispatch({ model: "weather-max", marker: "op-7" })).status).toBe(204);
    const seen: unknown[] = [];
    const look = async () => {
      const [run] = await runs();
      seen.push([run?.status, run?.conclusion]);
    };
    await look();
    for (const ms of [1_999, 1, 19_999, 1]) {
      scene.clock.advance(ms);
      await look();
    }
    expect(seen).toEqual([
      ["queued", null],
      ["queued", null],
      ["in_progress", null],
      ["in_progress", null],
      ["completed", "success"],
    ]);
    expect((await runs())[0]).toMatchObject({
      name: "Retrain",
      display_title: "op-7",
      event: "workflow_dispatch",
      head_branch: "main",
      run_number: 1,
      run_started_at: "2026-01-01T12:00:02Z",
      updated_at: "2026-01-01T12:00:22Z",
    });
  });

  test("goes on after a restart", async () => {
    await dispatch();
    await scene.restart();
    scene.clock.advance(22_000);
    expect((await runs())[0]).toMatchObject({ status: "completed", conclusion: "success" });
  });

  test("tells the run's id when it is asked to", async () => {
    const { status, data } = await client()(
      "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
      { ...REPO, workflow_id: 101, ref: "refs/heads/main", inputs: { model: "m" }, return_run_details: true },
    );
    expect(status).toBe(200);
    const [run] = await runs();
    expect(data).toMatchObject({ workflow_run_id: run?.id, run_url: run?.url });
  });

  test("is cancelled while it runs, and not afterwards", async () => {
    await dispatch();
    const [run] = await runs();
    const cancel = () =>
      client()("POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel", {
        ...REPO,
        run_id: Number(run?.id),
      });
    expect((await cancel()).status).toBe(202);
    expect((await runs())[0]).toMatchObject({ status: "completed", conclusion: "cancelled" });
    await expect(cancel()).rejects.toMatchObject({ status: 409 });
    scene.clock.advance(60_000);
    expect((await runs())[0]?.conclusion).toBe("cancelled");
  });

  test.each([
    { what: "a ref that is not", body: { ref: "nowhere" }, says: "No ref found for: nowhere" },
    {
      what: "an input that is not",
      body: { ref: "main", inputs: { model: "m", x: "1" } },
      says: 'Unexpected inputs provided: ["x"]',
    },
    { what: "without an input it needs", body: { ref: "main" }, says: "Required input 'model' not provided" },
  ])("with $what is refused with 422", async ({ body, says }) => {
    const asked = client()("POST /repos/outerloop/models/actions/workflows/retrain.yml/dispatches", body);
    await expect(asked).rejects.toMatchObject({ status: 422, response: { data: { message: says } } });
    expect(await runs()).toEqual([]);
  });

  test("that listens is started by a repository dispatch", async () => {
    await client()("POST /repos/{owner}/{repo}/dispatches", {
      ...REPO,
      event_type: "drift",
      client_payload: { model: "weather-max" },
    });
    expect((await runs()).map(({ name, event, display_title }) => [name, event, display_title])).toEqual([
      ["Retrain", "repository_dispatch", "drift"],
    ]);
  });

  test("is listed, and its runs by status", async () => {
    await dispatch();
    scene.clock.advance(22_000);
    await dispatch();
    const { data } = await client()("GET /repos/{owner}/{repo}/actions/workflows", REPO);
    expect(data.workflows.map(({ name }) => name)).toEqual(["Retrain", "Reconfigure infrastructure"]);
    const of = async (status: "success" | "queued") =>
      (
        await client()("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", {
          ...REPO,
          workflow_id: "retrain.yml",
          status,
        })
      ).data.workflow_runs.map(({ run_number }) => run_number);
    expect(await of("success")).toEqual([1]);
    expect(await of("queued")).toEqual([2]);
  });
});
