import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../waiting.ts";
import {
  ACTION_GROUP,
  delivered,
  GROUP,
  MINUTE,
  type MonitorFixture,
  putGroup,
  SUBSCRIPTION,
  startMonitor,
} from "./monitor-fixture.ts";
import { startReceiver } from "./receiver.ts";

const notice = (n: number) => ({ common: { n }, legacy: { old: n } });

async function start(options: Parameters<typeof startMonitor>[0] = {}) {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  const logged: string[] = [];
  const monitor = await startMonitor({ log: (_, message) => void logged.push(message), ...options });
  await putGroup(monitor, receiver.url);
  return {
    ...monitor,
    receiver,
    logged,
    notify: (n: number) => monitor.monitor.notify(ACTION_GROUP, notice(n)),
  };
}

const statsOf = ({ monitor }: Pick<MonitorFixture, "monitor">) => monitor.service.stats?.();

/** Waits until the answer of a call was noted, with the words of the log. */
const noted = ({ logged }: Awaited<ReturnType<typeof start>>, words: string) =>
  eventually(() => expect(logged.at(-1)).toContain(words));

describe("an action group's call", () => {
  test.each([408, 429, 503, 504])("is tried again after 5 s on a %i, and arrives", async (status) => {
    const system = await start();
    system.receiver.statuses.push(status);
    system.notify(1);
    await noted(system, `was answered ${status}, again in 5 s`);
    system.clock.advance(5_000);
    await delivered(system, 1);
    expect(system.receiver.alerts).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test.each([400, 401, 404, 413, 500, 302])("is lost on a %i, without another try", async (status) => {
    const system = await start();
    system.receiver.statuses.push(status);
    system.notify(1);
    await eventually(() => expect(statsOf(system)).toMatchObject({ alertsDelivered: 0, alertsLost: 1 }));
    system.clock.advance(5 * MINUTE);
    system.notify(2);
    await delivered(system, 1);
    expect(system.receiver.alerts).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("is given up after five retries, and the receiver is then left alone for 15 minutes", async () => {
    const system = await start({ retryScale: 0.001 });
    system.receiver.statuses.push(...Array(6).fill(503));
    system.notify(1);
    // Scaled, the pauses are 5, 20, 5, 40 and 5 ms.
    for (const pause of [5, 20, 5, 40, 5]) {
      await noted(system, `again in ${pause} s`);
      system.clock.advance(pause);
    }
    await eventually(() => expect(statsOf(system)).toMatchObject({ alertsLost: 1 }));
    system.notify(2);
    await eventually(() => expect(statsOf(system)).toMatchObject({ alertsLost: 2, alertsDelivered: 0 }));
    expect(system.receiver.alerts).toHaveLength(6);
    system.clock.advance(900);
    system.notify(3);
    await delivered(system, 1);
    expect(system.receiver.alerts.at(-1)).toEqual({ n: 3 });
  });

  test("pauses 5, then 20 seconds", async () => {
    const system = await start();
    system.receiver.statuses.push(503, 503);
    system.notify(1);
    await noted(system, "again in 5 s");
    system.clock.advance(5_000);
    await noted(system, "again in 20 s");
    system.clock.advance(19_999);
    expect(system.receiver.alerts).toHaveLength(2);
    system.clock.advance(1);
    await delivered(system, 1);
    expect(system.receiver.alerts).toHaveLength(3);
  });

  test("is tried again when nobody listens, and reaches who listens later, after a restart of the monitor", async () => {
    const system = await start();
    await system.receiver.stop();
    system.notify(1);
    await noted(system, "was answered no connection, again in 5 s");
    await system.stop();
    const back = await startReceiver(system.receiver.port);
    onTestFinished(() => back.stop());
    system.clock.advance(5_000);
    const again = await startMonitor({ data: system.data, clock: system.clock });
    await delivered(again, 1);
    expect(back.alerts).toEqual([{ n: 1 }]);
  });

  test("goes to every receiver of the group in the schema of its choice, and to none of a disabled group", async () => {
    const system = await start();
    const { url } = system.receiver;
    await system.client.actionGroups.createOrUpdate(GROUP, "on-duty", {
      location: "global",
      groupShortName: "on-duty",
      enabled: true,
      webhookReceivers: [{ name: "old", serviceUri: url }],
      azureFunctionReceivers: [
        {
          name: "new",
          functionAppResourceId: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Web/sites/outerloop`,
          functionName: "monitorAlerts",
          httpTriggerUrl: url,
          useCommonAlertSchema: true,
        },
      ],
    });
    system.notify(1);
    await delivered(system, 2);
    expect(system.receiver.alerts).toEqual(expect.arrayContaining([{ n: 1 }, { old: 1 }]));
    await system.client.actionGroups.update(GROUP, "on-duty", { enabled: false });
    system.notify(2);
    await system.client.actionGroups.update(GROUP, "on-duty", { enabled: true });
    system.notify(3);
    await delivered(system, 4);
    expect(system.receiver.alerts).not.toContainEqual({ n: 2 });
  });
});

describe("the resource manager", () => {
  test("keeps a group, lists it and forgets it", async () => {
    const { client, receiver } = await start();
    expect(await client.actionGroups.get(GROUP, "ON-DUTY")).toMatchObject({
      id: ACTION_GROUP,
      name: "on-duty",
      groupShortName: "on-duty",
      enabled: true,
      webhookReceivers: [{ name: "outerloop", serviceUri: receiver.url, useCommonAlertSchema: true }],
    });
    const names: unknown[] = [];
    for await (const { name } of client.actionGroups.listByResourceGroup(GROUP)) names.push(name);
    for await (const { name } of client.actionGroups.listBySubscriptionId()) names.push(name);
    expect(names).toEqual(["on-duty", "on-duty"]);
    await client.actionGroups.delete(GROUP, "on-duty");
    await expect(client.actionGroups.get(GROUP, "on-duty")).rejects.toMatchObject({ statusCode: 404 });
    await expect(client.actionGroups.update(GROUP, "on-duty", {})).rejects.toMatchObject({ statusCode: 404 });
  });

  test.each([
    {
      what: "mail receivers",
      more: { emailReceivers: [{ name: "m", emailAddress: "a@example.com" }] },
      says: "emailReceivers are not simulated",
    },
    {
      what: "receivers of one name",
      more: {
        webhookReceivers: [
          { name: "a", serviceUri: "http://localhost/a" },
          { name: "A", serviceUri: "http://localhost/b" },
        ],
      },
      says: "Two receivers are named 'a'",
    },
    {
      what: "a long short name",
      more: { groupShortName: "thirteen-long" },
      says: "expected at most 12 characters",
    },
    {
      what: "a receiver without an address",
      more: { webhookReceivers: [{ name: "a", serviceUri: "nowhere" }] },
      says: "serviceUri",
    },
    {
      what: "a receiver that is not on this machine",
      more: { webhookReceivers: [{ name: "a", serviceUri: "https://example.invalid/hook" }] },
      says: "the stand-in sends nothing off this machine",
    },
  ])("refuses $what", async ({ more, says }) => {
    const { client } = await startMonitor();
    const group = { location: "global", groupShortName: "g", enabled: true, ...more };
    await expect(client.actionGroups.createOrUpdate(GROUP, "g", group)).rejects.toMatchObject({
      statusCode: 400,
      code: "BadRequest",
      message: expect.stringContaining(says),
    });
  });
});
