import { describe, expect, test } from "vitest";
import { GridFixture, registered, SUBSCRIPTION, TOPIC, WORKSPACE } from "./grid-fixture.ts";

const at = new GridFixture();

describe("the resource", () => {
  test("is shown without the secret in the endpoint's query, which getFullUrl tells", async () => {
    await at.subscribe();
    const shown = await at.call("GET", SUBSCRIPTION.toUpperCase());
    expect(JSON.stringify(shown.body)).not.toContain("secret");
    expect(shown.body).toMatchObject({
      id: SUBSCRIPTION,
      name: "model-events",
      properties: {
        destination: { properties: { endpointBaseUrl: `http://127.0.0.1:${at.hook.port}/hook` } },
      },
    });
    const full = await at.call("POST", `${SUBSCRIPTION}/getFullUrl`);
    expect(full.body).toEqual({
      endpointUrl: `http://127.0.0.1:${at.hook.port}/hook?functionName=f&code=secret`,
    });
    expect(
      (await at.call("GET", `${WORKSPACE}/providers/Microsoft.EventGrid/eventSubscriptions`)).body,
    ).toMatchObject({
      value: [{ name: "model-events" }],
    });
  });

  test("is one of 500 of a topic at most; one that is there may still be changed", async () => {
    const id = (n: number) => `${WORKSPACE}/providers/Microsoft.EventGrid/eventSubscriptions/sub-${n}`;
    for (let n = 1; n <= 500; n += 1) await at.call("PUT", id(n), at.propertiesOf());
    expect(await at.call("PUT", id(501), at.propertiesOf())).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining("has 500 event subscriptions") } },
    });
    expect(await at.call("PUT", id(500), at.propertiesOf())).toMatchObject({ status: 201 });
  });

  test("is gone after a delete, with what was on its way to it", async () => {
    await at.subscribe();
    at.hook.statuses = [500];
    at.grid.raise(registered);
    await at.hook.until(1);
    expect(await at.call("DELETE", SUBSCRIPTION)).toMatchObject({ status: 200 });
    expect(await at.call("DELETE", SUBSCRIPTION)).toMatchObject({ status: 204 });
    expect(await at.call("GET", SUBSCRIPTION)).toMatchObject({ status: 404 });
    at.clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(at.hook.notifications).toHaveLength(1);
  });

  test.each([
    {
      what: "an endpoint elsewhere",
      more: {
        destination: { endpointType: "WebHook", properties: { endpointUrl: "https://example.com/x" } },
      },
      says: "'properties.destination.properties.endpointUrl' is invalid: must be on localhost",
    },
    {
      what: "another kind of destination",
      more: { destination: { endpointType: "StorageQueue", properties: {} } },
      says: "WebHook",
    },
    {
      what: "an advanced filter without an operator",
      more: { filter: { advancedFilters: [{}] } },
      says: "'properties.filter.advancedFilters.0.operatorType' is invalid",
    },
    {
      what: "31 attempts",
      more: { retryPolicy: { maxDeliveryAttempts: 31 } },
      says: "'properties.retryPolicy.maxDeliveryAttempts'",
    },
  ])("refuses $what, naming the field", async ({ more, says }) => {
    expect(await at.call("PUT", SUBSCRIPTION, at.propertiesOf(more))).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidRequest", message: expect.stringContaining(says) } },
    });
  });

  test("refuses a caller without a token, and one without an api-version", async () => {
    expect(await at.call("GET", SUBSCRIPTION, undefined, { authorization: "" })).toMatchObject({
      status: 401,
      body: { error: { code: "InvalidAuthenticationToken" } },
    });
    expect(await at.call("GET", SUBSCRIPTION, undefined, { query: "x=1" })).toMatchObject({
      status: 400,
      body: { error: { code: "MissingApiVersionParameter" } },
    });
  });

  test("of an unknown system topic is refused with 404, naming the topic", async () => {
    expect(await at.call("PUT", `${TOPIC}/eventSubscriptions/model-events`, at.propertiesOf())).toMatchObject(
      {
        status: 404,
        body: { error: { code: "ResourceNotFound", message: expect.stringContaining(TOPIC) } },
      },
    );
  });
});
