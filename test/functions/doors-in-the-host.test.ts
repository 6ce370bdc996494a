import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventHubProducerClient } from "@azure/event-hubs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBroker } from "../../local/azure/broker/index.ts";
import { startStorage } from "../../local/azure/storage/index.ts";
import { until } from "../waiting.ts";
import { WORKSPACE } from "./adapters.ts";
import { startDeployedHost } from "./deployed-host.ts";

/** The bundle that is deployed, in the host, with real clients around it. */
let url: string;
let producer: EventHubProducerClient;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const data = mkdtempSync(join(tmpdir(), "outerloop-host-doors-"));
  closing.push(() => rmSync(data, { recursive: true, force: true }));
  const storage = await startStorage({ port: 0, data: join(data, "storage") });
  closing.push(() => storage.stop());
  const broker = await startBroker({
    port: 0,
    file: join(data, "broker.sqlite"),
    config: {
      queues: [{ name: "signals", properties: { RequiresSession: true, RequiresDuplicateDetection: true } }],
      eventHubs: [
        { name: "endpoint-traffic", partitionCount: 1 },
        { name: "outerloop-events", partitionCount: 1 },
      ],
    },
  });
  closing.push(() => broker.stop());
  const host = await startDeployedHost(data, {
    OUTERLOOP_ML_WORKSPACE: WORKSPACE,
    OUTERLOOP_MAIL_ENDPOINT: "https://mail.example",
    OUTERLOOP_STORAGE: storage.connectionString,
    OUTERLOOP_SERVICE_BUS: broker.serviceBusConnectionString,
    OUTERLOOP_EVENT_HUBS: broker.eventHubsConnectionString,
  });
  closing.push(() => host.stop());
  url = host.url;
  producer = new EventHubProducerClient(broker.eventHubsConnectionString, "endpoint-traffic");
  closing.push(() => producer.close());
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

test("the deployed bundle keeps a poison message of the hub, byte for byte, and answers its senders and operators", async () => {
  await producer.sendBatch([{ body: Buffer.from([0xff, 0x00, 0x7b]) }]);
  const poison = await until(async () => {
    const list = await (await fetch(`${url}/api/inbox?door=endpoint-traffic`)).json();
    return list.value[0];
  });
  expect(poison).toMatchObject({ outcome: "rejected" });
  const entry = await (await fetch(`${url}/api/inbox/${poison.id}`)).json();
  expect(entry).toMatchObject({ base64: "/wB7", text: null });
  const told = await (await fetch(`${url}/api/inbox/${poison.id}/why`)).json();
  expect(told.sentence).toContain("could not be read");

  const answer = await fetch(`${url}/api/alerts/monitor`, { method: "POST", body: "not an alert" });
  expect(answer.status).toBe(202);
  expect(
    (await fetch(`${url}/api/alerts/monitor`, { method: "POST", body: " ".repeat(262_145) })).status,
  ).toBe(413);
  const exported = await fetch(`${url}/api/inbox/export`);
  expect(exported.headers.get("content-type")).toContain("application/jsonl");
});
