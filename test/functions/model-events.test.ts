import { afterAll, beforeAll, expect, test } from "vitest";
import { modelEvents } from "../../functions/model-events.ts";
import { fixture } from "../shared/signals/fixtures.ts";
import { type Adapters, context, startAdapters, WORKSPACE } from "./adapters.ts";

let adapters: Adapters;
beforeAll(async () => {
  adapters = await startAdapters();
});
afterAll(() => adapters.stop());

const newest = async () => (await adapters.services.inbox.newest(1))[0];

const registered = (topic: string) => {
  const [event] = [fixture("eventgrid-ml-model-registered")].flat();
  return { ...Object(event), topic };
};

test("a registered model becomes a signal; Event Grid's second delivery a duplicate", async () => {
  const event = registered(WORKSPACE.toUpperCase());
  await modelEvents(event, context(), adapters.services);
  expect(await newest()).toMatchObject({ outcome: "signal", kind: "model.registered" });
  adapters.clock.advance(30_000);
  await modelEvents(event, context(), adapters.services);
  expect(await newest()).toMatchObject({ outcome: "duplicate", kind: "model.registered" });
  expect(adapters.held()).toBe(1);
});

test("a model of a workspace that is not watched is kept, and starts nothing", async () => {
  adapters.clock.advance(1);
  await modelEvents(registered(`${WORKSPACE}-2`), context(), adapters.services);
  expect(await newest()).toMatchObject({ outcome: "ignored", rule: "ml/other-workspace" });
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
