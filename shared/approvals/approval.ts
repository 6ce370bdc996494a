import * as z from "zod";
import { Evaluation } from "../checks/verdict.ts";
import { Approver } from "../policy/schema.ts";

/** What an approver decides on: everything that the page, the mail and the digest are made of. */
export const DecisionPacket = z.object({
  model: z.string(),
  version: z.string(),
  /** Null when nothing serves yet. */
  champion: z.string().nullable(),
  /** Why there is a candidate at all: the signal, in a sentence, with its id. */
  cause: z.object({ signal: z.string(), kind: z.string(), summary: z.string() }),
  evaluation: Evaluation,
  rollout: z.object({
    endpoint: z.string(),
    /** Percent of traffic, step by step. */
    steps: z.array(z.number()),
    /** ISO 8601 duration of each step. */
    bake: z.string(),
    /** The deployment that traffic returns to at a breach; null for a first rollout. */
    rollbackTo: z.string().nullable(),
  }),
  policyDigest: z.string(),
});
export type DecisionPacket = z.infer<typeof DecisionPacket>;

/** One person's word. */
export const ApproverDecision = z.object({
  by: z.email(),
  persona: z.string(),
  decision: z.enum(["approve", "reject"]),
  comment: z.string(),
  at: z.iso.datetime(),
});
export type ApproverDecision = z.infer<typeof ApproverDecision>;

export const ApprovalStatus = z.enum(["open", "approved", "rejected", "expired"]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/** A request to people, and what became of it. */
export const Approval = z.object({
  /** The approval orchestration's instance id. */
  id: z.string(),
  /** The operation that waits for it. */
  operation: z.string(),
  status: ApprovalStatus,
  packet: DecisionPacket,
  /** SHA-256 of the packet: a link is good for this evidence only. */
  evidenceDigest: z.string(),
  approvers: z.array(Approver),
  /** How many different people must approve. One rejection ends it. */
  quorum: z.int(),
  requestedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
  decisions: z.array(ApproverDecision),
});
export type Approval = z.infer<typeof Approval>;

/** What a decision would make of an approval. The first row that applies answers. */
export type DecisionOutcome =
  | { readonly accepted: true; readonly approval: Approval }
  | {
      readonly accepted: false;
      readonly because: "closed" | "expired" | "not-an-approver" | "already-decided";
    };

/** Pure: counts one person's word towards the quorum. */
export function decideApproval(
  approval: Approval,
  word: { by: string; decision: "approve" | "reject"; comment: string },
  now: Date,
): DecisionOutcome {
  if (approval.status !== "open") return { accepted: false, because: "closed" };
  if (now.getTime() >= Date.parse(approval.expiresAt)) return { accepted: false, because: "expired" };
  const approver = approval.approvers.find(({ email }) => email === word.by);
  if (!approver) return { accepted: false, because: "not-an-approver" };
  if (approval.decisions.some(({ by }) => by === word.by)) {
    return { accepted: false, because: "already-decided" };
  }
  const at = now.toISOString();
  const decisions = [...approval.decisions, { ...word, persona: approver.persona, at }];
  const status = statusOf(decisions, approval.quorum);
  const closedAt = status === "open" ? null : at;
  return { accepted: true, approval: { ...approval, decisions, status, closedAt } };
}

function statusOf(decisions: readonly ApproverDecision[], quorum: number): ApprovalStatus {
  if (decisions.some(({ decision }) => decision === "reject")) return "rejected";
  return decisions.length >= quorum ? "approved" : "open";
}
