import type { Approval, DecisionPacket } from "../shared/approvals/approval.ts";

export const samplePacket: DecisionPacket = {
  model: "m",
  version: "2",
  champion: "1",
  cause: { signal: "s-1", kind: "drift.data", summary: "The inputs of m drifted." },
  evaluation: { passed: true, verdicts: [], data: "observations:3" },
  rollout: { endpoint: "production", steps: [10, 50, 100], bake: "PT10M", rollbackTo: "version-1" },
  policyDigest: "d".repeat(64),
};

export const sampleApproval: Approval = {
  id: "promotion-m-2-approval",
  operation: "promotion-m-2",
  status: "open",
  packet: samplePacket,
  evidenceDigest: "e".repeat(64),
  approvers: [
    { email: "tester@example.com", persona: "model-tester" },
    { email: "lead@example.com", persona: "project-lead" },
  ],
  quorum: 2,
  requestedAt: "2026-03-01T12:00:00.000Z",
  expiresAt: "2026-03-08T12:00:00.000Z",
  closedAt: null,
  decisions: [],
};
