import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { AT, WORKSPACE_ID } from "./identity.ts";
import { type Fixture, newFolder, start } from "./setup.ts";

const MLFLOW = `/mlflow/v2.0${WORKSPACE_ID}/api/2.0/mlflow`;

/** A component with one text input and one folder output, whose command is given. */
async function component({ call }: Fixture, name: string, command: string, more: object = {}) {
  const componentSpec = {
    name,
    version: "1",
    type: "command",
    environment: "azureml:env:1",
    inputs: { word: { type: "string", optional: true }, from: { type: "uri_folder", optional: true } },
    outputs: { to: { type: "uri_folder" } },
    command,
    ...more,
  };
  await call("PUT", `components/${name}/versions/1`, { properties: { componentSpec } });
}

const step = (name: string, more: object = {}) => ({
  type: "command",
  componentId: `${WORKSPACE_ID}/components/${name}/versions/1`,
  ...more,
});

/** `prepare` writes its word, `train` adds to what it reads: named so that their order follows from the data alone. */
const TRAINING = {
  jobType: "Pipeline",
  experimentName: "retraining",
  tags: { "outerloop.model": "weather-max" },
  inputs: { word: { jobInputType: "literal", value: "june" } },
  outputs: { model: { jobOutputType: "uri_folder" } },
  jobs: {
    train: step("train", {
      inputs: {
        from: { job_input_type: "uri_folder", uri: `\${{parent.jobs.zprepare.outputs.to}}` },
      },
      outputs: { to: { type: "literal", value: `\${{parent.outputs.model}}` } },
    }),
    zprepare: step("prepare", {
      inputs: { word: { job_input_type: "literal", value: `\${{parent.inputs.word}}` } },
    }),
  },
};

async function components(
  fixture: Fixture,
  train = `cat \${{inputs.from}}/w > \${{outputs.to}}/m; echo trained >> \${{outputs.to}}/m`,
) {
  await component(
    fixture,
    "prepare",
    `echo \${{inputs.word}} $[[--seed \${{inputs.from}}]] > \${{outputs.to}}/w`,
  );
  await component(fixture, "train", train);
}

const statusOf = async ({ client }: Fixture, job: string) =>
  (await client.jobs.get(...AT, job)).properties.status;
const ended = (fixture: Fixture, job: string) =>
  until(async () => {
    const status = (await statusOf(fixture, job)) ?? "";
    return ["Completed", "Failed", "Canceled"].includes(status) ? status : undefined;
  });

interface Run {
  readonly info: { readonly run_id: string; readonly status: string; readonly run_name: string };
}
async function steps({ call }: Fixture, pipeline: string): Promise<Run[]> {
  const filter = `tags.mlflow.parentRunId = '${pipeline}'`;
  return (await call("POST", `${MLFLOW}/runs/search`, { filter })).body.runs as Run[];
}

test("runs the steps in the order of their data, to an output that can be read by the pipeline's name", async () => {
  const fixture = await start();
  const { call, client, events, data, problems } = fixture;
  await components(fixture);
  const put = await call("PUT", "jobs/p", { properties: TRAINING });
  expect(put.status).toBe(201);
  expect(await ended(fixture, "p")).toBe("Completed");
  expect(await readFile(path.join(data, "jobs/p/outputs/model/m"), "utf8")).toBe("june\ntrained\n");

  const found = await steps(fixture, "p");
  expect(found.map(({ info }) => [info.run_name, info.status])).toEqual([
    ["train", "FINISHED"],
    ["zprepare", "FINISHED"],
  ]);
  expect((await Array.fromAsync(client.jobs.list(...AT))).map(({ name }) => name)).toEqual(["p"]);
  const train = await client.jobs.get(...AT, found[0]?.info.run_id ?? "");
  expect(train.properties).toMatchObject({
    jobType: "Command",
    status: "Completed",
    experimentName: "retraining",
  });

  const told = events
    .filter(({ eventType }) => eventType.endsWith("RunCompleted"))
    .map(({ data: run }) => [run.runType, run.runId]);
  expect(told.at(-1)).toEqual(["azureml.PipelineRun", "p"]);
  expect(told.slice(0, 2).map(([type]) => type)).toEqual(["azureml.StepRun", "azureml.StepRun"]);
  const last = events.findLast(({ eventType }) => eventType.endsWith("RunStatusChanged"));
  expect(last?.data).toMatchObject({ runStatus: "Completed", runTags: { "outerloop.model": "weather-max" } });

  const reads = {
    jobType: "Command",
    environmentId: "azureml:env:1",
    command: `cp \${{inputs.m}} \${{outputs.copy}}`,
    inputs: { m: { jobInputType: "uri_file", uri: "azureml://jobs/p/outputs/model/paths/m" } },
    outputs: { copy: { jobOutputType: "uri_file" } },
  };
  await call("PUT", "jobs/reads", { properties: reads });
  expect(await ended(fixture, "reads")).toBe("Completed");
  expect(problems).toEqual([]);
});

test("tells of the parent's statuses in order, around those of its steps", async () => {
  const fixture = await start();
  await components(fixture);
  await fixture.call("PUT", "jobs/p", { properties: TRAINING });
  await ended(fixture, "p");
  const statuses = fixture.events.filter(({ data }) => data.runId === "p").map(({ data }) => data.runStatus);
  expect(statuses).toEqual([
    "NotStarted",
    "Starting",
    "Preparing",
    "Running",
    "Finalizing",
    "Completed",
    undefined,
  ]);
});

