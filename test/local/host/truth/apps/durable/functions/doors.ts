import { app } from "@azure/functions";
import * as df from "durable-functions";
import { count } from "./activities.ts";

const withClient = { extraInputs: [df.input.durableClient()] };

app.post("start", {
  ...withClient,
  route: "start/{name}",
  async handler(request, context) {
    const client = df.getClient(context);
    const input: unknown = await request.json();
    const id = await client.startNew(request.params.name ?? "", { input });
    return client.createCheckStatusResponse(request, id);
  },
});

/** Calls one method of the durable client and tells how that ended. */
app.post("client", {
  ...withClient,
  route: "client/{method}",
  async handler(request, context) {
    const client = df.getClient(context);
    const parameters: unknown = await request.json();
    const method: unknown = Reflect.get(client, request.params.method ?? "");
    if (typeof method !== "function" || !Array.isArray(parameters)) return { status: 400 };
    try {
      const result: unknown = await Reflect.apply(method, client, parameters);
      return { jsonBody: { result: result ?? null } };
    } catch (error) {
      return { jsonBody: { error: String(error) } };
    }
  },
});

app.post("purgeAll", {
  ...withClient,
  async handler(_, context) {
    const client = df.getClient(context);
    return { jsonBody: await client.purgeInstanceHistoryBy({ createdTimeFrom: new Date(0) }) };
  },
});

app.post("runToEnd", {
  ...withClient,
  route: "runToEnd/{name}/{timeout}/{interval}",
  async handler(request, context) {
    const client = df.getClient(context);
    const { name = "", timeout, interval } = request.params;
    const id = await client.startNew(name, { input: null });
    try {
      return await client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
        timeoutInMilliseconds: Number(timeout),
        retryIntervalInMilliseconds: Number(interval),
      });
    } catch (error) {
      return { status: 400, body: String(error) };
    }
  },
});

/** Accepted twice under its own address, then done. */
app.get("slowly", (request) =>
  count(request.url) <= 2 ? { status: 202, headers: { location: request.url } } : { body: "done at last" },
);
