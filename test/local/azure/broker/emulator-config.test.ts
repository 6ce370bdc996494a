import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BrokerConfigError } from "../../../../local/azure/broker/config.ts";
import { readEmulatorConfig } from "../../../../local/azure/broker/emulator-config.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "emulator-config-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(config: unknown) {
  const file = path.join(folder, "Config.json");
  await writeFile(file, typeof config === "string" ? config : JSON.stringify(config));
  return readEmulatorConfig(file);
}
const queues = (...Queues: object[]) => ({ UserConfig: { Namespaces: [{ Name: "sbemulatorns", Queues }] } });
const hubs = (...Entities: object[]) => ({
  UserConfig: { NamespaceConfig: [{ Type: "EventHub", Name: "emulatorNs1", Entities }] },
});

test("takes queues, topics, subscriptions and rules from the Service Bus emulator's file", async () => {
  const LockDuration = "PT30S";
  const rule = { FilterType: "Correlation", CorrelationFilter: { Label: "urgent" } };
  const config = await read({
    UserConfig: {
      Namespaces: [
        {
          Name: "sbemulatorns",
          Queues: [{ Name: "orders", Properties: { LockDuration, ForwardTo: "" } }],
          Topics: [
            {
              Name: "news",
              Properties: { RequiresDuplicateDetection: true },
              Subscriptions: [{ Name: "all" }, { Name: "some", Rules: [{ Name: "r", Properties: rule }] }],
            },
          ],
        },
      ],
      Logging: { Type: "File" },
    },
  });
  expect(config).toEqual({
    queues: [{ name: "orders", properties: { LockDuration, ForwardTo: "" } }],
    topics: [
      {
        name: "news",
        properties: { RequiresDuplicateDetection: true },
        subscriptions: [
          { name: "all", rules: [] },
          { name: "some", rules: [{ name: "r", properties: rule }] },
        ],
      },
    ],
    eventHubs: [],
  });
});

test("takes hubs and consumer groups from the Event Hubs emulator's file, which counts partitions as text", async () => {
  const config = await read({
    UserConfig: {
      ...hubs({ Name: "readings", PartitionCount: "2", ConsumerGroups: [{ Name: "cg1" }] }).UserConfig,
      LoggingConfig: { Type: "File" },
    },
  });
  expect(config).toEqual({
    queues: [],
    topics: [],
    eventHubs: [{ name: "readings", partitionCount: 2, consumerGroups: ["cg1"] }],
  });
});

test.each([
  ["{", "the file is no JSON"],
  [{ UserConfig: {} }, "expected Namespaces (Service Bus), NamespaceConfig (Event Hubs), or both"],
  [{ UserConfg: {} }, "UserConfig"],
  [queues({ Nam: "orders" }), "UserConfig.Namespaces[0].Queues[0].Name"],
  [queues({ Name: "orders", Properties: { LockDuration: "soon" } }), "'soon' is no ISO 8601 duration"],
  [queues({ Name: "orders", Properties: { ForwardTo: "other" } }), "forwarding is not supported"],
  [queues({ Name: "orders" }, { Name: "Orders" }), "Two entities of the broker are named 'Orders'"],
  [hubs({ Name: "readings", PartitionCount: "two" }), "expected a whole number"],
])("says what is wrong, and in which file: %j", async (config, reason) => {
  const error: unknown = await read(config).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BrokerConfigError);
  expect(String(error)).toContain(path.join(folder, "Config.json"));
  expect(String(error)).toContain(reason);
});

test("names the file that it cannot read", async () => {
  const file = path.join(folder, "absent.json");
  await expect(readEmulatorConfig(file)).rejects.toThrow(`'${file}' are wrong: the file cannot be read`);
});
