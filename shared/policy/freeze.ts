import type { ModelPolicy } from "./schema.ts";
import { zonedTime } from "./zoned-time.ts";

type Freeze = ModelPolicy["freezes"][number];

/** The freeze that holds at a moment, from its start up to its end; of several the one that ends last. */
export function freezeAt(freezes: readonly Freeze[], now: Date): Freeze | undefined {
  const at = now.getTime();
  const [last] = freezes
    .filter((freeze) => freezeStart(freeze) <= at && at < freezeEnd(freeze))
    .sort((a, b) => freezeEnd(b) - freezeEnd(a));
  return last;
}

/** In milliseconds since 1970 UTC. */
export const freezeStart = ({ from, timeZone }: Freeze): number => zonedTime(from, timeZone);

/** In milliseconds since 1970 UTC. */
export const freezeEnd = ({ to, timeZone }: Freeze): number => zonedTime(to, timeZone);
