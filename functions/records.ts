import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import * as z from "zod";
import { json, problem } from "./http.ts";
import { services } from "./services.ts";

const MOST_ENTRIES = 1_000;

const Page = z.object({
  from: z.coerce.number().int().min(1).default(1),
  top: z.coerce.number().int().min(1).max(MOST_ENTRIES).default(100),
});

export async function listApprovals(): Promise<HttpResponseInit> {
  return json({ value: await services().approvals.all() });
}

export async function listModels(): Promise<HttpResponseInit> {
  return json({ value: await services().models.all() });
}

/** Entries in order, from `from`, at most `top`. */
export async function listLedger(request: HttpRequest): Promise<HttpResponseInit> {
  const asked = Page.safeParse(Object.fromEntries(request.query));
  if (!asked.success) {
    const [issue] = asked.error.issues;
    return problem(400, "Not understood", `Query parameter '${issue?.path.join(".")}': ${issue?.message}`);
  }
  const { from, top } = asked.data;
  const { ledger } = services();
  const value = [];
  for await (const entry of ledger.entries(from)) {
    value.push(entry);
    if (value.length === top) break;
  }
  return json({ value, length: await ledger.length() });
}

/** Recomputes the whole chain. */
export async function verifyLedger(): Promise<HttpResponseInit> {
  return json(await services().ledger.verify());
}

/** The policy that counts for a model, and where each of its values was written. */
export async function getPolicy(request: HttpRequest): Promise<HttpResponseInit> {
  const model = request.params.model ?? "";
  const effective = services().policies.for(model);
  if (effective) return json(effective);
  const detail = `No pattern under 'models' in the policy matches '${model}': its signals are recorded, and nothing is done.`;
  return problem(404, "No policy", detail);
}

const READ = { methods: ["GET" as const], authLevel: "function" as const };

app.http("listApprovals", { ...READ, route: "api/approvals", handler: listApprovals });
app.http("listModels", { ...READ, route: "api/models", handler: listModels });
app.http("listLedger", { ...READ, route: "api/ledger", handler: listLedger });
app.http("verifyLedger", { ...READ, route: "api/ledger/verify", handler: verifyLedger });
app.http("getPolicy", { ...READ, route: "api/policy/{model}", handler: getPolicy });
