import { expect, test } from "vitest";
import { activity, openHarness, orchestrator } from "./harness.ts";

test("19 numbers a chain of three 0, 1, 2 and completes each under its number", async () => {
  const host = await openHarness();
  const double = activity((n) => Number(n) * 2);
  const name = orchestrator(function* (context) {
    const a: number = yield context.df.callActivity(double, 1);
    const b: number = yield context.df.callActivity(double, a);
    return yield context.df.callActivity(double, b);
  });
  const status = await host.run(name);
  expect(status).toMatchObject({ runtimeStatus: "Completed", output: 8 });
  const last = host.payloads.at(-1)?.history ?? [];
  expect(last.filter((e) => e.EventType === 4).map((e) => e.EventId)).toEqual([0, 1, 2]);
  expect(last.filter((e) => e.EventType === 5).map((e) => e.TaskScheduledId)).toEqual([0, 1, 2]);
});
