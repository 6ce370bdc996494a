import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { JobStatus } from "../../../../local/azure/machine-learning/job-definition.ts";
import { isStopped } from "../../../../local/azure/machine-learning/process-state.ts";
import type { Standstill } from "../../../../local/azure/service.ts";
import type { ManualClock } from "../../../../local/clock.ts";
import { until } from "../../../waiting.ts";
import { AT, CURATED, WORKSPACE_ID } from "./identity.ts";
import { AT_ONCE, type Fixture, type FixtureOptions, newFolder, start, stillClock } from "./setup.ts";

const T0 = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HEARTBEAT_MS = 10 * SECOND;
const provisioning = { ...AT_ONCE, jobStartMs: SECOND, nodesMs: 2 * MINUTE, environmentMs: MINUTE };
const CLUSTER = `${WORKSPACE_ID}/computes/cpu-cluster`;
const QUICK = { updateIntervalInMs: 1 };

interface Life extends Fixture {
  readonly clock: ManualClock;
  status(): Promise<string | undefined>;
  /** Waits for a status while time stands still. */
  reaches(status: JobStatus): Promise<void>;
  /** Lets heartbeats pass until one has found the status: signals take their own time. */
  beatsUntil(status: JobStatus): Promise<void>;
  statuses(): unknown[];
  submit(command?: string, more?: object): Promise<void>;
}

/** A stand-in in which time stands still, and one job in it. */
async function live(options: FixtureOptions & { readonly clock?: ManualClock } = {}): Promise<Life> {
  const clock = options.clock ?? stillClock(T0);
  const fixture = await start({ clock, provisioning, heartbeatMs: HEARTBEAT_MS, ...options });
  const status = async () => (await fixture.client.jobs.get(...AT, "j")).properties.status;
  return {
    ...fixture,
    clock,
    status,
    reaches: async (wanted) => void (await until(async () => (await status()) === wanted)),
    beatsUntil: async (wanted) =>
      void (await until(async () => {
        clock.advance(HEARTBEAT_MS);
        return (await status()) === wanted;
      })),
    statuses: () =>
      fixture.events
        .filter(({ eventType, data }) => data.runId === "j" && eventType.endsWith("RunStatusChanged"))
        .map(({ data }) => data.runStatus),
    submit: async (command = "sleep 60", more = {}) => {
      const properties = { jobType: "Command", environmentId: "azureml:e:1", command, ...more };
      expect((await fixture.call("PUT", "jobs/j", { properties })).status).toBe(201);
    },
  };
}

const readPid = (file: string) =>
  until(async () => (existsSync(file) ? Number(await readFile(file, "utf8")) : undefined));
/** A process's state, `T` while it is stopped, and its parent. */
async function look(pid: number | string): Promise<{ state?: string | undefined; parent: number }> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state, parent] = text.replace(/^.*\) /s, "").split(" ");
  return { state, parent: Number(parent) };
}
/** A stopped process that another one has started. */
async function stoppedChildOf(parent: number | undefined): Promise<string | undefined> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if ((await look(pid)).parent === parent && isStopped(Number(pid))) return pid;
  }
  return undefined;
}

test("shows a client that polls each status of a job that names no compute, for as long as it lasts", async () => {
  const life = await live();
  const go = path.join(life.data, "go");
  const made = await life.client.jobs.createOrUpdate(...AT, "j", {
    properties: {
      jobType: "Command",
      environmentId: "azureml:e:1",
      command: `until [ -e ${go} ]; do sleep 0.1; done`,
    },
  });
  expect(made.properties.status).toBe("NotStarted");
  await life.reaches("Starting");
  life.clock.advance(SECOND - 1);
  expect(await life.status()).toBe("Starting");
  life.clock.advance(1);
  expect(await life.status()).toBe("Provisioning");
  life.clock.advance(2 * MINUTE);
  expect(await life.status()).toBe("Preparing");
  life.clock.advance(MINUTE);
  await life.reaches("Running");
  await writeFile(go, "");
  await life.reaches("Completed");
  expect(life.statuses()).toEqual([
    "NotStarted",
    "Starting",
    "Provisioning",
    "Preparing",
    "Queued",
    "Running",
    "Finalizing",
    "Completed",
  ]);
  expect(life.problems).toEqual([]);
});

