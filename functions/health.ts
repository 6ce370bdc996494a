import { app, type HttpResponseInit } from "@azure/functions";
import { json } from "./http.ts";
import { services } from "./services.ts";

/** The process answers. */
export async function live(): Promise<HttpResponseInit> {
  return json({ status: "live" });
}

/** Settings and policy are usable, and the stores answer: signals that come now will be decided. */
export async function ready(): Promise<HttpResponseInit> {
  try {
    const { ledger } = services();
    return json({ status: "ready", ledgerEntries: await ledger.length() });
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return json({ status: "not ready", because }, 503);
  }
}

app.http("live", { route: "api/health/live", methods: ["GET"], authLevel: "anonymous", handler: live });
app.http("ready", { route: "api/health/ready", methods: ["GET"], authLevel: "anonymous", handler: ready });
