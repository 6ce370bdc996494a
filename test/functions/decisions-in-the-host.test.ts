import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAzure } from "../../local/azure/index.ts";
import { readMailbox } from "../../local/demo/approver.ts";
import { startChild } from "../../local/system/child.ts";
import { appSettings } from "../../local/system/settings.ts";
import { samplePolicy } from "../policy-sample.ts";
import { until } from "../waiting.ts";

/** The deployed bundle in the host, over the simulated Azure: what is sent to a door, and what `why` says of it. */
const TIMEOUT_MS = 60_000;
let url: string;
let mailbox: string;
let workspace: string;
const closing: (() => unknown)[] = [];

const policy = {
  ...samplePolicy,
  drift: {
    ...samplePolicy.drift,
    minimumImportance: 0.1,
    importance: { wind: 0.02, temperature: 0.7 },
  },
  cost: { currency: "EUR", approvalAbove: 20, estimates: { retraining: 25 } },
};

beforeAll(async () => {
  const data = mkdtempSync(join(tmpdir(), "outerloop-decisions-"));
  closing.push(() => rmSync(data, { recursive: true, force: true }));
  const azure = await startAzure({ port: 0, amqpPort: 0, storagePort: 0, data: join(data, "azure") });
  closing.push(() => azure.stop());
  const policyFile = join(data, "policy.yaml");
  writeFileSync(policyFile, JSON.stringify({ version: 1, models: { forecast: policy } }));
  const host = startChild(
    "local/host/command.ts",
    ["--app", resolve("."), "--port", "0", "--data", join(data, "host"), "--json"],
    {
      env: { ...(await appSettings(azure, data)), OUTERLOOP_POLICY: policyFile },
      cwd: resolve("."),
      logFile: join(data, "host.log"),
    },
  );
  closing.push(() => host.stop());
  url = String((await host.ready).url).replace(/\/$/, "");
  mailbox = `${azure.httpOrigin}/mailbox`;
  workspace = azure.workspaceId;
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** An alert of Azure Monitor about an endpoint, as an action group posts it. */
async function alert(id: string, endpoint: string, metric: string, condition = "Fired"): Promise<string> {
  const body = {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: `/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/${id}`,
        alertRule: metric,
        severity: "Sev1",
        signalType: "Metric",
        monitorCondition: condition,
        monitoringService: "Platform",
        alertTargetIDs: [`${workspace}/onlineEndpoints/${endpoint}`],
        firedDateTime: "2026-07-01T10:00:00Z",
        ...(condition === "Resolved" ? { resolvedDateTime: "2026-07-01T10:05:00Z" } : {}),
      },
      alertContext: {
        condition: {
          allOf: [
            {
              metricName: metric,
              metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
              operator: "GreaterThan",
              threshold: "500",
              metricValue: 900,
            },
          ],
        },
      },
    },
  };
  const answer = await fetch(`${url}/api/alerts/monitor`, { method: "POST", body: JSON.stringify(body) });
  expect(answer.status).toBe(202);
  return (await answer.json()).id;
}

/** A monitor's run with its tag of a breach, as Event Grid delivers it. */
async function breach(run: string, signalName: string, metric: string, feature: string): Promise<string> {
  const item = JSON.stringify({
    metric_name: metric,
    metric_value: 0.4,
    threshold_value: 0.1,
    group: feature,
  });
  const event = {
    id: run,
    topic: workspace,
    subject: `experiments/e/runs/${run}`,
    eventType: "Microsoft.MachineLearningServices.RunStatusChanged",
    eventTime: "2026-07-01T10:00:00Z",
    data: {
      runId: run,
      runStatus: "Completed",
      runTags: {
        "outerloop.model": "forecast",
        azureml_modelmonitor_threshold_breached: `The signal '${signalName}' has failed due to ['${item}']`,
      },
    },
  };
  const answer = await fetch(`${url}/runtime/webhooks/eventgrid?functionName=modelEvents`, {
    method: "POST",
    headers: { "aeg-event-type": "Notification", "content-type": "application/json" },
    body: JSON.stringify([event]),
  });
  expect(answer.status).toBeLessThan(300);
  const { value } = await (await fetch(`${url}/api/inbox?top=1&door=model-events`)).json();
  return value[0].id;
}