test("lets a job wait Queued for its cluster's node, which the cluster shows on its way", async () => {
  const life = await live();
  await life.submit("sleep 60", { computeId: CLUSTER });
  await life.reaches("Starting");
  life.clock.advance(SECOND + MINUTE);
  expect(await life.status()).toBe("Queued");
  const cluster = async () =>
    Object((await life.call("GET", "computes/cpu-cluster")).body.properties).properties;
  expect(await cluster()).toMatchObject({
    allocationState: "Resizing",
    currentNodeCount: 0,
    targetNodeCount: 1,
    nodeStateCounts: { preparingNodeCount: 1, runningNodeCount: 0 },
  });
  life.clock.advance(2 * MINUTE);
  await life.reaches("Running");
  expect(await cluster()).toMatchObject({
    allocationState: "Steady",
    currentNodeCount: 1,
    nodeStateCounts: { preparingNodeCount: 0, runningNodeCount: 1 },
  });
  expect(life.statuses()).toEqual(["NotStarted", "Starting", "Preparing", "Queued", "Running"]);
});

test("lets a job wait for no node of a cluster that keeps one idle", async () => {
  const life = await live();
  const scaleSettings = { minNodeCount: 1, maxNodeCount: 2 };
  const body = { properties: { properties: { scaleSettings } } };
  await life.call("PATCH", "computes/cpu-cluster", body);
  const nodes = async () =>
    Object((await life.call("GET", "computes/cpu-cluster")).body.properties).properties.nodeStateCounts;
  expect(await nodes()).toMatchObject({ idleNodeCount: 1, runningNodeCount: 0 });
  await life.submit("sleep 60", { computeId: CLUSTER });
  await life.reaches("Starting");
  life.clock.advance(SECOND + MINUTE);
  await life.reaches("Running");
  expect(await nodes()).toMatchObject({ idleNodeCount: 0, runningNodeCount: 1 });
});

test("leads a pipeline through Starting and Preparing, and its steps through all that a job has", async () => {
  const life = await live();
  const componentSpec = { name: "say", type: "command", environment: "azureml:e:1", command: "true" };
  await life.call("PUT", "components/say/versions/1", { properties: { componentSpec } });
  const jobs = { say: { type: "command", componentId: `${WORKSPACE_ID}/components/say/versions/1` } };
  await life.call("PUT", "jobs/j", { properties: { jobType: "Pipeline", jobs } });
  await life.reaches("Starting");
  life.clock.advance(SECOND);
  await life.reaches("Running");
  const stepStatus = () =>
    life.events.findLast(({ data }) => data.runType === "azureml.StepRun")?.data.runStatus;
  await until(() => stepStatus() === "Starting");
  life.clock.advance(SECOND);
  expect(stepStatus()).toBe("Provisioning");
  life.clock.advance(3 * MINUTE);
  await life.reaches("Completed");
  expect(life.statuses()).toEqual([
    "NotStarted",
    "Starting",
    "Preparing",
    "Running",
    "Finalizing",
    "Completed",
  ]);
});

/** Brings a job to a status in which it then stays. */
const TO: Partial<Record<JobStatus, (life: Life) => Promise<void>>> = {
  Starting: async (life) => {
    await life.submit();
  },
  Provisioning: async (life) => {
    await life.submit();
    await life.reaches("Starting");
    life.clock.advance(SECOND);
  },
  Preparing: async (life) => {
    await life.submit();
    await life.reaches("Starting");
    life.clock.advance(SECOND + 2 * MINUTE);
  },
  Queued: async (life) => {
    await life.submit("sleep 60", { computeId: CLUSTER });
    await life.reaches("Starting");
    life.clock.advance(SECOND + MINUTE);
  },
  Running: async (life) => {
    await life.submit();
    await life.reaches("Starting");
    life.clock.advance(SECOND + 3 * MINUTE);
  },
};

test.each([
  { status: "Starting" },
  { status: "Provisioning" },
  { status: "Preparing" },
  { status: "Queued" },
  { status: "Running" },
] as const)("cancels a job that is $status", async ({ status }) => {
  const life = await live();
  await TO[status]?.(life);
  await life.reaches(status);
  await life.client.jobs.beginCancelAndWait(...AT, "j", QUICK);
  expect(await life.status()).toBe("Canceled");
  expect(life.statuses().slice(-3)).toEqual([status, "CancelRequested", "Canceled"]);
  life.clock.advance(10 * MINUTE);
  expect(await life.status()).toBe("Canceled");
});

