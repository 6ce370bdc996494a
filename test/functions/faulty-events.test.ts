import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AzureContext } from "../../local/azure/services.ts";
import { openResourceManager } from "../../local/system/resource-manager.ts";
import { subscribe } from "../../local/system/subscribe.ts";
import { startCloud } from "../local/azure/cloud.ts";
import { eventually } from "../waiting.ts";
import { startDeployedHost } from "./deployed-host.ts";

/** The bundle that is deployed, subscribed to a workspace whose events come twice, late and out of order. */
let context: AzureContext | undefined;
const cloud = startCloud({
  services: (given) => {
    context = given;
    return [];
  },
});
let url = "";
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const data = mkdtempSync(join(tmpdir(), "outerloop-faulty-events-"));
  closing.push(() => rmSync(data, { recursive: true, force: true }));
  const host = await startDeployedHost(data, {
    OUTERLOOP_ML_WORKSPACE: cloud.azure.workspaceId,
    OUTERLOOP_RESOURCE_MANAGER: cloud.azure.origin,
    OUTERLOOP_MAIL_ENDPOINT: cloud.azure.origin,
    OUTERLOOP_STORAGE: cloud.azure.storageConnectionString,
    OUTERLOOP_SERVICE_BUS: cloud.azure.serviceBusConnectionString,
    OUTERLOOP_EVENT_HUBS: cloud.azure.eventHubsConnectionString,
  });
  closing.push(() => host.stop());
  url = host.url.replace(/\/$/, "");
  await subscribe(await openResourceManager(cloud.azure), cloud.azure, url);
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

interface Decided {
  readonly kind: string;
  readonly evidence: {
    signal?: { subject: { job?: string } };
    decision?: { rule: string; reaction: string };
  };
}

/** What the ledger holds of a run: one entry for each decision. */
async function decisionsOn(run: string) {
  const { value } = (await (await fetch(`${url}/api/ledger?from=1`)).json()) as { value: Decided[] };
  return value
    .filter(({ kind, evidence }) => kind === "decision" && evidence.signal?.subject.job === run)
    .map(({ evidence }) => ({ rule: evidence.decision?.rule, reaction: evidence.decision?.reaction }));
}

/** Statuses of a run in the order in which the door took them. */
async function arrivalsOf(run: string): Promise<string[]> {
  const { value } = (await (await fetch(`${url}/api/inbox?door=model-events`)).json()) as {
    value: { id: string }[];
  };
  const texts = await Promise.all(
    value.map(
      async ({ id }) => ((await (await fetch(`${url}/api/inbox/${id}`)).json()) as { text: string }).text,
    ),
  );
  const events = texts.map((text) => JSON.parse(text)).filter(({ data }) => data.runId === run);
  return events.reverse().map(({ data }) => data.runStatus);
}

/** A run passes two statuses. */
function passStatuses(run: string): void {
  for (const runStatus of ["Running", "Completed"]) {
    context?.raise({
      topic: cloud.azure.workspaceId,
      subject: `experiments/e/runs/${run}`,
      eventType: "Microsoft.MachineLearningServices.RunStatusChanged",
      data: {
        experimentId: "e",
        experimentName: "retraining",
        runId: run,
        runType: "azureml.PipelineRun",
        runStatus,
      },
    });
  }
}

test.each([
  { how: "undisturbed", effect: undefined, nth: 1, arrivals: 2 },
  { how: "with its end delivered twice", effect: "twice", nth: 2, arrivals: 3 },
  { how: "with its end delivered late", effect: { lateMs: 300 }, nth: 2, arrivals: 2 },
  { how: "with its end delivered before its beginning", effect: "out-of-order", nth: 1, arrivals: 2 },
])(
  "a run that completes, $how, is decided on once and alike",
  async ({ how, effect, nth, arrivals }) => {
    const run = how.replaceAll(" ", "-");
    if (effect !== undefined) {
      const armed = await cloud.call("POST", "/_faults", { events: "*RunStatusChanged", effect, nth });
      expect(armed.status).toBe(201);
    }
    passStatuses(run);
    await eventually(async () => expect(await arrivalsOf(run)).toHaveLength(arrivals));
    if (effect === "out-of-order") expect(await arrivalsOf(run)).toEqual(["Completed", "Running"]);
    await eventually(async () => expect(await decisionsOn(run)).not.toEqual([]));
    // Whatever else is on its way of this run has been taken once a later run is decided on.
    passStatuses(`${run}-marker`);
    await eventually(async () => expect(await decisionsOn(`${run}-marker`)).not.toEqual([]));
    expect(await decisionsOn(run)).toEqual([{ rule: "job.completed", reaction: "raise-event" }]);
    await cloud.call("DELETE", "/_faults");
  },
  120_000,
);
