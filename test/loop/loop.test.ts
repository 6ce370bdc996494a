import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playLoop } from "../../local/demo/story.ts";
import { Witness } from "../../local/demo/witness.ts";
import { type System, startSystem } from "../../local/system/system.ts";
import { openDocuments } from "../../shared/azure/tables.ts";
import { TrafficRow, TrafficStore } from "../../shared/traffic/traffic-store.ts";
import { writeQuickPolicy } from "./quick-policy.ts";

let folder: string;
let system: System;
let witness: Witness;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loop-"));
  const ports = { port: 0, azurePort: 0, amqpPort: 0, storagePort: 0 };
  const settings = { OUTERLOOP_POLICY: await writeQuickPolicy(folder) };
  system = await startSystem({ ...ports, data: folder, secondsPerDay: 1 }, settings);
  witness = new Witness(system.addresses.host);
});

afterAll(async () => {
  witness?.stop();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("the loop closes: a model goes live, goes stale with the season, is retrained, approved and healed", async () => {
  const told: string[] = [];
  const outcome = await playLoop(system.addresses, witness, (step) => void told.push(step));

  expect(told).toEqual([
    "registered",
    "checked",
    "mail",
    "approved",
    "traffic",
    "champion",
    "season",
    "drift",
    "retrained",
    "checked",
    "mail",
    "approved",
    "traffic",
    "traffic",
    "traffic",
    "champion",
    "ledger",
  ]);
  expect(outcome.first.champion).toBeNull();
  expect(outcome.drift.value).toBeGreaterThan(outcome.drift.threshold ?? Number.POSITIVE_INFINITY);
  expect(outcome.retrained.candidate).toBeLessThan(outcome.retrained.champion ?? 0);

  const pages = {
    "/console": "weather-max",
    "/console/models/weather-max": "Error at each evaluation",
    "/console/operations/promotion-weather-max-2":
      "Version 2 of weather-max serves all traffic of weather-max",
    "/console/approvals": "ml-approver@example.com",
    "/console/ledger": "verified to entry",
    "/console/inbox": "model-events",
  };
  for (const [path, words] of Object.entries(pages)) {
    const page = await fetch(`${system.addresses.host}${path}`);
    expect([path, page.status, (await page.text()).includes(words)]).toEqual([path, 200, true]);
  }

  // The endpoint's requests came by its diagnostic setting and the event hub, and were counted into windows.
  const traffic = new TrafficStore(
    openDocuments(
      { connectionString: system.cloud.storageConnectionString },
      new ManagedIdentityCredential(),
      "traffic",
      TrafficRow,
    ),
  );
  const counted = await witness.until("requests are counted into windows", async () => {
    const windows = (await traffic.tallies("weather-max")).flatMap((tally) => tally.windows);
    return windows.length > 0 ? windows : undefined;
  });
  expect(counted.map(({ requests }) => requests)).not.toContain(0);
  expect([...new Set(counted.map(({ deployment }) => deployment))]).toContain("version-1");

  const stats = await (await fetch(new URL("/_stats", system.addresses.world))).json();
  expect(stats).toMatchObject({ deploymentsDeleted: expect.any(Number), eventsDeadLettered: 0 });
  // Two test deployments were removed; what serves stays.
  expect((stats as { deploymentsCreated: number }).deploymentsCreated).toBe(4);
}, 150_000);
