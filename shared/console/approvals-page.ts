import { type ComponentChild, h } from "preact";
import type { Approval } from "../approvals/approval.ts";
import { renderPage } from "./page.ts";
import { modelLink, operationLink, section, state, table, text, time } from "./parts.ts";
import { count, cut } from "./words.ts";

/** Requests, newest first: what waits, and what became of the others. Deciding takes the link of one's own mail. */
export function approvalsPage({ approvals, now }: { approvals: readonly Approval[]; now: Date }): string {
  const open = approvals.filter(({ status }) => status === "open");
  const closed = approvals.filter(({ status }) => status !== "open");
  const sentence =
    open.length === 0
      ? "No approval is waited for."
      : `${count(open.length, "approval")} ${open.length === 1 ? "waits" : "wait"} for people.`;
  return renderPage(
    { title: "Approvals", inConsole: true, current: "/console/approvals" },
    h("h1", null, sentence),
    h("p", { class: "muted" }, "Each approver decides by the link of the mail that was sent to them."),
    section(
      "Waiting",
      approvalTable(
        approvalRows(open, now),
        "Nobody is waited for. A candidate that passes staging appears here.",
      ),
    ),
    section(
      "Closed",
      approvalTable(
        approvalRows(closed, now),
        "None yet. A request appears here once it is decided or has expired.",
      ),
    ),
  );
}

export function approvalRows(approvals: readonly Approval[], now: Date): ComponentChild[][] {
  return approvals.map(({ packet, operation, status, decisions, quorum, approvers, expiresAt, closedAt }) => [
    operationLink(operation, `version ${packet.version}`),
    modelLink(packet.model),
    state(status),
    decisions.length === 0
      ? text(`0 of ${quorum}; asked: ${approvers.map(({ email }) => email).join(", ")}`)
      : text(`${decisions.length} of ${quorum}: ${decisions.map(inWords).join("; ")}`, 600),
    time(closedAt ?? expiresAt, now),
  ]);
}

const inWords = ({ by, decision, comment }: Approval["decisions"][number]) =>
  `${by} ${decision === "approve" ? "approved" : "rejected"}${comment && `, “${cut(comment, 200)}”`}`;

export function approvalTable(rows: readonly ComponentChild[][], empty: string): ComponentChild {
  return table("Approvals", ["Candidate", "Model", "State", "Decisions", "Ends or ended"], rows, empty);
}
