import type { Approval } from "../../approvals/approval.ts";
import type { Figure } from "../../checks/verdict.ts";
import { cut, figure, moment, relative, steps } from "../../console/words.ts";
import { composeMail, type MailContent } from "./mail-html.ts";

/** Asks one approver: what it is about, the evidence in a few lines, and one link that shows all of it. */
export function approvalMail(request: {
  readonly approval: Approval;
  readonly url: string;
  readonly now: Date;
  readonly reminder?: boolean;
}): MailContent {
  const { approval, url, now, reminder = false } = request;
  const { packet, expiresAt } = approval;
  const name = `${cut(packet.model)} version ${cut(packet.version, 40)}`;
  const figures = packet.evaluation.verdicts.flatMap(({ check, verdict, figures: found }) => {
    const words = found.map(inWords).join("; ");
    return [[check, words ? `${verdict}: ${words}` : verdict]] as [string, string][];
  });
  return composeMail({
    subject: `${reminder ? "Reminder: approve" : "Approve"} ${name} by ${moment(expiresAt)}`,
    sentence: `${name} passed staging and waits for your approval until ${moment(expiresAt)}.`,
    facts: [
      ["Cause", cut(packet.cause.summary, 400)],
      ...figures,
      ["Rollout", `${steps(packet.rollout.steps)} of the traffic of ${packet.rollout.endpoint}`],
    ],
    link: {
      label: "See the evidence and decide",
      url,
      note: `Following the link decides nothing. It is made for you alone and ends ${relative(expiresAt, now)}.`,
    },
  });
}

function inWords({ name, unit, candidate, champion, limit }: Figure): string {
  const parts = [`${name} ${figure(candidate)} ${unit}`];
  if (champion !== null) parts.push(`champion ${figure(champion)} ${unit}`);
  if (limit !== null) parts.push(`limit ${figure(limit)} ${unit}`);
  return parts.join(", ");
}