test.each([
  { status: "Starting", leftMs: SECOND, next: "Provisioning" },
  { status: "Provisioning", leftMs: 2 * MINUTE, next: "Preparing" },
  { status: "Preparing", leftMs: MINUTE, next: "Queued" },
  { status: "Queued", leftMs: 2 * MINUTE, next: "Running" },
] as const)(
  "keeps a job $status over a restart, for as long as it had left",
  async ({ status, leftMs, next }) => {
    const data = await newFolder();
    const clock = stillClock(T0);
    const before = await live({ data, clock });
    await TO[status]?.(before);
    await before.reaches(status);
    clock.advance(leftMs / 2);
    await before.stop();
    const after = await live({ data, clock });
    clock.advance(leftMs / 2 - 1);
    expect(await after.status()).toBe(status);
    clock.advance(1);
    await until(() => after.statuses().at(0) === next);
  },
);

test("calls a job NotResponding whose process is stopped, and Running once it goes on; its machine is paid throughout", async () => {
  const life = await live({ provisioning: AT_ONCE });
  const file = path.join(life.data, "pid");
  const go = path.join(life.data, "go");
  await life.submit(`echo $$ > ${file}; until [ -e ${go} ]; do sleep 0.1; done`);
  const pid = await readPid(file);
  process.kill(pid, "SIGSTOP");
  await life.beatsUntil("NotResponding");
  const { body } = await life.call("GET", `/mlflow/v2.0${WORKSPACE_ID}/api/2.0/mlflow/runs/get?run_id=j`);
  expect(body).toMatchObject({ run: { info: { status: "RUNNING", start_time: T0 } } });
  process.kill(pid, "SIGCONT");
  await life.beatsUntil("Running");
  await writeFile(go, "");
  await life.reaches("Completed");
  expect(life.statuses().slice(-5)).toEqual([
    "Running",
    "NotResponding",
    "Running",
    "Finalizing",
    "Completed",
  ]);
  expect(life.usage(T0, T0 + 365 * 24 * 60 * MINUTE)).toEqual([
    expect.objectContaining({ from: T0, to: life.clock.now() }),
  ]);
});

/** Lets the job stand still once. */
const once = (standstill: Standstill) => {
  const left = [standstill];
  return () => left.pop();
};

test.each(["NotResponding", "Paused", "Unknown"] as const)(
  "holds a job %s for as long as it was asked to stand still, and can cancel it then",
  async (status) => {
    const life = await live({ provisioning: AT_ONCE, takeStandstill: once({ status, forMs: 10 * MINUTE }) });
    await life.submit();
    await (status === "NotResponding" ? life.beatsUntil(status) : life.reaches(status));
    await life.client.jobs.beginCancelAndWait(...AT, "j", QUICK);
    expect(life.statuses().slice(-4)).toEqual(["Running", status, "CancelRequested", "Canceled"]);
  },
);

test("lets a job that was paused go on where it was", async () => {
  const takeStandstill = once({ status: "Paused", forMs: 10 * MINUTE });
  const life = await live({ provisioning: AT_ONCE, takeStandstill });
  const file = path.join(life.data, "pid");
  await life.submit(`echo $$ > ${file}; sleep 60`);
  await life.reaches("Paused");
  life.clock.advance(10 * MINUTE - 1);
  expect(await life.status()).toBe("Paused");
  life.clock.advance(1);
  expect(await life.status()).toBe("Running");
  const pid = await readPid(file);
  await until(async () => (await look(pid)).state !== "T");
  expect(life.statuses().slice(-3)).toEqual(["Running", "Paused", "Running"]);
});

test("ends a job that stands still when the process that started it is killed, and runs it when that is back", async () => {
  const data = await newFolder();
  const host = fork(new URL("./host-process.ts", import.meta.url), [data, "pauses"], { execArgv: [] });
  const properties = { jobType: "Command", environmentId: CURATED, command: "sleep 60" };
  host.send({ properties });
  const held = await until(() => stoppedChildOf(host.pid));
  host.kill("SIGKILL");
  // One that has ended stays in the list until its new parent looks.
  await until(async () => [undefined, "Z"].includes((await look(held)).state || undefined));
  const after = await live({ data });
  await after.reaches("Running");
});
