import type { Approval } from "../approvals/approval.ts";
import { cut, moment, steps } from "./words.ts";

/** What an approval page says first, and what its buttons promise: the words are the interface. */

export const candidateOf = ({ packet }: Approval): string =>
  `${cut(packet.model)} version ${cut(packet.version, 40)}`;

/** `one approval`, `2 approvals`, `one more approval` */
export function missing({ quorum, decisions }: Approval): string {
  const count = quorum - decisions.length;
  const more = decisions.length > 0 ? "more " : "";
  return count === 1 ? `one ${more}approval` : `${count} ${more}approvals`;
}

export function waiting(approval: Approval): string {
  return `${candidateOf(approval)} waits for ${missing(approval)}, until ${moment(approval.expiresAt)}`;
}

/** What approving does, as it goes on a button. */
export function approving({ packet }: Approval): string {
  const { rollout } = packet;
  const version = `version ${cut(packet.version, 40)}`;
  if (rollout.steps.length === 1) return `give ${version} all traffic of ${rollout.endpoint}`;
  return `move traffic to ${version} in steps of ${steps(rollout.steps)}`;
}

/** What rejecting leaves. */
export function rejecting({ packet }: Approval): string {
  if (packet.champion === null) return "nothing serves, as before";
  return `version ${cut(packet.champion, 40)} keeps serving`;
}

/** What became of a request that is no longer the reader's to decide. */
export function became(approval: Approval, reader: string): string {
  const own = approval.decisions.find(({ by }) => by === reader)?.decision;
  switch (approval.status) {
    case "open":
      return `You ${own === "reject" ? "rejected" : "approved"} ${candidateOf(approval)}; it waits for ${missing(approval)}, until ${moment(approval.expiresAt)}`;
    case "approved":
      return `${candidateOf(approval)} was approved`;
    case "rejected":
      return `${candidateOf(approval)} was rejected`;
    case "expired":
      return `${candidateOf(approval)} was not decided in time`;
  }
}

/** What follows from it, in a sentence. */
export function follows(approval: Approval): string {
  switch (approval.status) {
    case "open":
      return "Nothing changes until then.";
    case "approved":
      return `What follows: ${approving(approval)}.`;
    case "rejected":
    case "expired":
      return `What follows: ${rejecting(approval)}.`;
  }
}
