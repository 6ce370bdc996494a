import { expect, test } from "vitest";
import { chain, GENESIS, type LedgerEntry, verifyChain } from "../../../shared/ledger/entry.ts";

const record = (summary: string) =>
  ({ kind: "step", summary, actor: "outerloop", evidence: { n: 1 } }) as const;
const at = new Date("2026-03-01T12:00:00Z");

function threeEntries(): [LedgerEntry, LedgerEntry, LedgerEntry] {
  const first = chain(record("first"), 1, GENESIS, at);
  const second = chain(record("second"), 2, first.hash, at);
  return [first, second, chain(record("third"), 3, second.hash, at)];
}

test("verifies an unbroken chain, however its entries were stored", () => {
  const stored = JSON.parse(JSON.stringify(threeEntries()));
  expect(verifyChain(stored)).toEqual({ verified: true, entries: 3, broken: null });
  expect(verifyChain([])).toEqual({ verified: true, entries: 0, broken: null });
});

test("finds an entry whose content was changed", () => {
  const [first, second, third] = threeEntries();
  expect(verifyChain([first, { ...second, actor: "somebody" }, third])).toEqual({
    verified: false,
    entries: 1,
    broken: { sequence: 2, reason: "its content does not match its hash" },
  });
});

test("finds an entry that was taken out", () => {
  const [first, , third] = threeEntries();
  expect(verifyChain([first, third]).broken).toEqual({ sequence: 2, reason: "entry 2 is missing" });
});

test("finds an entry that was written anew with a fitting hash", () => {
  const [first, second, third] = threeEntries();
  const forged = chain(record("forged"), 2, first.hash, at);
  expect(verifyChain([first, forged, third]).broken).toEqual({
    sequence: 3,
    reason: "it does not follow the entry before it",
  });
  expect(second.hash).not.toBe(forged.hash);
});
