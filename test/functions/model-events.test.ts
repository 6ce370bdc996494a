import { afterAll, beforeAll, expect, test } from "vitest";
import { modelEvents } from "../../functions/model-events.ts";
import { fixture } from "../shared/signals/fixtures.ts";
import { type Adapters, context, startAdapters } from "./adapters.ts";

let adapters: Adapters;
beforeAll(async () => {
  adapters = await startAdapters();
});
afterAll(() => adapters.stop());

const newest = async () => (await adapters.services.inbox.newest(1))[0];

test("a registered model becomes a signal; Event Grid's second delivery a duplicate", async () => {
  const [event] = [fixture("eventgrid-ml-model-registered")].flat();
  await modelEvents(event, context(), adapters.services);
  expect(await newest()).toMatchObject({ outcome: "signal", kind: "model.registered" });
  adapters.clock.advance(30_000);
  await modelEvents(event, context(), adapters.services);
  expect(await newest()).toMatchObject({ outcome: "duplicate", kind: "model.registered" });
  expect(adapters.held()).toBe(1);
});

test("an event of a hundred thousand levels is kept whole, and breaks nothing", async () => {
  adapters.clock.advance(1);
  const text = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  await modelEvents(JSON.parse(text), context(), adapters.services);
  const entry = await newest();
  expect(entry?.outcome).toBe("rejected");
  expect(Buffer.from(await adapters.services.inbox.payload(entry?.id ?? "")).toString()).toBe(text);
});
