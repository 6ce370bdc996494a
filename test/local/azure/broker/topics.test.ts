import type { ServiceBusClient } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import type { BrokerConfig } from "../../../../local/azure/broker/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { brokerFile, connect, receive, start } from "./broker-fixture.ts";

type Rules = NonNullable<
  NonNullable<NonNullable<BrokerConfig["topics"]>[number]["subscriptions"]>[number]["rules"]
>;

const sql = (SqlExpression: string, name = "r"): Rules => [
  { name, properties: { FilterType: "Sql", SqlFilter: { SqlExpression } } },
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
    rules: [...sql("share = 0.5"), ...sql("sys.Label = 'cost'", "s")],
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

test.each([
  ["tenant = 'north' OR tenant = 'south'", ["drift", "cost"]],
  ["NOT tenant = 'north'", ["cost"]],
  ["tenant <> 'north' OR share > 1", ["cost"]],
  ["NOT (tenant = 'north' OR sys.Label = 'cost')", []],
  ["tenant IN ('south', 'west')", ["cost"]],
  ["tenant NOT IN ('south', 'west')", ["drift"]],
  ["note LIKE 'this%'", ["cost"]],
  ["note LIKE '_his and that'", ["cost"]],
  ["note NOT LIKE '%or%'", ["cost"]],
  ["mark LIKE '50!%%' ESCAPE '!'", ["drift"]],
  ["note IS NULL", ["drift", "plain"]],
  ["note IS NOT NULL", ["cost"]],
  ["EXISTS(share)", ["drift"]],
  ["NOT EXISTS(user.share)", ["cost", "plain"]],
  ["share * 2 + 1 = 2", ["drift"]],
  ["-share < 0", ["drift"]],
  ["TENANT = 'north'", ["drift"]],
  ["[weather in town] = 'rain'", ["cost"]],
  ["tenant = 'it''s' OR 1=1", ["drift", "cost", "plain"]],
  ["isUrgent = TRUE", ["drift"]],
  ["share = 'a text'", []],
])("the SQL filter %s lets %j through", async (expression, expected) => {
  const rules = sql(expression);
  const broker = await start({ topics: [{ name: "news", subscriptions: [{ name: "one", rules }] }] });
  const client = connect(broker);
  const north = { tenant: "north", share: 0.5, mark: "50% more", isUrgent: true };
  const south = { tenant: "south", note: "this and that", "weather in town": "rain" };
  await client
    .createSender("news")
    .sendMessages([
      { body: "drift", subject: "drift", applicationProperties: north },
      { body: "cost", subject: "cost", applicationProperties: south },
      { body: "plain" },
    ]);
  expect(await peekBodies(client, "one")).toEqual(expected);
});

test.each([
  ["a =", "it ends, expected a value"],
  ["a = 'open", "''open' at 5 is no part of a filter"],
  ["a 1", "'1' stands at 3, expected an operator or the end"],
  ["a / 2 = 1", "division is beyond this broker"],
  ["newid() = 'a'", "the function newid() is beyond this broker"],
  ["sys.EnqueuedTimeUtc = 1", "the system property 'EnqueuedTimeUtc' is beyond this broker"],
  ["other.a = 1", "'other.' is no scope, expected sys or user"],
])("the SQL expression %j stops the broker from starting, which says: %s", async (expression, reason) => {
  const config = { topics: [{ name: "news", subscriptions: [{ name: "one", rules: sql(expression) }] }] };
  await expect(start(config)).rejects.toThrow(`${JSON.stringify(expression)} cannot be read: ${reason}`);
});

test("two rules of one name stop the broker from starting", async () => {
  const rules = [...sql("a = 1"), ...sql("b = 1", "R")];
  const config = { topics: [{ name: "news", subscriptions: [{ name: "one", rules }] }] };
  await expect(start(config)).rejects.toThrow("'news/subscriptions/one' has two rules 'R'");
});

test("an action of a rule stops the broker from starting, and is named", async () => {
  const action = { FilterType: "True", Action: { SqlExpression: "SET a = 1" } };
  const rules = [{ name: "r", properties: action }] as unknown as Rules;
  const config = { topics: [{ name: "news", subscriptions: [{ name: "one", rules }] }] };
  await expect(start(config)).rejects.toThrow('Unrecognized key: "Action"');
});

describe("a subscription's rules, by the client", () => {
  const config = { topics: [{ name: "news", subscriptions: [{ name: "one" }] }] };
  const listed = async (client: ServiceBusClient) =>
    Array.fromAsync(client.createRuleManager("news", "one").listRules());

  test("begin with the default that lets everything through", async () => {
    const client = connect(await start(config));
    expect(await listed(client)).toEqual([
      { name: "$Default", filter: { sqlExpression: "1=1" }, action: {} },
    ]);
  });

  test("are added and deleted, and decide at once", async () => {
    const client = connect(await start(config));
    const rules = client.createRuleManager("news", "one");
    await rules.deleteRule("$Default");
    const sender = client.createSender("news");
    await sender.sendMessages({ body: "to nobody" });
    await rules.createRule("by-sql", { sqlExpression: "tenant LIKE 'no%'" });
    await rules.createRule("by-subject", { subject: "cost", applicationProperties: { share: 2 } });
    await sender.sendMessages([
      { body: 1, applicationProperties: { tenant: "north" } },
      { body: 2, subject: "cost", applicationProperties: { share: 2 } },
      { body: 3, subject: "cost" },
    ]);
    expect(await peekBodies(client, "one")).toEqual([1, 2]);
    expect(await listed(client)).toMatchObject([
      { name: "by-sql", filter: { sqlExpression: "tenant LIKE 'no%'" } },
      { name: "by-subject", filter: { subject: "cost", applicationProperties: { share: 2 } } },
    ]);
  });

  test("are there after a restart, until the configuration itself changes", async () => {
    const file = brokerFile();
    const before = await start(config, { file });
    await connect(before).createRuleManager("news", "one").createRule("mine", { sqlExpression: "a = 1" });
    await before.stop();
    const again = await start(config, { file });
    expect((await listed(connect(again))).map((rule) => rule.name)).toEqual(["$Default", "mine"]);
    await again.stop();
    const changed = { topics: [{ name: "news", subscriptions: [{ name: "one", rules: sql("b = 1") }] }] };
    const after = connect(await start(changed, { file }));
    expect((await listed(after)).map((rule) => rule.name)).toEqual(["r"]);
  });

  test("are refused when they are there already, are not there, or cannot be read", async () => {
    const rules = connect(await start(config)).createRuleManager("news", "one");
    await expect(rules.createRule("$Default", { sqlExpression: "1=1" })).rejects.toThrow(
      "has a rule '$Default' already",
    );
    await expect(rules.deleteRule("none")).rejects.toMatchObject({ code: "MessagingEntityNotFound" });
    await expect(rules.createRule("bad", { sqlExpression: "a =" })).rejects.toThrow(
      "it ends, expected a value",
    );
    const filter = { applicationProperties: { since: new Date(0) } };
    await expect(rules.createRule("dated", filter)).rejects.toThrow(
      "at properties.CorrelationFilter.Properties.since",
    );
    const action = { sqlExpression: "SET a = 1" };
    await expect(rules.createRule("acting", { sqlExpression: "1=1" }, action)).rejects.toThrow(
      "'com.microsoft:add-rule with an action' is not supported here",
    );
  });
});

test.each(["news/Subscriptions/one", "news/Subscriptions/one/$DeadLetterQueue"])(
  "nothing can be sent to %s",
  async (address) => {
    const broker = await start({ topics: [{ name: "news", subscriptions: [{ name: "one" }] }] });
    await expect(connect(broker).createSender(address).sendMessages({ body: 1 })).rejects.toThrow(
      "Messages cannot be sent to a subscription",
    );
  },
);

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

test("a number that a topic never gave cannot be cancelled", async () => {
  const client = connect(await start({ topics: [{ name: "news" }, { name: "weather" }] }));
  const weather = client.createSender("weather");
  const numbers = await weather.scheduleMessages({ body: 1 }, new Date(Date.now() + 60_000));
  const cancelling = client.createSender("news").cancelScheduledMessages(numbers);
  await expect(cancelling).rejects.toMatchObject({ code: "MessageNotFound" });
});

test("a subscription with sessions puts a message without one among its dead letters", async () => {
  const properties = { RequiresSession: true };
  const client = connect(
    await start({ topics: [{ name: "news", subscriptions: [{ name: "one", properties }] }] }),
  );
  await client.createSender("news").sendMessages([{ body: 1 }, { body: 2, sessionId: "s" }]);
  const dead = await client.createReceiver("news", "one", { subQueueType: "deadLetter" }).peekMessages(5);
  expect(dead.map(({ body, deadLetterReason }) => [body, deadLetterReason])).toEqual([
    [1, "Session ID is null."],
  ]);
  const session = await client.acceptNextSession("news", "one");
  expect((await session.receiveMessages(5, { maxWaitTimeInMs: 300 })).map(({ body }) => body)).toEqual([2]);
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
