import { type ComponentChild, h } from "preact";
import type { Approval } from "../approvals/approval.ts";
import { durationMs } from "../duration.ts";
import { approving, became, candidateOf, follows, rejecting, waiting } from "./approval-words.ts";
import { evaluationTables } from "./evaluation.ts";
import { renderPage } from "./page.ts";
import { facts, section, shortId, state, table, text, time } from "./parts.ts";
import { cut, relative, span, steps } from "./words.ts";

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
      return frame(candidateOf(view.approval), ...open(view, now));
    case "closed":
    case "already-decided":
      return frame(candidateOf(view.approval), ...decided(view, now));
    default:
      return frame(
        "Approval",
        h("h1", null, ...NOTICES[view.state].slice(0, 1)),
        h("p", null, NOTICES[view.state][1]),
      );
  }
}

/** What happened, and whom to ask. None of them says what about the link was wrong. */
const NOTICES = {
  expired: ["This link has expired.", "Ask the model's team whether the request was decided or asked again."],
  invalid: [
    "This link opens nothing.",
    "Use the whole link of the mail that was sent to you; if it still opens nothing, ask the model's team for a new one.",
  ],
  superseded: [
    "The evidence has changed since this link was sent.",
    "A newer request takes its place: look for the newer mail, or ask the model's team for it.",
  ],
} as const;

/** As much as the server takes. */
const LONGEST_COMMENT = 2_000;

const frame = (title: string, ...content: ComponentChild[]) =>
  renderPage({ title, inConsole: false }, ...content);

function open(view: Extract<ApprovalView, { state: "open" }>, now: Date): ComponentChild[] {
  const { approval, viewer, problem } = view;
  return [
    h("h1", null, waiting(approval)),
    ...(problem ? [h("p", { class: "notice bad", role: "alert" }, problem)] : []),
    h(
      "p",
      { class: "muted" },
      `You decide as ${viewer.email} (${viewer.persona}). The request ends ${relative(approval.expiresAt, now)}.`,
    ),
    h(
      "ul",
      null,
      h("li", null, h("strong", null, "Approve: "), `${approving(approval)}.`),
      h("li", null, h("strong", null, "Reject: "), `${rejecting(approval)}.`),
    ),
    ...evidence(approval),
    section("Who decides", deciders(approval, now)),
    form(view),
  ];
}

/** Enter in the comment makes a new line, so neither button is ever pressed by it. */
function form({ approval, token }: Extract<ApprovalView, { state: "open" }>): ComponentChild {
  return h(
    "form",
    { method: "post", action: `/approvals/${encodeURIComponent(approval.id)}`, class: "panel" },
    h("h2", null, "Your decision"),
    h("input", { type: "hidden", name: "token", value: token }),
    h("label", { for: "comment" }, "Comment: needed to reject, welcome to approve"),
    h("textarea", { id: "comment", name: "comment", rows: 3, maxlength: LONGEST_COMMENT }),
    h(
      "div",
      { class: "buttons" },
      h("button", { name: "decision", value: "approve" }, `Approve: ${approving(approval)}`),
      h("button", { name: "decision", value: "reject", class: "second" }, `Reject: ${rejecting(approval)}`),
    ),
  );
}

function decided(
  view: Extract<ApprovalView, { viewer: Viewer; approval: Approval }>,
  now: Date,
): ComponentChild[] {
  const { approval, viewer } = view;
  return [
    h("h1", null, became(approval, viewer.email)),
    h("p", null, follows(approval)),
    section("Who decides", deciders(approval, now)),
    ...evidence(approval),
  ];
}

/** Everybody who was asked, with their word if they gave one. */
function deciders({ approvers, decisions, quorum, status }: Approval, now: Date): ComponentChild {
  const rows = approvers.map(({ email, persona }) => {
    const word = decisions.find(({ by }) => by === email);
    const silent = status === "open" ? state("waiting") : "–";
    return [
      email,
      word ? state(word.decision === "approve" ? "approved" : "rejected") : silent,
      persona,
      word ? time(word.at, now) : "–",
      word ? text(word.comment, LONGEST_COMMENT) : "–",
    ];
  });
  return h(
    "div",
    null,
    h("p", null, `${quorum} of ${approvers.length} must approve; one rejection ends the request.`),
    table("Who decides", ["Who", "Decision", "As", "When", "Comment"], rows, "Nobody was asked."),
  );
}

function evidence({ packet }: Approval): ComponentChild[] {
  const { rollout, cause, champion, evaluation, policyDigest } = packet;
  return [
    section("Candidate against champion", ...evaluationTables(evaluation)),
    section(
      "Why, and what then",
      facts([
        ["Cause", `${cut(cause.summary, 400)} (${cause.kind})`],
        [
          "Serves now",
          champion === null ? "nothing: this is the first version" : `version ${cut(champion, 40)}`,
        ],
        [
          "Rollout",
          `${steps(rollout.steps)} of the traffic of ${rollout.endpoint}, ${rollout.steps.length === 1 ? "" : "each "}watched for ${span(durationMs(rollout.bake))}`,
        ],
        [
          "Way back",
          rollout.rollbackTo === null
            ? "traffic is taken away; nothing served before"
            : `all traffic back to ${rollout.rollbackTo}, by itself at any breach`,
        ],
        ["Evaluated on", evaluation.data],
        ["Signal", shortId(cause.signal)],
        ["Policy", shortId(policyDigest)],
      ]),
    ),
  ];
}
