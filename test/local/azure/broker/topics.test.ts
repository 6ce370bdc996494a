import type { ServiceBusClient } from "@azure/service-bus";
import { expect, test } from "vitest";
import type { BrokerConfig } from "../../../../local/azure/broker/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { connect, receive, start } from "./broker-fixture.ts";

type Rules = NonNullable<
  NonNullable<NonNullable<BrokerConfig["topics"]>[number]["subscriptions"]>[number]["rules"]
>;

const sql = (SqlExpression: string): Rules => [
  { name: "r", properties: { FilterType: "Sql", SqlFilter: { SqlExpression } } },
];

async function peekBodies(client: ServiceBusClient, subscription: string): Promise<unknown[]> {
  const found = await client.createReceiver("news", subscription).peekMessages(10);
  return found.map((message) => message.body);
}

test("every subscription gets its own copy, and settles it alone", async () => {
  const broker = await start({
    topics: [{ name: "news", subscriptions: [{ name: "audit" }, { name: "mail" }] }],
  });
  const client = connect(broker);
  await client.createSender("news").sendMessages([{ body: 1 }, { body: 2 }]);
  const audit = client.createReceiver("news", "audit");
  const [first] = await receive(audit, 1);
  if (!first) throw new Error("no message came");
  await audit.deadLetterMessage(first, { deadLetterReason: "test", deadLetterErrorDescription: "by hand" });
  expect(await peekBodies(client, "audit")).toEqual([2]);
  expect(await peekBodies(client, "mail")).toEqual([1, 2]);
  const dead = await client.createReceiver("news", "audit", { subQueueType: "deadLetter" }).peekMessages(2);
  expect(dead.map((message) => message.deadLetterReason)).toEqual(["test"]);
});

test.each<{ rule: string; rules: Rules; expected: string[] }>([
  {
    rule: "true",
    rules: [{ name: "r", properties: { FilterType: "True" } }],
    expected: ["drift", "cost", "plain"],
  },
  {
    rule: "a correlation of subject and property",
    rules: [
      {
        name: "r",
        properties: {
          FilterType: "Correlation",
          CorrelationFilter: { Label: "drift", Properties: { tenant: "north" } },
        },
      },
    ],
    expected: ["drift"],
  },
  { rule: "an SQL comparison with AND", rules: sql("tenant = 'north' AND share > 0.1"), expected: ["drift"] },
  { rule: "an SQL system property", rules: sql("sys.Label = 'cost'"), expected: ["cost"] },
  { rule: "an SQL inequality", rules: sql("user.tenant <> 'north'"), expected: ["cost"] },
  { rule: "a quoted AND", rules: sql("note = 'this and that'"), expected: ["cost"] },
  { rule: "1=0", rules: sql("1=0"), expected: [] },
  {
    rule: "one of two rules",
    rules: [...sql("share = 0.5"), ...sql("sys.Label = 'cost'")],
    expected: ["drift", "cost"],
  },
])("a subscription with $rule gets what matches", async ({ rules, expected }) => {
  const broker = await start({ topics: [{ name: "news", subscriptions: [{ name: "one", rules }] }] });
  const client = connect(broker);
  await client
    .createSender("news")
    .sendMessages([
      { body: "drift", subject: "drift", applicationProperties: { tenant: "north", share: 0.5 } },
      { body: "cost", subject: "cost", applicationProperties: { tenant: "south", note: "this and that" } },
      { body: "plain" },
    ]);
  expect(await peekBodies(client, "one")).toEqual(expected);
});

test("an SQL expression beyond the broker stops it from starting, and is named", async () => {
  const config = { topics: [{ name: "news", subscriptions: [{ name: "one", rules: sql("a LIKE 'b%'") }] }] };
  await expect(start(config)).rejects.toThrow("Rule 'r' has the expression 'a LIKE 'b%''");
});

test("a topic's scheduled message can be cancelled by the number the topic gave", async () => {
  const clock = new ManualClock(Date.now());
  const broker = await start({ topics: [{ name: "news", subscriptions: [{ name: "one" }] }] }, { clock });
  const client = connect(broker);
  const sender = client.createSender("news");
  const [number] = await sender.scheduleMessages([{ body: 1 }], new Date(clock.now() + 1000));
  await sender.scheduleMessages([{ body: 2 }], new Date(clock.now() + 1000));
  if (!number) throw new Error("scheduling answered without a number");
  await sender.cancelScheduledMessages(number);
  clock.advance(1000);
  expect(await peekBodies(client, "one")).toEqual([2]);
});

test("a topic drops duplicates for all its subscriptions", async () => {
  const properties = { RequiresDuplicateDetection: true };
  const broker = await start({ topics: [{ name: "news", properties, subscriptions: [{ name: "one" }] }] });
  const client = connect(broker);
  const sender = client.createSender("news");
  await sender.sendMessages({ body: 1, messageId: "same" });
  await sender.sendMessages({ body: 2, messageId: "same" });
  expect(await peekBodies(client, "one")).toEqual([1]);
});
