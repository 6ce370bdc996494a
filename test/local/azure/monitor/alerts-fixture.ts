import { onTestFinished } from "vitest";
import {
  delivered,
  errorsRule,
  GROUP,
  MINUTE,
  type MonitorFixture,
  putGroup,
  startMonitor,
} from "./monitor-fixture.ts";
import { startReceiver } from "./receiver.ts";

export const failing = { statusCode: 500, modelStatusCode: 500, durationMs: 20 };

/** A monitor with the rule `online endpoint errors`, whose group calls a receiver. */
export async function start(rule = errorsRule()) {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  const monitor = await startMonitor();
  await putGroup(monitor, receiver.url);
  await monitor.client.metricAlerts.createOrUpdate(GROUP, "online endpoint errors", rule);
  const told = async (count: number) => {
    await delivered(monitor, count);
    return receiver.alerts;
  };
  return { ...monitor, receiver, told };
}

/** 12 failures in each of so many minutes from now on, and time passes with them. */
export function fail({ record, clock }: Pick<MonitorFixture, "record" | "clock">, minutes: number) {
  for (let n = 0; n < minutes; n++) {
    record(clock.now() + 1, failing, 12);
    clock.advance(MINUTE);
  }
}

/** The parts of an alert that another run, other values and other names would change, by path. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]);
}
