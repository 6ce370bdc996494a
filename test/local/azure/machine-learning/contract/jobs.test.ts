import { expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { AT, command, contract, listed, NEWEST, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";

const fixture = contract();
const jobs = () => fixture.client.jobs;
const ENVIRONMENT = "azureml:env:1";

const ended = (name: string) =>
  until(async () => {
    const { status } = (await jobs().get(...AT, name)).properties;
    return ["Completed", "Failed", "Canceled"].includes(status ?? "") ? status : undefined;
  });

test("takes a command job by the client itself, with a literal input", async () => {
  const made = await jobs().createOrUpdate(...AT, "literal", {
    properties: {
      jobType: "Command",
      command: `test "\${{inputs.word}}" = june`,
      environmentId: ENVIRONMENT,
      inputs: { word: { jobInputType: "literal", value: "june" } },
      tags: { a: "1" },
    },
  });
  expect(made.properties).toMatchObject({
    status: "NotStarted",
    experimentName: "Default",
    tags: { a: "1" },
  });
  expect(await ended("literal")).toBe("Completed");
});

test("answers 400 to an asset input of the client itself, which drops its address", async () => {
  const input = { jobInputType: "uri_folder" as const, uri: "azureml:days:1", mode: "ReadOnlyMount" };
  const made = jobs().createOrUpdate(...AT, "dropped", {
    properties: { jobType: "Command", command: "true", environmentId: ENVIRONMENT, inputs: { days: input } },
  });
  await expect(made).rejects.toEqual(refused(400, "UserError"));
});

test("takes a pipeline by the client itself, whose steps are opaque to it", async () => {
  const componentSpec = { name: "say", type: "command", environment: ENVIRONMENT, command: "true" };
  await fixture.client.componentVersions.createOrUpdate(...AT, "say", "1", { properties: { componentSpec } });
  const step = { type: "command", componentId: `${WORKSPACE_ID}/components/say/versions/1` };
  const made = await jobs().createOrUpdate(...AT, "pipeline", {
    properties: { jobType: "Pipeline", jobs: { say: step }, settings: { continue_on_step_failure: false } },
  });
  expect(made.properties).toMatchObject({ jobType: "Pipeline", status: "NotStarted", jobs: { say: step } });
  expect(await ended("pipeline")).toBe("Completed");
});

test("lists jobs newest first, by type and by tag, without archived ones", async () => {
  await raw(fixture.client, "PUT", "jobs/tagged", command("true", { tags: { wanted: "1" } }));
  await raw(
    fixture.client,
    "PUT",
    "jobs/archived",
    command("true", { isArchived: true, tags: { wanted: "1" } }),
  );
  expect(await listed(jobs().list(...AT, { tag: "wanted" }))).toEqual(["tagged"]);
  expect(await listed(jobs().list(...AT, { tag: "wanted", listViewType: "All" }))).toEqual([
    "archived",
    "tagged",
  ]);
  expect(await listed(jobs().list(...AT, { jobType: "Pipeline" }))).not.toContain("tagged");
});

test("takes new tags, a description and the archive of a job that is there, without running it again", async () => {
  await raw(fixture.client, "PUT", "jobs/again", command("true"));
  await ended("again");
  await raw(fixture.client, "PUT", "jobs/again", command("true", { description: "seen", isArchived: true }));
  expect((await jobs().get(...AT, "again")).properties).toMatchObject({
    description: "seen",
    isArchived: true,
    status: "Completed",
  });
});

test("answers 409 to another definition under the name of a job that is there", async () => {
  await raw(fixture.client, "PUT", "jobs/fixed", command("true"));
  await expect(raw(fixture.client, "PUT", "jobs/fixed", command("false"))).rejects.toEqual(
    refused(409, "Conflict"),
  );
});

test("cancels a job that waits for a node at once", async () => {
  for (const name of ["busy-a", "busy-b", "waits"])
    await raw(fixture.client, "PUT", `jobs/${name}`, command("sleep 30"));
  expect((await fixture.call("POST", "jobs/waits/cancel")).status).toBe(200);
  expect((await jobs().get(...AT, "waits")).properties.status).toBe("Canceled");
  for (const name of ["busy-a", "busy-b"]) await jobs().beginCancelAndWait(...AT, name, QUICK);
});

test("cancels a running job as a long-running operation", async () => {
  await raw(fixture.client, "PUT", "jobs/runs", command("sleep 30"));
  await until(async () => (await jobs().get(...AT, "runs")).properties.status === "Running");
  await jobs().beginCancelAndWait(...AT, "runs", QUICK);
  expect((await jobs().get(...AT, "runs")).properties.status).toBe("Canceled");
});

test.each(["true", "false"])(
  "answers 400 to the cancellation of a job that has ended with %s",
  async (text) => {
    await raw(fixture.client, "PUT", `jobs/ended-${text}`, command(text));
    await ended(`ended-${text}`);
    await expect(jobs().beginCancel(...AT, `ended-${text}`)).rejects.toEqual(refused(400));
  },
);

test("deletes a job that has ended, and no other", async () => {
  await raw(fixture.client, "PUT", "jobs/deleted", command("sleep 30"));
  await expect(jobs().beginDelete(...AT, "deleted")).rejects.toEqual(refused(400));
  await jobs().beginCancelAndWait(...AT, "deleted", QUICK);
  await jobs().beginDeleteAndWait(...AT, "deleted", QUICK);
  await expect(jobs().get(...AT, "deleted")).rejects.toEqual(refused(404));
});

test("shows where its run is tracked, and its machines as asked for", async () => {
  const resources = { instanceType: "Standard_NC6s_v3", instanceCount: 2 };
  await raw(fixture.client, "PUT", "jobs/shown", command("true", { resources }), NEWEST);
  const { properties } = await jobs().get(...AT, "shown");
  expect(properties).toMatchObject({ resources, services: { Tracking: { jobServiceType: "Tracking" } } });
});

test.each([
  { what: "a job without a command", properties: { jobType: "Command", environmentId: ENVIRONMENT } },
  { what: "a job without an environment", properties: { jobType: "Command", command: "true" } },
  { what: "a sweep", properties: { jobType: "Sweep" } },
  { what: "a pipeline that is to repeat nothing", properties: { jobType: "Pipeline", sourceJobId: "nope" } },
  { what: "code that is not there", properties: { ...command("true").properties, codeId: "azureml:nope:1" } },
])("answers 400 to $what", async ({ properties }) => {
  await expect(raw(fixture.client, "PUT", "jobs/refused", { properties })).rejects.toEqual(
    refused(400, "UserError"),
  );
});

test("answers 404 to a job that is not there", async () => {
  await expect(jobs().get(...AT, "nope")).rejects.toEqual(refused(404, "UserError"));
  await expect(jobs().beginCancel(...AT, "nope")).rejects.toEqual(refused(404));
});
