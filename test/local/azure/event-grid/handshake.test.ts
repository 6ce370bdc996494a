import { describe, expect, test } from "vitest";
import { eventually } from "../../../waiting.ts";
import { GridFixture, SUBSCRIPTION, WORKSPACE } from "./grid-fixture.ts";

const at = new GridFixture();

describe("the handshake", () => {
  test("sends the validation event, and the subscription succeeds once the code comes back", async () => {
    await at.subscribe();
    expect(at.hook.received).toHaveLength(1);
    expect(at.hook.received[0]).toMatchObject({
      method: "POST",
      url: "/hook?functionName=f&code=secret",
      headers: { "aeg-event-type": "SubscriptionValidation", "aeg-subscription-name": "model-events" },
      body: [
        {
          eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
          subject: "",
          topic: WORKSPACE,
          data: {
            validationCode: expect.any(String),
            validationUrl: expect.stringContaining("https://localhost:7072/_eventgrid/validate"),
          },
        },
      ],
    });
  });

  test("asks CloudEvents endpoints by OPTIONS", async () => {
    await at.subscribe({ eventDeliverySchema: "CloudEventSchemaV1_0" });
    expect(at.hook.received[0]).toMatchObject({
      method: "OPTIONS",
      headers: { "webhook-request-origin": "eventgrid.azure.net" },
    });
  });

  test("is tried again until the endpoint is up", async () => {
    const { port } = at.hook;
    await at.hook.stop();
    await at.call("PUT", SUBSCRIPTION, at.propertiesOf());
    await eventually(() => expect(at.clock.nextDueAt()).toBe(at.clock.now() + 5_000));
    expect(await at.stateOf()).toBe("Creating");
    await at.hookAt(port);
    at.clock.advance(5_000);
    await eventually(async () => expect(await at.stateOf()).toBe("Succeeded"));
  });

  test("goes on after a restart in the middle of it", async () => {
    const { port } = at.hook;
    await at.hook.stop();
    await at.call("PUT", SUBSCRIPTION, at.propertiesOf());
    await at.grid.service.stop?.();
    await at.hookAt(port);
    at.open();
    await eventually(async () => expect(await at.stateOf()).toBe("Succeeded"));
  });

  test("may be finished by hand with the validation URL", async () => {
    at.hook.isConfirming = false;
    await at.call("PUT", SUBSCRIPTION, at.propertiesOf());
    await eventually(async () => expect(await at.stateOf()).toBe("AwaitingManualAction"));
    const [event] = (at.hook.received[0]?.body ?? []) as { data: { validationUrl: string } }[];
    const url = new URL(event?.data.validationUrl ?? "");
    expect(await at.call("GET", url.pathname, undefined, { query: "id=x&code=y" })).toMatchObject({
      status: 400,
    });
    expect(await at.call("GET", url.pathname, undefined, { query: url.search })).toMatchObject({
      status: 200,
    });
    expect(await at.stateOf()).toBe("Succeeded");
  });

  test("fails when ten minutes have passed without an answer by hand", async () => {
    at.hook.isConfirming = false;
    await at.call("PUT", SUBSCRIPTION, at.propertiesOf());
    await eventually(async () => expect(await at.stateOf()).toBe("AwaitingManualAction"));
    at.clock.advance(600_000);
    expect(await at.stateOf()).toBe("Failed");
  });

  test("is not asked for again when the same endpoint is put again", async () => {
    await at.subscribe();
    await at.subscribe({ filter: { subjectBeginsWith: "models/" } });
    expect(at.hook.received).toHaveLength(1);
  });
});
