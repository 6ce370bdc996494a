import * as z from "zod";
import type { Approval } from "../../shared/approvals/approval.ts";
import { canonicalJson, sha256, stableGuid } from "../../shared/canonical.ts";
import { approvalMail } from "../../shared/notify/templates/approval-mail.ts";
import type { Services } from "../../shared/services.ts";
import { activity } from "../durable.ts";
import { ApprovalAnswer, ApprovalInput } from "./types.ts";

const Id = z.object({ id: z.string() });

/** Safe to repeat: a request that is there stays as it is, and each approver is written to once. */
export const requestApproval = activity(
  "requestApproval",
  ApprovalInput.extend({ id: z.string(), requestedAt: z.iso.datetime(), expiresAt: z.iso.datetime() }),
  z.null(),
  ({ policy }) => `Ask ${policy.approvers.map(({ email }) => email).join(", ")}`,
  async ({ id, operation, packet, policy, requestedAt, expiresAt }, services) => {
    const approval = await services.approvals.request({
      id,
      operation,
      status: "open",
      packet,
      evidenceDigest: sha256(canonicalJson(packet)),
      approvers: policy.approvers,
      quorum: policy.quorum,
      requestedAt,
      expiresAt,
      closedAt: null,
      decisions: [],
    });
    await mailApprovers(approval, "request", services);
    return null;
  },
);

/** Safe to repeat: each approver is reminded once. */
export const remindApprovers = activity(
  "remindApprovers",
  Id,
  z.null(),
  () => "Remind the approvers who have not decided",
  async ({ id }, services) => {
    const approval = await services.approvals.get(id);
    if (approval?.status === "open") await mailApprovers(approval, "reminder", services);
    return null;
  },
);

/** Reading changes nothing. */
export const readApproval = activity(
  "readApproval",
  Id,
  ApprovalAnswer,
  () => "Read what was decided",
  async ({ id }, { approvals }) => {
    const approval = await approvals.get(id);
    return { status: approval?.status ?? "open", decisions: approval?.decisions ?? [] };
  },
);

/** Safe to repeat: a request that was decided at the last moment stays decided. */
export const expireApproval = activity(
  "expireApproval",
  Id,
  ApprovalAnswer,
  () => "Close the request: nobody decided in time",
  async ({ id }, { approvals, now }) => {
    const approval = await approvals.expire(id, now());
    return { status: approval?.status ?? "expired", decisions: approval?.decisions ?? [] };
  },
);

async function mailApprovers(
  approval: Approval,
  occasion: "request" | "reminder",
  { effects, links, mail, now }: Services,
): Promise<void> {
  const decided = new Set(approval.decisions.map(({ by }) => by));
  for (const { email } of approval.approvers.filter((approver) => !decided.has(approver.email))) {
    const step = `${occasion}:${email}`;
    await effects.once({ operation: approval.id, step }, async () => {
      const url = await links.url(approval, email);
      const content = approvalMail({ approval, url, now: now(), reminder: occasion === "reminder" });
      await mail.send({ to: [email], ...content }, stableGuid(`${approval.id}/${step}`));
      return null;
    });
  }
}
