import { type ComponentChild, h } from "preact";
import type { Approval } from "../approvals/approval.ts";
import { durationMs } from "../duration.ts";
import { evaluationTable } from "./evaluation.ts";
import { renderPage } from "./page.ts";
import { cut, moment, relative, span, steps } from "./words.ts";

export interface Viewer {
  readonly email: string;
  readonly persona: string;
}

/** What an approval link opens. A stranger, and a late comer, see no evidence. */
export type ApprovalView =
  | { state: "open"; approval: Approval; viewer: Viewer; token: string; problem?: string }
  | { state: "closed"; approval: Approval; viewer: Viewer }
  | { state: "already-decided"; approval: Approval; viewer: Viewer }
  | { state: "expired" }
  | { state: "invalid" }
  | { state: "superseded" };

/** The page behind the link in a mail. Showing it changes nothing. */
export function approvalPage(view: ApprovalView, now: Date): string {
  switch (view.state) {
    case "open":
      return frame(title(view.approval), ...open(view, now));
    case "closed":
    case "already-decided":
      return frame(title(view.approval), ...decided(view.approval, now), ...evidence(view.approval));
    default:
      return frame("Approval", h("h1", null, NOTICES[view.state]));
  }
}

const NOTICES = {
  expired: "This link has expired. Ask the model's team for a new request; nothing was decided here.",
  invalid: "This link opens nothing. Use the whole link of the mail that was sent to you.",
  superseded: "The evidence has changed since this link was sent. A newer request takes its place.",
} as const;

const frame = (name: string, ...content: ComponentChild[]) =>
  renderPage({ title: name, inConsole: false }, ...content);
const title = ({ packet }: Approval) => `${cut(packet.model)} version ${cut(packet.version, 40)}`;

function open(view: Extract<ApprovalView, { state: "open" }>, now: Date): ComponentChild[] {
  const { approval, viewer } = view;
  const { packet, quorum, decisions, expiresAt } = approval;
  const missing = quorum - decisions.length;
  return [
    h(
      "h1",
      null,
      `${cut(packet.model)} version ${cut(packet.version, 40)} waits for ${missing === 1 ? "one approval" : `${missing} approvals`}, until ${moment(expiresAt)}`,
    ),
    h(
      "p",
      { class: "muted" },
      `You decide as ${viewer.email} (${viewer.persona}). The request ends ${relative(expiresAt, now)}.`,
    ),
    ...(view.problem ? [h("p", { class: "problem", role: "alert" }, view.problem)] : []),
    ...evidence(approval),
    form(view),
  ];
}

function form({ approval, token }: Extract<ApprovalView, { state: "open" }>): ComponentChild {
  const { packet, id } = approval;
  const target =
    packet.rollout.steps.length === 1
      ? `give version ${cut(packet.version, 40)} all traffic of ${packet.rollout.endpoint}`
      : `move traffic to version ${cut(packet.version, 40)} in steps of ${steps(packet.rollout.steps)}`;
  const stays =
    packet.champion === null
      ? "nothing serves, as before"
      : `version ${cut(packet.champion, 40)} keeps serving`;
  return h(
    "form",
    { method: "post", action: `/approvals/${encodeURIComponent(id)}`, class: "decision" },
    h("h2", null, "Your decision"),
    h("input", { type: "hidden", name: "token", value: token }),
    h("label", { for: "comment" }, "Comment (needed to reject)"),
    h("textarea", { id: "comment", name: "comment", rows: 3, maxlength: 2000 }),
    h(
      "div",
      { class: "buttons" },
      h("button", { name: "decision", value: "approve", class: "approve" }, `Approve: ${target}`),
      h("button", { name: "decision", value: "reject", class: "reject" }, `Reject: ${stays}`),
    ),
  );
}

const CLOSED = {
  approved: "was approved",
  rejected: "was rejected",
  expired: "was not decided in time",
  open: "waits for others; your decision is recorded",
} as const;

function decided(approval: Approval, now: Date): ComponentChild[] {
  const rows = approval.decisions.map(({ by, persona, decision, comment, at }) =>
    h(
      "tr",
      null,
      h("td", null, by),
      h("td", null, persona),
      h("td", null, decision === "approve" ? "✓ approved" : "✗ rejected"),
      h("td", null, h("time", { datetime: at, title: at }, `${moment(at)} (${relative(at, now)})`)),
      h("td", null, cut(comment, 2_000) || "–"),
    ),
  );
  const heads = ["Who", "As", "Decision", "When", "Comment"].map((name) => h("th", { scope: "col" }, name));
  return [
    h("h1", null, `${title(approval)} ${CLOSED[approval.status]}`),
    rows.length === 0
      ? h("p", null, "Nobody decided.")
      : h(
          "div",
          { class: "scroll" },
          h("table", null, h("thead", null, h("tr", null, heads)), h("tbody", null, rows)),
        ),
  ];
}

function evidence({ packet, approvers, quorum }: Approval): ComponentChild[] {
  const { rollout, cause } = packet;
  const facts: [string, string][] = [
    ["Cause", `${cut(cause.summary, 400)} (${cause.kind})`],
    [
      "Serves now",
      packet.champion === null ? "nothing: this is the first version" : `version ${packet.champion}`,
    ],
    [
      "Rollout",
      `${steps(rollout.steps)} of the traffic of ${rollout.endpoint}, each watched for ${span(durationMs(rollout.bake))}`,
    ],
    [
      "Way back",
      rollout.rollbackTo === null
        ? "traffic is taken away; nothing served before"
        : `all traffic back to ${rollout.rollbackTo}, by itself at any breach`,
    ],
    ["Evaluated on", packet.evaluation.data],
    [
      "Who decides",
      `${quorum} of ${approvers.map(({ email, persona }) => `${email} (${persona})`).join(", ")}`,
    ],
    ["Policy", packet.policyDigest.slice(0, 12)],
  ];
  return [
    h("h2", null, "Candidate against champion"),
    evaluationTable(packet.evaluation),
    h("h2", null, "Why, and what then"),
    h("dl", null, ...facts.flatMap(([name, text]) => [h("dt", null, name), h("dd", null, text)])),
  ];
}
