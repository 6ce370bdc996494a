import { ManagedIdentityCredential } from "@azure/identity";
import { beforeAll, expect, test } from "vitest";
import { passDaysUntil, playLoop } from "../../local/demo/story.ts";
import { openDocuments } from "../../shared/azure/tables.ts";
import { TrafficRow, TrafficStore } from "../../shared/traffic/traffic-store.ts";
import { type Loop, START_WITHIN_MS, startLoop } from "./loop-system.ts";

let loop: Loop;

beforeAll(async () => {
  loop = await startLoop();
  return loop.stop;
}, START_WITHIN_MS);

test("the loop closes: a model goes live, goes stale with the season, is retrained, approved and healed", async () => {
  const { system, witness } = loop;
  const told: string[] = [];
  // Ten weeks pass at once. What people see of them is what `npm run demo` plays.
  const outcome = await playLoop(
    system.addresses,
    witness,
    (step) => void told.push(step),
    (addresses) => passDaysUntil("2012-08-10", addresses),
  );

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
  const { metric, group, value, threshold } = outcome.drift;
  expect([group ?? metric, value, threshold]).toEqual(
    metric === "RootMeanSquaredError"
      ? [metric, expect.closeTo(5.88, 2), 5.25]
      : ["temp_min", expect.closeTo(2.76, 2), 2.6],
  );
  expect(outcome.retrained).toEqual({
    candidate: expect.closeTo(4.03, 2),
    champion: expect.closeTo(5.93, 2),
    unit: "°C",
    rows: 30,
  });

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
}, 240_000);
