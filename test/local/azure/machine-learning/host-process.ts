/**
 * A process of its own that runs the stand-in on the folder it is given, and submits job `j` as its parent says; with a
 * second argument, jobs pause for an hour as soon as they run.
 */

import { createMachineLearning } from "../../../../local/azure/machine-learning/index.ts";
import { systemClock } from "../../../../local/clock.ts";
import { GROUP, SUBSCRIPTION, WORKSPACE, WORKSPACE_ID } from "./identity.ts";

const [data = "", pauses] = process.argv.slice(2);
const { services } = createMachineLearning({
  data,
  clock: systemClock,
  subscriptionId: SUBSCRIPTION,
  resourceGroup: GROUP,
  location: "westeurope",
  workspaces: [WORKSPACE],
  raise: () => undefined,
  record: () => undefined,
  authenticate: () => true,
  takeStandstill: () => (pauses ? { status: "Paused", forMs: 3_600_000 } : undefined),
});

process.on("message", async (body) => {
  const path = `${WORKSPACE_ID}/jobs/j`;
  await services[0]?.handle({
    method: "PUT",
    path,
    segments: path.split("/").filter(Boolean),
    query: new URLSearchParams({ "api-version": "2022-10-01" }),
    headers: {},
    body: Buffer.from(JSON.stringify(body)),
    origin: "http://localhost:1",
    signal: new AbortController().signal,
  });
});
process.on("disconnect", () => process.exit());
