import type { Standstill } from "../service.ts";
import type { Context } from "./context.ts";
import type { JobProcess } from "./job-process.ts";
import type { Runs } from "./runs.ts";

/**
 * Watches a job that runs: one whose process is found stopped at two heartbeats in a row is NotResponding, and Running
 * again at the first that finds it going on.
 *
 * @returns ends the watch
 */
export function watchHeartbeat(
  { clock, heartbeatMs }: Context,
  runs: Runs,
  id: string,
  process: JobProcess,
): () => void {
  let cancel = clock.after(heartbeatMs, beat);
  let missed = 0;
  function beat(): void {
    const status = runs.get(id)?.resource.properties.status;
    const isStopped = process.isStopped();
    missed = isStopped && status === "Running" ? missed + 1 : 0;
    if (missed > 1) runs.move(id, "NotResponding");
    if (!isStopped && status === "NotResponding") runs.move(id, "Running");
    cancel = clock.after(heartbeatMs, beat);
  }
  return () => cancel();
}

/** A job's process that stands still, as it was asked to, and what lets it go on. */
interface Held extends Standstill {
  readonly goOn: () => void;
}

/** To be called as soon as a process has started, so that even the shortest command has not ended. */
export function holdIfAsked(
  { takeStandstill }: Context,
  name: string,
  process: JobProcess,
): Held | undefined {
  const asked = takeStandstill?.(name);
  return asked && { ...asked, goOn: process.hold() };
}

/**
 * Shows a running job in the status that it stands still in, and lets it go on in time. That it does not respond is left
 * to its heartbeat to find.
 *
 * @returns ends what is left of it
 */
export function standStill(
  { clock }: Context,
  runs: Runs,
  id: string,
  { status, forMs, goOn }: Held,
): () => void {
  if (status !== "NotResponding") runs.move(id, status);
  return clock.after(forMs, () => {
    goOn();
    if (status === "NotResponding") return;
    if (runs.get(id)?.resource.properties.status === status) runs.move(id, "Running");
  });
}
