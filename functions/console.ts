import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import { approvalsPage } from "../shared/console/approvals-page.ts";
import { evaluationPoints } from "../shared/console/evaluation-points.ts";
import { homePage } from "../shared/console/home-page.ts";
import { inboxPage } from "../shared/console/inbox-page.ts";
import { ledgerPage } from "../shared/console/ledger-page.ts";
import { LIVE_JS } from "../shared/console/live.ts";
import { missingPage } from "../shared/console/missing-page.ts";
import { modelPage } from "../shared/console/model-page.ts";
import { operationPage } from "../shared/console/operation-page.ts";
import { policyRows } from "../shared/console/policy-rows.ts";
import { STYLE_CSS } from "../shared/console/style.ts";
import type { LedgerEntry } from "../shared/ledger/entry.ts";
import type { Ledger } from "../shared/ledger/ledger.ts";
import { page } from "./http.ts";
import { operationsNow, viewOperation } from "./operations.ts";
import { clientOf, durableClient } from "./register.ts";
import { services } from "./services.ts";

/** A page is looked at, not searched: this many of the newest entries are enough, and stay quick to load. */
const MOST_SHOWN = 60;

/** The page of a model holds several lists, so each of them is shorter. */
const MOST_OF_MODEL = 25;

/** Entries that are looked through for what concerns one model. */
const MOST_READ = 2_000;

export async function showHome(_: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const { models, approvals, ledger, policies, now } = services();
  const [known, all, requests, entries] = await Promise.all([
    models.all(),
    operationsNow(clientOf(context), services()),
    approvals.all(),
    newest(ledger, MOST_READ),
  ]);
  const rows = known.map((state) => ({
    state,
    lastDecision: entries.find(({ kind, model }) => kind === "decision" && model === state.model) ?? null,
    freezes: policies.for(state.model)?.policy.freezes ?? [],
  }));
  return page(homePage({ models: rows, operations: all, approvals: requests, now: now() }));
}

export async function showModel(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const { models, approvals, ledger, policies, now } = services();
  const model = request.params.model ?? "";
  const state = (await models.all()).find((known) => known.model === model);
  const effective = policies.for(model);
  if (!state) return page(missingPage("model", model), 404);
  const [all, requests, entries] = await Promise.all([
    operationsNow(clientOf(context), services()),
    approvals.all(),
    newest(ledger, MOST_READ),
  ]);
  const own = entries.filter((entry) => entry.model === model);
  const view = {
    state,
    points: evaluationPoints(own.toReversed()).slice(-MOST_OF_MODEL),
    operations: all.filter((operation) => operation.model === model).slice(0, MOST_OF_MODEL),
    approvals: requests,
    decisions: own.filter(({ kind }) => kind === "decision").slice(0, MOST_OF_MODEL),
    policy: effective && { digest: effective.digest, rows: policyRows(effective) },
    now: now(),
  };
  return page(modelPage(view));
}

export async function showOperation(
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const adapters = services();
  const id = request.params.id ?? "";
  const view = await viewOperation(id, clientOf(context), adapters);
  if (!view) return page(missingPage("operation", id), 404);
  const { operation, timeline, children, ...status } = view;
  return page(operationPage({ operation, status, timeline, children, now: adapters.now() }));
}

export async function showApprovals(): Promise<HttpResponseInit> {
  const { approvals, now } = services();
  return page(approvalsPage({ approvals: await approvals.all(), now: now() }));
}

/** Recomputes the whole chain, so that the page can say how far it holds. */
export async function showLedger(): Promise<HttpResponseInit> {
  const { ledger, now } = services();
  const [entries, verification] = await Promise.all([newest(ledger, MOST_SHOWN), ledger.verify()]);
  return page(ledgerPage({ entries, verification, now: now() }));
}

export async function showInbox(): Promise<HttpResponseInit> {
  const { inbox, now } = services();
  return page(inboxPage({ entries: await inbox.newest(MOST_SHOWN), now: now() }));
}

async function newest(ledger: Ledger, most: number): Promise<LedgerEntry[]> {
  const from = Math.max(1, (await ledger.length()) - most + 1);
  return (await Array.fromAsync(ledger.entries(from))).reverse();
}

/** The same for everybody and without secrets, so browsers may keep it for a while. */
function asset(contentType: string, body: string): () => Promise<HttpResponseInit> {
  const headers = {
    "content-type": contentType,
    "cache-control": "public, max-age=300",
    "x-content-type-options": "nosniff",
  };
  return async () => ({ status: 200, headers, body });
}

const READ = { methods: ["GET" as const], authLevel: "function" as const };
const ASSET = { methods: ["GET" as const], authLevel: "anonymous" as const };

app.http("showHome", { ...READ, route: "console", extraInputs: [durableClient], handler: showHome });
app.http("showModel", {
  ...READ,
  route: "console/models/{model}",
  extraInputs: [durableClient],
  handler: showModel,
});
app.http("showOperation", {
  ...READ,
  route: "console/operations/{id}",
  extraInputs: [durableClient],
  handler: showOperation,
});
app.http("showApprovals", { ...READ, route: "console/approvals", handler: showApprovals });
app.http("showLedger", { ...READ, route: "console/ledger", handler: showLedger });
app.http("showInbox", { ...READ, route: "console/inbox", handler: showInbox });
app.http("style", {
  ...ASSET,
  route: "console/style.css",
  handler: asset("text/css; charset=utf-8", STYLE_CSS),
});
app.http("liveScript", {
  ...ASSET,
  route: "console/live.js",
  handler: asset("text/javascript; charset=utf-8", LIVE_JS),
});
