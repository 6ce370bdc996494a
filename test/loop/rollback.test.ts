import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { approve, readMailbox } from "../../local/demo/approver.ts";
import { Witness } from "../../local/demo/witness.ts";
import { type System, startSystem } from "../../local/system/system.ts";

let folder: string;
let system: System;
let witness: Witness;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollback-"));
  const ports = { port: 0, azurePort: 0, amqpPort: 0, storagePort: 0 };
  // The repository's own policy: its bakes are long enough to happen something in.
  system = await startSystem({ ...ports, data: folder, secondsPerDay: 1 });
  witness = new Witness(system.addresses.host);
});

afterAll(async () => {
  witness?.stop();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("an alert about the endpoint, while traffic moves, calls the rollout back before anything else", async () => {
  const mail = await witness.until("the approval mail arrives", async () => {
    const mails = await readMailbox(system.addresses.mailbox);
    return mails.find(({ subject }) => subject.startsWith("Approve weather-max version 1 "));
  });
  await approve(mail, "");
  await witness.until("version 1 serves", async () => {
    const answer = await fetch(`${system.addresses.host}/api/operations/promotion-weather-max-1`);
    const { sentence } = (await answer.json()) as { sentence?: string };
    return sentence?.startsWith("Version 1 of weather-max serves 100 %") || undefined;
  });

  const fixture = "test/fixtures/events/alert-common-metric-multi-dimension-ml-endpoint-fired-derived.json";
  const body = (await readFile(fixture, "utf8")).replaceAll(
    /onlineEndpoints\/[A-Za-z0-9-]+/gi,
    "onlineEndpoints/weather-max",
  );
  const alert = await fetch(`${system.addresses.host}/api/alerts/monitor`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(alert.status).toBe(202);

  const ended = await witness.entry("the promotion ends", ({ kind }) => kind === "outcome");
  expect(ended.summary).toMatch(/^Version 1 of weather-max was rolled back: Endpoint weather-max/);
  const states = await (await fetch(`${system.addresses.host}/api/models`)).json();
  expect(states).toMatchObject({ value: [{ model: "weather-max", champion: null, operations: [] }] });
}, 90_000);
