import { expect, test } from "vitest";
import { approval } from "../../orchestrations/approval/orchestrator.ts";
import { samplePacket } from "../packet-sample.ts";
import { samplePolicy } from "../policy-sample.ts";
import { play, stepsOf } from "./play.ts";

const input = { operation: "promotion-m-2", packet: samplePacket, policy: samplePolicy.approval };
const open = { status: "open", decisions: [] };
const approved = { status: "approved", decisions: [] };

test("answers as soon as somebody decided", () => {
  const readApproval = (_: unknown, turn: number) => (turn === 1 ? open : approved);
  const played = play(approval, input, { answers: { readApproval }, events: ["decision"] });
  expect(played.output.status).toBe("approved");
  expect(played.elapsedMs).toBe(0);
  expect(stepsOf(played)).toEqual(["requestApproval", "readApproval", "readApproval"]);
});

test("goes on waiting when the event tells of a decision that does not make the quorum", () => {
  const readApproval = (_: unknown, turn: number) => (turn <= 2 ? open : approved);
  const played = play(approval, input, { answers: { readApproval }, events: ["decision", "decision"] });
  expect(played.output.status).toBe("approved");
});

test("reminds once after a day, and closes the request after seven", () => {
  const expireApproval = { status: "expired", decisions: [] };
  const played = play(approval, input, { answers: { readApproval: open, expireApproval } });
  expect(played.output.status).toBe("expired");
  expect(played.elapsedMs).toBe(7 * 24 * 3_600_000);
  expect(stepsOf(played).filter((step) => step === "remindApprovers")).toHaveLength(1);
});

test("says in words who is waited for, and until when", () => {
  const played = play(approval, input, { answers: { readApproval: approved } });
  expect(played.statuses).toEqual(["Version 2 of m waits for approval until 2026-03-08T12:00:00.000Z."]);
});