test("fails with the step that failed, and cancels what was to follow", async () => {
  const fixture = await start();
  const { client } = fixture;
  await components(fixture);
  await component(fixture, "prepare2", "exit 7");
  const jobs = { ...TRAINING.jobs, zprepare: step("prepare2") };
  await fixture.call("PUT", "jobs/p", { properties: { ...TRAINING, jobs } });
  expect(await ended(fixture, "p")).toBe("Failed");
  const { properties } = (await client.jobs.get(...AT, "p")).properties;
  expect(properties?.["error.message"]).toBe(
    "Step 'zprepare' failed: The command ended with exit code 7, expected 0.",
  );
  const found = await steps(fixture, "p");
  expect(found.map(({ info }) => info.status)).toEqual(["KILLED", "FAILED"]);
});

test("lets the other steps end when it is to go on after a failed one", async () => {
  const fixture = await start();
  await components(fixture);
  await component(fixture, "bad", "exit 7");
  const jobs = {
    bad: step("bad"),
    good: step("prepare", { inputs: { word: { job_input_type: "literal", value: "a" } } }),
  };
  const settings = { continue_on_step_failure: true };
  await fixture.call("PUT", "jobs/p", { properties: { jobType: "Pipeline", jobs, settings } });
  expect(await ended(fixture, "p")).toBe("Failed");
  expect((await steps(fixture, "p")).map(({ info }) => info.status).toSorted()).toEqual([
    "FAILED",
    "FINISHED",
  ]);
});

test("is canceled with its steps: the running one ends, the waiting one never starts", async () => {
  const fixture = await start();
  const file = path.join(fixture.data, "pid");
  await components(fixture);
  await component(fixture, "waits", `echo $$ > ${file}; sleep 60`);
  const jobs = { ...TRAINING.jobs, zprepare: step("waits") };
  await fixture.call("PUT", "jobs/p", { properties: { ...TRAINING, jobs } });
  await until(() => existsSync(file));
  const canceled = await fixture.call("POST", "jobs/p/cancel");
  expect(canceled.status).toBe(202);
  const location = canceled.headers.get("location") ?? "";
  await until(async () => (await fixture.call("GET", location)).status === 204);
  expect(await statusOf(fixture, "p")).toBe("Canceled");
  expect((await steps(fixture, "p")).map(({ info }) => info.status)).toEqual(["KILLED", "KILLED"]);
  expect((await fixture.call("POST", "jobs/p/cancel")).status).toBe(400);
});

test("goes on after a restart with the steps that are left, and runs none twice", async () => {
  const data = await newFolder();
  const before = await start({ data });
  await components(before);
  const file = path.join(data, "pid");
  await component(before, "prepare2", `echo ran >> ${data}/ran; cp ${data}/ran \${{outputs.to}}/w`);
  await component(
    before,
    "waits",
    `if [ -e ${file} ]; then echo \${{inputs.from}} > \${{outputs.to}}/m; else echo $$ > ${file}; sleep 60; fi`,
  );
  const jobs = { train: { ...TRAINING.jobs.train, ...step("waits") }, zprepare: step("prepare2") };
  await before.call("PUT", "jobs/p", { properties: { ...TRAINING, jobs } });
  await until(() => existsSync(file));
  await before.stop();
  const after = await start({ data });
  expect(await ended(after, "p")).toBe("Completed");
  expect(await readFile(path.join(data, "ran"), "utf8")).toBe("ran\n");
  expect(after.services[0]?.stats?.()).toMatchObject({ jobsSubmitted: 1 });
});

test("runs again what another pipeline ran, with what is given anew", async () => {
  const fixture = await start();
  await components(fixture);
  await fixture.call("PUT", "jobs/p", { properties: TRAINING });
  await ended(fixture, "p");
  const again = {
    jobType: "Pipeline",
    sourceJobId: `${WORKSPACE_ID}/jobs/p`,
    inputs: { word: { jobInputType: "literal", value: "july" } },
  };
  expect((await fixture.call("PUT", "jobs/q", { properties: again })).status).toBe(201);
  expect(await ended(fixture, "q")).toBe("Completed");
  expect(await readFile(path.join(fixture.data, "jobs/q/outputs/model/m"), "utf8")).toBe("july\ntrained\n");
});

test.each([
  {
    what: "a step of another type",
    jobs: { a: { type: "parallel" } },
    says: "jobs.a.type: expected command",
  },
  { what: "a component that is not there", jobs: { a: step("nope") }, says: "which is no component here" },
  {
    what: "an input that its component does not have",
    jobs: { a: step("train", { inputs: { x: { job_input_type: "literal", value: "1" } } }) },
    says: "jobs.a.inputs.x is no input of its component, expected one of word, from",
  },
  {
    what: "an input of the pipeline that is not there",
    jobs: {
      a: step("prepare", { inputs: { word: { job_input_type: "literal", value: `\${{parent.inputs.x}}` } } }),
    },
    says: "expected an input of the pipeline: none",
  },
  {
    what: "an output of the pipeline that is not there",
    jobs: {
      a: step("prepare", {
        inputs: { word: { job_input_type: "literal", value: "w" } },
        outputs: { to: { type: "literal", value: `\${{parent.outputs.x}}` } },
      }),
    },
    says: "expected an output of the pipeline: none",
  },
  {
    what: "steps that read from each other",
    jobs: {
      a: step("train", {
        inputs: { from: { job_input_type: "literal", value: `\${{parent.jobs.b.outputs.to}}` } },
      }),
      b: step("train", {
        inputs: { from: { job_input_type: "literal", value: `\${{parent.jobs.a.outputs.to}}` } },
      }),
    },
    says: "The steps a, b read from each other in a circle",
  },
])("refuses $what", async ({ jobs, says }) => {
  const fixture = await start();
  await components(fixture);
  const answer = await fixture.call("PUT", "jobs/p", { properties: { jobType: "Pipeline", jobs } });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain(says);
});
