import type { Approval } from "../approvals/approval.ts";
import type { ModelState } from "../models/state.ts";

/** Where a model stands, in a word: what waits for people comes before what runs, and that before what serves. */
export function phaseOf({ model, operations, champion }: ModelState, approvals: readonly Approval[]): string {
  if (approvals.some(({ status, packet }) => status === "open" && packet.model === model)) return "waiting";
  if (operations.length > 0) return "running";
  return champion === null ? "not serving" : "serving";
}
