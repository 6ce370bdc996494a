import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { newFolder, start, stillClock } from "../setup.ts";
import { AT, command, contract, listed, NEWEST, QUICK, raw, refused } from "./harness.ts";

/** A Monday. */
const T0 = Date.UTC(2026, 0, 5, 7, 30);
const HOUR = 3_600_000;
const clock = stillClock(T0);
const fixture = contract({ clock });
const schedules = () => fixture.client.schedules;

const scheduleOf = (trigger: object, more: object = {}) => ({
  properties: {
    trigger,
    action: { actionType: "CreateJob", jobDefinition: command("true").properties },
    ...more,
  },
});
const HOURLY = { triggerType: "Recurrence", frequency: "Hour", interval: 1 };

async function make(name: string, body: object, version?: string) {
  await raw(fixture.client, "PUT", `schedules/${name}`, body, version);
  await until(async () => (await schedules().get(...AT, name)).properties.provisioningState === "Succeeded");
}
const remove = (name: string) => schedules().beginDeleteAndWait(...AT, name, QUICK);
const jobsOf = async (name: string) =>
  (await listed(fixture.client.jobs.list(...AT))).filter((job) => job?.startsWith(`${name}-`)).toReversed();

test("makes a schedule by the client itself, as a long-running operation", async () => {
  const made = await schedules().beginCreateOrUpdateAndWait(
    ...AT,
    "made",
    {
      properties: {
        trigger: { triggerType: "Cron", expression: "0 8 * * *" },
        action: {
          actionType: "CreateJob",
          jobDefinition: { jobType: "Command", command: "true", environmentId: "azureml:env:1" },
        },
      },
    },
    QUICK,
  );
  expect(made.properties).toMatchObject({
    provisioningState: "Succeeded",
    isEnabled: true,
    displayName: "made",
    trigger: { timeZone: "UTC" },
  });
  await remove("made");
});

test("starts a job at each moment of its expression, named after the moment", async () => {
  await make("cron", scheduleOf({ triggerType: "Cron", expression: "0 8 * * 1-5" }));
  clock.advance(HOUR);
  await until(async () => (await jobsOf("cron")).length === 1);
  clock.advance(24 * HOUR);
  await until(async () => (await jobsOf("cron")).length === 2);
  expect(await jobsOf("cron")).toEqual(["cron-20260105T080000Z", "cron-20260106T080000Z"]);
  const job = await fixture.client.jobs.get(...AT, "cron-20260105T080000Z");
  expect(job.properties.displayName).toBe("cron-20260105T080000Z");
  const found = await fixture.call("GET", `jobs?scheduleId=cron&api-version=${NEWEST}`);
  expect(found.body.value).toHaveLength(2);
  await remove("cron");
});

test("starts a job at each recurrence from when it was made", async () => {
  await make("hourly", scheduleOf(HOURLY));
  clock.advance(3 * HOUR);
  await until(async () => (await jobsOf("hourly")).length === 3);
  await remove("hourly");
  clock.advance(3 * HOUR);
  expect(await jobsOf("hourly")).toHaveLength(3);
});

test("stands still while it is disabled, and is listed so", async () => {
  await make("quiet", scheduleOf(HOURLY, { isEnabled: false }));
  await make("loud", scheduleOf(HOURLY));
  clock.advance(HOUR);
  await until(async () => (await jobsOf("loud")).length === 1);
  expect(await jobsOf("quiet")).toEqual([]);
  expect(await listed(schedules().list(...AT))).toEqual(["loud"]);
  expect(await listed(schedules().list(...AT, { listViewType: "DisabledOnly" }))).toEqual(["quiet"]);
  expect(await listed(schedules().list(...AT, { listViewType: "All" }))).toEqual(["loud", "quiet"]);
  await make("loud", scheduleOf(HOURLY, { isEnabled: false }));
  clock.advance(HOUR);
  expect(await jobsOf("loud")).toHaveLength(1);
  for (const name of ["quiet", "loud"]) await remove(name);
});

test("goes on after a restart, with the last of the moments that were missed", async () => {
  const data = await newFolder();
  const own = stillClock(T0);
  const before = await start({ data, clock: own });
  await before.call("PUT", "schedules/hourly", scheduleOf(HOURLY));
  await until(
    async () =>
      (await before.client.schedules.get(...AT, "hourly")).properties.provisioningState === "Succeeded",
  );
  await before.stop();
  own.advance(5 * HOUR + 1);
  const after = await start({ data, clock: own });
  const names = await until(async () => {
    const found = await listed(after.client.jobs.list(...AT));
    return found.length > 0 ? found : undefined;
  });
  expect(names).toEqual(["hourly-20260105T123000Z"]);
});

