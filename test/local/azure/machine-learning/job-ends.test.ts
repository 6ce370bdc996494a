import { expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { AT, WORKSPACE_ID } from "./identity.ts";
import { type Fixture, start } from "./setup.ts";

const MLFLOW = `/mlflow/v2.0${WORKSPACE_ID}/api/2.0/mlflow`;
const QUICK = { updateIntervalInMs: 1 };
const job = (command: string) => ({
  properties: { jobType: "Command", environmentId: "azureml:e:1", command },
});

const ended = ({ client }: Fixture, name: string) =>
  until(async () => {
    const status = (await client.jobs.get(...AT, name)).properties.status ?? "";
    return ["Completed", "Failed", "Canceled"].includes(status) ? status : undefined;
  });

test("a job of the name of one that was deleted has nothing that the other logged", async () => {
  const fixture = await start();
  const { call, client } = fixture;
  await call("PUT", "jobs/train", job("true"));
  await ended(fixture, "train");
  const metric = { key: "rmse", value: 3, timestamp: 1, step: 0 };
  const params = [{ key: "trees", value: "50" }];
  await call("POST", `${MLFLOW}/runs/log-batch`, { run_id: "train", metrics: [metric], params });
  await client.jobs.beginDeleteAndWait(...AT, "train", QUICK);
  await call("PUT", "jobs/train", job("true"));
  const { body } = await call("GET", `${MLFLOW}/runs/get?run_id=train`);
  expect(body.run).toMatchObject({ data: { metrics: [], params: [] } });
  await ended(fixture, "train");
});

test("a pipeline one of whose steps was cancelled is Canceled, once the others have ended", async () => {
  const fixture = await start();
  const { call, client } = fixture;
  for (const [name, command] of [
    ["wait", "sleep 60"],
    ["quick", "true"],
  ]) {
    const componentSpec = { name, version: "1", type: "command", environment: "azureml:e:1", command };
    await call("PUT", `components/${name}/versions/1`, { properties: { componentSpec } });
  }
  const step = (name: string) => ({
    type: "command",
    componentId: `${WORKSPACE_ID}/components/${name}/versions/1`,
  });
  const jobs = { wait: step("wait"), quick: step("quick") };
  await call("PUT", "jobs/p", { properties: { jobType: "Pipeline", jobs } });
  const waiting = await until(async () => {
    const filter = "tags.mlflow.parentRunId = 'p'";
    const { body } = await call("POST", `${MLFLOW}/runs/search`, { filter });
    const runs = body.runs as { readonly info: Record<"run_id" | "run_name" | "status", string> }[];
    return runs.find(({ info }) => info.status === "RUNNING" && info.run_name === "wait")?.info.run_id;
  });
  await client.jobs.beginCancelAndWait(...AT, waiting, QUICK);
  expect(await ended(fixture, "p")).toBe("Canceled");
});

test.each(["POST runs/create", "GET artifacts/list", "POST runs/delete"])(
  "MLflow refuses %s by its name, which is not simulated",
  async (operation) => {
    const { call } = await start();
    const [method = "", path] = operation.split(" ");
    const { status, body } = await call(method, `${MLFLOW}/${path}`, method === "POST" ? {} : undefined);
    expect(status).toBe(404);
    expect(body).toMatchObject({
      error_code: "ENDPOINT_NOT_FOUND",
      message: expect.stringContaining(operation),
    });
  },
);
