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

/**
 * Lets a job's process stand still for a while, when that has been asked for by the job's name. That it does not respond
 * is left to its heartbeat to find.
 *
 * @returns ends what is left of it
 */
export function standStill(
  { clock, takeStandstill }: Context,
  runs: Runs,
  { id, name }: { readonly id: string; readonly name: string },
  process: JobProcess,
): () => void {
  const asked = takeStandstill?.(name);
  if (!asked) return () => undefined;
  const { status, forMs } = asked;
  const goOn = process.hold();
  if (status !== "NotResponding") runs.move(id, status);
  return clock.after(forMs, () => {
    goOn();
    if (runs.get(id)?.resource.properties.status === status && status !== "NotResponding")
      runs.move(id, "Running");
  });
}
