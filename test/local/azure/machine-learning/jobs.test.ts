import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { until } from "../../../waiting.ts";
import { AT, CURATED, WORKSPACE_ID } from "./identity.ts";
import { type Fixture, newFolder, start } from "./setup.ts";

const job = (command: string, more: object = {}) => ({
  properties: {
    jobType: "Command",
    environmentId: "azureml:env:1",
    experimentName: "train",
    command,
    ...more,
  },
});

async function ended(fixture: Fixture, name: string): Promise<string> {
  return until(async () => {
    const { status } = (await fixture.client.jobs.get(...AT, name)).properties;
    return ["Completed", "Failed", "Canceled"].includes(status ?? "") ? status : undefined;
  });
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
const readPid = (file: string) =>
  until(async () => (existsSync(file) ? Number(await readFile(file, "utf8")) : undefined));

test("runs a job from its inputs to its outputs, which the next job reads by their address", async () => {
  const fixture = await start();
  const { client, call, data, problems } = fixture;
  await mkdir(path.join(data, "datastore/days"), { recursive: true });
  await writeFile(path.join(data, "datastore/days/june.csv"), "date,temp\n2012-06-01,20\n");
  await mkdir(path.join(data, "code"));
  await writeFile(path.join(data, "code/say.txt"), "from the code folder");
  await client.codeVersions.createOrUpdate(...AT, "code", "1", {
    properties: { codeUri: `file://${data}/code` },
  });
  await client.dataVersions.createOrUpdate(...AT, "days", "6", {
    properties: {
      dataType: "uri_file",
      dataUri: "azureml://datastores/workspaceblobstore/paths/days/june.csv",
    },
  });
  const first = job(`cat say.txt \${{inputs.days}} > \${{outputs.model}}/all.txt; echo "\${{inputs.word}}"`, {
    codeId: "azureml:code:1",
    inputs: {
      days: { jobInputType: "uri_file", uri: "azureml:days:6" },
      word: { jobInputType: "literal", value: "hello" },
    },
    outputs: { model: { jobOutputType: "mlflow_model", mode: "ReadWriteMount" } },
  });
  expect((await call("PUT", "jobs/first", first)).status).toBe(201);
  expect(await ended(fixture, "first")).toBe("Completed");
  const second = job(`cp \${{inputs.model}}/all.txt $AZUREML_OUTPUT_copy`, {
    inputs: { model: { jobInputType: "mlflow_model", uri: "azureml://jobs/first/outputs/model/paths/" } },
    outputs: { copy: { jobOutputType: "uri_file" } },
  });
  await call("PUT", "jobs/second", second);
  expect(await ended(fixture, "second")).toBe("Completed");
  expect(await readFile(path.join(data, "jobs/second/outputs/copy"), "utf8")).toBe(
    "from the code folderdate,temp\n2012-06-01,20\n",
  );
  expect(await readFile(path.join(data, "jobs/first/logs/std_out.log"), "utf8")).toBe("hello\n");
  expect(problems).toEqual([]);
});

test("tells of each status as it comes, and of the completed run, with the run's tags", async () => {
  const fixture = await start();
  const { call, events } = fixture;
  await call("PUT", "jobs/monitor", job("true", { tags: { "outerloop.model": "weather-max" } }));
  await ended(fixture, "monitor");
  const told = events.map(({ eventType, data }) =>
    `${eventType.split(".").at(-1)} ${data.runStatus ?? ""}`.trim(),
  );
  expect(told).toEqual([
    "RunStatusChanged NotStarted",
    "RunStatusChanged Starting",
    "RunStatusChanged Provisioning",
    "RunStatusChanged Preparing",
    "RunStatusChanged Queued",
    "RunStatusChanged Running",
    "RunStatusChanged Finalizing",
    "RunStatusChanged Completed",
    "RunCompleted",
  ]);
  const { experimentId } = events[0]?.data ?? {};
  expect(events[7]).toMatchObject({
    subject: `experiments/${experimentId}/runs/monitor`,
    data: {
      experimentName: "train",
      runId: "monitor",
      runType: null,
      runTags: { "outerloop.model": "weather-max" },
      runProperties: {},
      runStatus: "Completed",
    },
  });
});

test("lets a job log to MLflow as its own run, over TLS, with its own token", async () => {
  const fixture = await start();
  const { call, data, events, origin } = fixture;
  await mkdir(path.join(data, "code"));
  await writeFile(
    path.join(data, "code/log.js"),
    `const { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: token, MLFLOW_RUN_ID: run_id } = process.env;
    const post = async (call, body) => {
      const answer = await fetch(uri + "/api/2.0/mlflow/runs/" + call, {
        method: "POST",
        headers: { authorization: "Bearer " + token, "content-type": "application/json" },
        body: JSON.stringify({ run_id, ...body }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    };
    await post("log-metric", { key: "rmse", value: 3.5, timestamp: 1, step: 0 });
    await post("log-batch", { metrics: [{ key: "rmse", value: 2.5, timestamp: 2, step: 1 }], params: [{ key: "rows", value: "7" }] });
    await post("set-tag", { key: "azureml_modelmonitor_threshold_breached", value: "The signal 's' has failed" });`,
  );
  const code = { properties: { codeUri: `file://${data}/code` } };
  await call("PUT", "codes/code/versions/1", code);
  await fixture.client.jobs.createOrUpdate(...AT, "run", {
    properties: {
      jobType: "Command",
      command: "node log.js",
      environmentId: "azureml:env:1",
      codeId: "azureml:code:1",
      tags: { "outerloop.model": "weather-max" },
    },
  });
  expect(await ended(fixture, "run")).toBe("Completed");
  const mlflow = `/mlflow/v2.0/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-outerloop/providers/Microsoft.MachineLearningServices/workspaces/mlw-outerloop/api/2.0/mlflow`;
  const { body } = await call("GET", `${mlflow}/runs/get?run_id=run`);
  expect(body).toMatchObject({
    run: {
      info: { run_id: "run", status: "FINISHED" },
      data: {
        metrics: [{ key: "rmse", value: 2.5, timestamp: 2, step: 1 }],
        params: [{ key: "rows", value: "7" }],
        tags: [
          { key: "outerloop.model", value: "weather-max" },
          { key: "azureml_modelmonitor_threshold_breached", value: "The signal 's' has failed" },
        ],
      },
    },
  });
  const history = await call("GET", `${mlflow}/metrics/get-history?run_id=run&metric_key=rmse`);
  expect(history.body).toEqual({
    metrics: [
      { key: "rmse", value: 3.5, timestamp: 1, step: 0 },
      { key: "rmse", value: 2.5, timestamp: 2, step: 1 },
    ],
  });
  expect(events.at(-1)?.data).toMatchObject({
    runTags: { azureml_modelmonitor_threshold_breached: "The signal 's' has failed" },
  });
  const found = await call("POST", `${mlflow}/runs/search`, {
    filter: "tags.`outerloop.model` = 'weather-max'",
  });
  expect(found.body).toMatchObject({ runs: [{ info: { run_id: "run" } }] });
  const none = await call("POST", `${mlflow}/runs/search`, { filter: "tags.mlflow.parentRunId = 'other'" });
  expect(none.body).toEqual({ runs: [] });
  const filter = "tags.azureml_modelmonitor_threshold_breached = 'The signal 's' has failed'";
  expect((await call("POST", `${mlflow}/runs/search`, { filter })).status).toBe(400);
  expect((await call("GET", `${mlflow}/runs/get?run_id=nope`)).body).toMatchObject({
    error_code: "RESOURCE_DOES_NOT_EXIST",
  });
  expect(origin).toMatch(/^https:/);
});

test("finds runs page by page, newest first, and the experiments that they are of", async () => {
  const fixture = await start();
  const { call, client } = fixture;
  for (const name of ["a", "b", "c"]) {
    await call("PUT", `jobs/${name}`, job("true", { experimentName: name === "c" ? "others" : "train" }));
  }
  for (const name of ["a", "b", "c"]) await ended(fixture, name);
  const { discoveryUrl } = await client.workspaces.get(...AT);
  const hosts = (await call("GET", discoveryUrl ?? "")).body;
  expect(hosts.mlflow).toBe(new URL(discoveryUrl ?? "").origin.replace(/^https/, "http"));
  const mlflow = `${hosts.mlflow}/mlflow/v2.0${WORKSPACE_ID}/api/2.0/mlflow`;
  const first = await call("POST", `${mlflow}/runs/search`, { max_results: 2 });
  expect(first.body).toMatchObject({
    runs: [{ info: { run_id: "c" } }, { info: { run_id: "b" } }],
    next_page_token: "2",
  });
  const rest = await call("POST", `${mlflow}/runs/search`, { max_results: 2, page_token: "2" });
  expect(rest.body).toEqual({ runs: [expect.objectContaining({ data: expect.anything() })] });
  const found = await call("POST", `${mlflow}/experiments/search`, { max_results: 10 });
  expect(found.body).toMatchObject({ experiments: [{ name: "train" }, { name: "others" }] });
  const ordered = await call("POST", `${mlflow}/experiments/search`, { order_by: ["name ASC"] });
  expect(ordered.status).toBe(400);
});

test("ends a job that fails as Failed, and says why in its logs", async () => {
  const fixture = await start();
  await fixture.call("PUT", "jobs/bad", job("echo no data >&2; exit 3"));
  expect(await ended(fixture, "bad")).toBe("Failed");
  const log = (name: string) => readFile(path.join(fixture.data, "jobs/bad/logs", name), "utf8");
  expect(await log("std_err.log")).toBe("no data\n");
  expect(await log("system.log")).toContain("The command ended with exit code 3, expected 0.");
  expect(fixture.events.map(({ eventType }) => eventType)).not.toContain(
    "Microsoft.MachineLearningServices.RunCompleted",
  );
});

test("ends a job that outlives its timeout, with every process it started", async () => {
  const clock = new ManualClock();
  const fixture = await start({ clock });
  const limits = { limits: { jobLimitsType: "Command", timeout: "PT5M" } };
  const file = path.join(fixture.data, "pid");
  await fixture.call("PUT", "jobs/slow", job(`sleep 60 & echo $! > ${file}; wait`, limits));
  const pid = await readPid(file);
  clock.advance(300_000);
  expect(await ended(fixture, "slow")).toBe("Failed");
  await until(() => !isAlive(pid));
});

test("cancels a running job, and refuses to cancel one that has ended", async () => {
  const fixture = await start();
  const { client, call, data } = fixture;
  const file = path.join(data, "pid");
  await call("PUT", "jobs/slow", job(`echo $$ > ${file}; sleep 60`));
  const pid = await readPid(file);
  await client.jobs.beginCancelAndWait(...AT, "slow", { updateIntervalInMs: 1 });
  expect(await ended(fixture, "slow")).toBe("Canceled");
  await until(() => !isAlive(pid));
  const again = await call("POST", "jobs/slow/cancel");
  expect(again.status).toBe(400);
  expect(JSON.stringify(again.body)).toContain("Job 'slow' is Canceled already");
});

test("kills a job with the process that started it, and runs it again when that is back", async () => {
  const data = await newFolder();
  const file = path.join(data, "pid");
  const host = fork(new URL("./host-process.ts", import.meta.url), [data], { execArgv: [] });
  const command = `if [ -e ${data}/mark ]; then exit 0; else touch ${data}/mark; echo $$ > ${file}; sleep 60; fi`;
  host.send(job(command, { environmentId: CURATED }));
  const pid = await readPid(file);
  host.kill("SIGKILL");
  await until(() => !isAlive(pid));
  const after = await start({ data });
  expect(await ended(after, "j")).toBe("Completed");
  expect(after.services[0]?.stats?.()).toMatchObject({ jobsSubmitted: 1 });
});

test("runs a job again from its start after a restart, without counting it twice", async () => {
  const data = await newFolder();
  const file = path.join(data, "pid");
  const before = await start({ data });
  // The first run waits for ever, the second finds the mark of the first.
  const command = `if [ -e ${data}/mark ]; then echo again > \${{outputs.o}}/o; else touch ${data}/mark; echo $$ > ${file}; sleep 60; fi`;
  await before.call("PUT", "jobs/j", job(command, { outputs: { o: { jobOutputType: "uri_folder" } } }));
  const pid = await readPid(file);
  await before.stop();
  expect(isAlive(pid)).toBe(false);
  const after = await start({ data });
  expect(await ended(after, "j")).toBe("Completed");
  expect(await readFile(path.join(data, "jobs/j/outputs/o/o"), "utf8")).toBe("again\n");
  expect(after.events[0]?.data).toMatchObject({ runId: "j", runStatus: "Queued" });
  expect(after.services[0]?.stats?.()).toMatchObject({ jobsSubmitted: 1 });
});

test("keeps this process's own environment from a job, but for what it needs", async () => {
  process.env.SECRET_OF_THE_HOST = "s";
  const fixture = await start({ jobEnvironment: { GIVEN: "g" } });
  await fixture.call(
    "PUT",
    "jobs/j",
    job("echo [$SECRET_OF_THE_HOST] $GIVEN $AZUREML_RUN_ID; command -v node"),
  );
  await ended(fixture, "j");
  delete process.env.SECRET_OF_THE_HOST;
  const said = await readFile(path.join(fixture.data, "jobs/j/logs/std_out.log"), "utf8");
  expect(said).toBe(`[] g j\n${process.execPath}\n`);
});

test("takes the same job again without running it again, and refuses another under its name", async () => {
  const fixture = await start();
  const { call, events, services } = fixture;
  await call("PUT", "jobs/j", job("true"));
  await ended(fixture, "j");
  const count = events.length;
  expect((await call("PUT", "jobs/j", job("true", { tags: { seen: "twice" } }))).status).toBe(200);
  expect((await call("PUT", "jobs/j", job("false"))).status).toBe(409);
  expect(events).toHaveLength(count);
  expect(services[0]?.stats?.()).toMatchObject({ jobsSubmitted: 1 });
});

test.each([
  {
    what: "an asset input without uri, which is what SDK 2.1.1 sends",
    more: { inputs: { a: { jobInputType: "uri_file" } } },
    says: "properties.inputs.a.uri",
  },
  {
    what: "data that does not exist",
    more: { inputs: { a: { jobInputType: "uri_file", uri: "azureml:nope:1" } } },
    says: "inputs.a.uri: 'azureml:nope:1' names data/nope, which has no version '1'",
  },
  {
    what: "a path out of the datastore",
    more: {
      inputs: {
        a: { jobInputType: "uri_file", uri: "azureml://datastores/workspaceblobstore/paths/../../x" },
      },
    },
    says: "leads out of its store",
  },
  { what: "another type of job", more: { jobType: "Sweep" }, says: "expected Command" },
  { what: "a binding without input", more: { command: `echo \${{inputs.b}}` }, says: `binds \${{inputs.b}}` },
  {
    what: "a timeout that is none",
    more: { limits: { jobLimitsType: "Command", timeout: "5m" } },
    says: "'5m'",
  },
])("refuses $what", async ({ more, says }) => {
  const { call, services } = await start();
  const answer = await call("PUT", "jobs/j", job("true", more));
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain(says);
  expect(services[0]?.stats?.()).toMatchObject({ jobsSubmitted: 0 });
});
