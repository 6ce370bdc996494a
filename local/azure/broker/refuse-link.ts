import type { Receiver, Sender } from "rhea";
import type { Refusal } from "./refusal.ts";

/** Answers an attach with an empty one and a detach that says why, as the standard wants it. */
export function refuseLink(link: Sender | Receiver, refusal: Refusal): void {
  link.close({ ...refusal });
}
