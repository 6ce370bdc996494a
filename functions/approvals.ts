import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import * as z from "zod";
import { DECISION_EVENT } from "../orchestrations/approval/types.ts";
import type { Approval } from "../shared/approvals/approval.ts";
import { type ApprovalView, approvalPage } from "../shared/console/approval-page.ts";
import type { Services } from "../shared/services.ts";
import { page } from "./http.ts";
import { clientOf, durableClient } from "./register.ts";
import { services } from "./services.ts";

/** A comment is kept for ever: this is enough for a reason, and too little for an upload. */
const LONGEST_COMMENT = 2_000;

const Word = z.object({
  token: z.string().min(1),
  decision: z.enum(["approve", "reject"]),
  comment: z.string().trim().max(LONGEST_COMMENT).default(""),
});

/** Shows the page and changes nothing: mail scanners and previews follow every link. */
export async function showApproval(request: HttpRequest): Promise<HttpResponseInit> {
  const view = await viewOf(request.params.id ?? "", request.query.get("token") ?? "", services());
  return show(view, services());
}

/** Takes one person's decision, once. */
export async function decideApproval(
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const adapters = services();
  const form = Object.fromEntries(new URLSearchParams(await request.text()));
  const view = await viewOf(request.params.id ?? "", form.token ?? "", adapters);
  if (view.state === "closed" || view.state === "already-decided") {
    // The first try may have died before it could tell the orchestration.
    await settle(view.approval, view.viewer.email, clientOf(context), adapters);
    return seeOther(request, form.token ?? "");
  }
  if (view.state !== "open") return show(view, adapters);

  const word = Word.safeParse(form);
  if (!word.success) {
    const [issue] = word.error.issues;
    return show({ ...view, problem: `${issue?.path.join(".")}: ${issue?.message}` }, adapters, 400);
  }
  const { decision, comment } = word.data;
  if (decision === "reject" && comment === "") {
    return show({ ...view, problem: "A rejection needs a comment: say what should change." }, adapters, 400);
  }
  const { email } = view.viewer;
  await adapters.approvals.decide(view.approval.id, { by: email, decision, comment }, adapters.now());
  const decided = await adapters.approvals.get(view.approval.id);
  if (decided) await settle(decided, email, clientOf(context), adapters);
  return seeOther(request, word.data.token);
}

/** What this link opens, now. */
async function viewOf(id: string, token: string, { approvals, links, now }: Services): Promise<ApprovalView> {
  const reading = await links.read(token, now());
  if (!reading.valid) return { state: reading.fault };
  if (reading.approvalId !== id) return { state: "invalid" };
  const approval = await approvals.get(id);
  if (!approval) return { state: "invalid" };
  if (approval.evidenceDigest !== reading.evidenceDigest) return { state: "superseded" };
  const viewer = approval.approvers.find(({ email }) => email === reading.email);
  if (!viewer) return { state: "invalid" };
  if (approval.status !== "open") return { state: "closed", approval, viewer };
  if (approval.decisions.some(({ by }) => by === viewer.email)) {
    return { state: "already-decided", approval, viewer };
  }
  return { state: "open", approval, viewer, token };
}

/** Safe to repeat: the ledger keeps one entry for each person, and the event is only a nudge to look. */
async function settle(
  approval: Approval,
  email: string,
  client: DurableClient,
  { ledger }: Services,
): Promise<void> {
  const word = approval.decisions.find(({ by }) => by === email);
  if (word) {
    const { model, version } = approval.packet;
    await ledger.append(`approval:${approval.id}:${email}`, {
      kind: "approval",
      summary: `${email} chose to ${word.decision} version ${version} of ${model}.`,
      actor: email,
      model,
      version,
      operation: approval.operation,
      policyDigest: approval.packet.policyDigest,
      evidence: { ...word, evidenceDigest: approval.evidenceDigest },
    });
  }
  await client.raiseEvent(approval.id, DECISION_EVENT, { by: email });
}

/** So that the back button, a reload or a second click shows the decision instead of repeating it. */
function seeOther(request: HttpRequest, token: string): HttpResponseInit {
  const { pathname } = new URL(request.url);
  return { status: 303, headers: { location: `${pathname}?token=${encodeURIComponent(token)}` } };
}

const STATUS: Record<ApprovalView["state"], number> = {
  open: 200,
  closed: 200,
  "already-decided": 200,
  expired: 410,
  invalid: 403,
  superseded: 409,
};

function show(view: ApprovalView, { now }: Services, status = STATUS[view.state]): HttpResponseInit {
  return page(approvalPage(view, now()), status);
}

app.http("showApproval", {
  route: "approvals/{id}",
  methods: ["GET"],
  authLevel: "anonymous",
  handler: showApproval,
});
app.http("decideApproval", {
  route: "approvals/{id}",
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [durableClient],
  handler: decideApproval,
});