/** What `why` says once the first signal of an entry has been decided. */
async function why(entry: string) {
  return until(async () => {
    const told = await (await fetch(`${url}/api/inbox/${entry}/why`)).json();
    return told.decisions[0]?.decision ? told : null;
  });
}

test(
  "alerts about one endpoint become one incident, and what clears closes it",
  async () => {
    const slow = await why(await alert("1", "shop", "RequestLatency_P95"));
    const busy = await why(await alert("2", "shop", "CpuUtilizationPercentage"));
    expect(slow.decisions[0].decision).toMatchObject({
      reaction: "setup-loopback",
      rule: "endpoint.slow",
      incident: slow.decisions[0].signalId,
    });
    expect(busy.decisions[0].decision).toMatchObject({
      reaction: "raise-event",
      rule: "endpoint.saturated/same-incident",
      incident: slow.decisions[0].signalId,
    });
    expect(busy.sentence).toContain("an incident is open already");

    await why(await alert("1", "shop", "RequestLatency_P95", "Resolved"));
    await why(await alert("2", "shop", "CpuUtilizationPercentage", "Resolved"));
    const later = await why(await alert("3", "shop", "CpuUtilizationPercentage"));
    expect(later.decisions[0].decision).toMatchObject({
      reaction: "setup-loopback",
      incident: later.decisions[0].signalId,
    });
  },
  TIMEOUT_MS,
);

test(
  "an alert that fires and clears again and again is held as flapping, and says until when",
  async () => {
    for (const round of ["1", "2", "3"]) {
      await why(await alert(`flap-${round}`, "till", "RequestLatency_P95"));
      await why(await alert(`flap-${round}`, "till", "RequestLatency_P95", "Resolved"));
    }
    // Its sixth change within an hour: raised, cleared, raised, cleared, raised, cleared, and raised again.
    const told = await why(await alert("flap-4", "till", "RequestLatency_P95"));
    expect(told.decisions[0].decision.heldBack).toMatchObject({
      hold: "flapping",
      until: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/),
      liftedBy: "fewer than 6 changes of endpoint.slow between raised and cleared within PT1H",
    });
    expect(told.sentence).toContain("Held back by flapping until ");
  },
  TIMEOUT_MS,
);

test(
  "drift is noise, suspected or confirmed; what is costly waits for an approver's word, and then starts",
  async () => {
    const minor = await why(await breach("run-1", "drift", "NormalizedWassersteinDistance", "wind"));
    expect(minor.decisions[0].decision).toMatchObject({
      triage: { verdict: "noise" },
      heldBack: { hold: "noise" },
    });
    expect(minor.sentence).toContain("It is noise: the features that moved (wind) matter less than 0.1");

    const suspected = await why(
      await breach("run-2", "drift", "NormalizedWassersteinDistance", "temperature"),
    );
    expect(suspected.decisions[0].decision).toMatchObject({
      reaction: "retraining",
      triage: { verdict: "suspected" },
      heldBack: { hold: "cost-approval", liftedBy: "an approval to spend 25 EUR on retraining" },
    });

    await why(await breach("run-3", "performance", "RootMeanSquaredError", "all"));
    const confirmed = await why(
      await breach("run-4", "drift", "NormalizedWassersteinDistance", "temperature"),
    );
    expect(confirmed.decisions[0].decision.triage.verdict).toBe("confirmed");

    const asked = await until(async () =>
      (await readMailbox(mailbox)).find(({ subject }) =>
        subject.startsWith("forecast: retraining waits for an approval to spend 25 EUR"),
      ),
    );
    expect(asked.text).toContain("Held back by cost-approval");

    const word = { reaction: "retraining", reason: "worth it", by: "tester@example.com" };
    const approved = await fetch(`${url}/api/models/forecast/costs`, {
      method: "POST",
      body: JSON.stringify(word),
    });
    expect(approved.status).toBe(202);
    const { signal, ...spending } = await approved.json();
    expect(spending).toMatchObject({ amount: 25, currency: "EUR" });
    const started = await until(async () => {
      const { value } = await (await fetch(`${url}/api/operations`)).json();
      return value.find(({ kind }: { kind: string }) => kind === "retraining");
    });
    expect(started).toMatchObject({ model: "forecast", cause: { signal } });
  },
  TIMEOUT_MS,
);
