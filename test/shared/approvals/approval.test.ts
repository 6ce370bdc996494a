import { describe, expect, test } from "vitest";
import { decideApproval } from "../../../shared/approvals/approval.ts";
import { ApprovalLinks } from "../../../shared/approvals/link.ts";
import { sampleApproval } from "../../packet-sample.ts";

const now = new Date("2026-03-02T12:00:00Z");
const yes = { by: "tester@example.com", decision: "approve", comment: "" } as const;
const lead = { ...yes, by: "lead@example.com" };

describe("decideApproval", () => {
  test("stays open until as many people as the quorum asks for have approved", () => {
    const first = decideApproval(sampleApproval, yes, now);
    expect(first).toMatchObject({ accepted: true, approval: { status: "open" } });
    if (!first.accepted) return;
    const second = decideApproval(first.approval, lead, now);
    expect(second).toMatchObject({
      accepted: true,
      approval: { status: "approved", closedAt: now.toISOString() },
    });
  });

  test("ends at one rejection", () => {
    const rejected = decideApproval(sampleApproval, { ...yes, decision: "reject", comment: "no" }, now);
    expect(rejected).toMatchObject({ accepted: true, approval: { status: "rejected" } });
  });

  test("counts one person once", () => {
    const first = decideApproval(sampleApproval, yes, now);
    if (!first.accepted) throw new Error("the first word counts");
    expect(decideApproval(first.approval, yes, now)).toEqual({ accepted: false, because: "already-decided" });
  });

  test.each([
    { at: "one ms before the deadline", now: Date.parse(sampleApproval.expiresAt) - 1, accepted: true },
    { at: "the deadline itself", now: Date.parse(sampleApproval.expiresAt), accepted: false },
  ])("takes a decision until $at: $accepted", ({ now: at, accepted }) => {
    expect(decideApproval(sampleApproval, yes, new Date(at)).accepted).toBe(accepted);
  });

  test("refuses somebody who was not asked, and any word on a closed request", () => {
    const stranger = { ...yes, by: "stranger@example.com" };
    expect(decideApproval(sampleApproval, stranger, now)).toMatchObject({ because: "not-an-approver" });
    const closed = { ...sampleApproval, status: "approved" } as const;
    expect(decideApproval(closed, yes, now)).toMatchObject({ because: "closed" });
  });
});

describe("approval links", () => {
  const links = new ApprovalLinks("k".repeat(32), "https://outerloop.example");
  const tokenOf = async (signer: ApprovalLinks) =>
    new URL(await signer.url(sampleApproval, "tester@example.com")).searchParams.get("token") ?? "";

  test("open for the person, the request and the evidence that they were made for", async () => {
    expect(await links.read(await tokenOf(links), now)).toEqual({
      valid: true,
      approvalId: sampleApproval.id,
      email: "tester@example.com",
      evidenceDigest: sampleApproval.evidenceDigest,
    });
  });

  test("expire with the request", async () => {
    const late = new Date(Date.parse(sampleApproval.expiresAt) + 1_000);
    expect(await links.read(await tokenOf(links), late)).toEqual({ valid: false, fault: "expired" });
  });

  test("are invalid when another key signed them, and when they are no token at all", async () => {
    const forger = new ApprovalLinks("x".repeat(32), "https://outerloop.example");
    expect(await links.read(await tokenOf(forger), now)).toEqual({ valid: false, fault: "invalid" });
    expect(await links.read("", now)).toEqual({ valid: false, fault: "invalid" });
  });
});