test("goes on with the next moment when the job of one is refused", async () => {
  const jobDefinition = { ...command("true").properties, codeId: "azureml:later:1" };
  await make("later", scheduleOf(HOURLY, { action: { actionType: "CreateJob", jobDefinition } }));
  clock.advance(HOUR);
  await fixture.client.codeVersions.createOrUpdate(...AT, "later", "1", {
    properties: { codeUri: "file:///tmp" },
  });
  clock.advance(HOUR);
  await until(async () => (await jobsOf("later")).length === 1);
  await remove("later");
});

const MONITOR = {
  computeConfiguration: {
    computeType: "ServerlessSpark",
    computeIdentity: { computeIdentityType: "AmlToken" },
    instanceType: "Standard_E4s_v3",
    runtimeVersion: "3.3",
  },
  monitoringTarget: { taskType: "Regression" },
  signals: {
    drift: {
      signalType: "DataDrift",
      productionData: {
        inputDataType: "Fixed",
        jobInputType: "uri_file",
        uri: "azureml://datastores/workspaceblobstore/paths/now.csv",
      },
      referenceData: {
        inputDataType: "Fixed",
        jobInputType: "uri_file",
        uri: "azureml://datastores/workspaceblobstore/paths/then.csv",
      },
      metricThresholds: [
        { dataType: "Numerical", metric: "NormalizedWassersteinDistance", threshold: { value: 0.5 } },
      ],
    },
  },
};
const monitorOf = (monitorDefinition: object) =>
  scheduleOf(HOURLY, { action: { actionType: "CreateMonitor", monitorDefinition } });

test("runs a monitor, which measures its signal and tells of a breach with a tag of its run", async () => {
  await mkdir(path.join(fixture.data, "datastore"), { recursive: true });
  await writeFile(path.join(fixture.data, "datastore/then.csv"), "max,min\n10,1\n20,2\n30,3\n");
  await writeFile(path.join(fixture.data, "datastore/now.csv"), "max,min\n40,1\n50,2\n60,3\n");
  await make("monitor", monitorOf(MONITOR), NEWEST);
  clock.advance(HOUR);
  const told = await until(() =>
    fixture.events.find(
      ({ eventType, data }) =>
        eventType.endsWith("RunCompleted") &&
        "azureml_modelmonitor_threshold_breached" in Object(data.runTags),
    ),
  );
  const text = Object(told.data.runTags).azureml_modelmonitor_threshold_breached;
  // Max moves by 30, of a sample deviation of 10; min does not move.
  expect(text).toContain(
    "The signal 'drift' has failed due to one or more features violating metric thresholds.",
  );
  expect(text).toContain('"metric_value":3,');
  expect(text).toContain('"group":"max"');
  expect(text).not.toContain('"group":"min"');
  await until(async () => (await jobsOf("monitor")).length === 1);
  await remove("monitor");
});

test("answers 400 to a monitor before 2023-10-01, and to the client's own, which drops its definition", async () => {
  await expect(raw(fixture.client, "PUT", "schedules/old", monitorOf(MONITOR), "2023-04-01")).rejects.toEqual(
    refused(400),
  );
  fixture.problems.length = 0;
  const body = scheduleOf(HOURLY, { action: { actionType: "CreateMonitor" } });
  await expect(raw(fixture.client, "PUT", "schedules/old", body, NEWEST)).rejects.toEqual(refused(400));
});

test.each([
  { what: "six fields", trigger: { triggerType: "Cron", expression: "0 0 8 * * *" } },
  { what: "an hour of 25", trigger: { triggerType: "Cron", expression: "0 25 * * *" } },
  { what: "a zone that is nowhere", trigger: { ...HOURLY, timeZone: "Middle Earth Standard Time" } },
  { what: "an interval of none", trigger: { ...HOURLY, interval: 0 } },
  { what: "a start that is no moment", trigger: { ...HOURLY, startTime: "soon" } },
])("answers 400 to $what", async ({ trigger }) => {
  await expect(raw(fixture.client, "PUT", "schedules/refused", scheduleOf(trigger))).rejects.toEqual(
    refused(400),
  );
});

test("answers 404 to a schedule that is not there, and 204 to its deletion", async () => {
  await expect(schedules().get(...AT, "nope")).rejects.toEqual(refused(404, "UserError"));
  expect((await fixture.call("DELETE", "schedules/nope")).status).toBe(204);
});
