import * as z from "zod";
import { ApprovalStatus, ApproverDecision, DecisionPacket } from "../../shared/approvals/approval.ts";
import { ModelPolicy } from "../../shared/policy/schema.ts";

export const ApprovalInput = z.object({
  /** The operation that waits for the answer. */
  operation: z.string(),
  packet: DecisionPacket,
  policy: ModelPolicy.shape.approval,
});
export type ApprovalInput = z.infer<typeof ApprovalInput>;

export const ApprovalAnswer = z.object({
  status: ApprovalStatus,
  decisions: z.array(ApproverDecision),
});
export type ApprovalAnswer = z.infer<typeof ApprovalAnswer>;

/** Name of the event that says that somebody decided. Who and what is read from the request itself. */
export const DECISION_EVENT = "decision";
