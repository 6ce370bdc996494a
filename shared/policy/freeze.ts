import type { ModelPolicy } from "./schema.ts";

type Freeze = ModelPolicy["freezes"][number];

/** The freeze that holds at a moment, from its start up to its end; of several the one that ends last. */
export function freezeAt(freezes: readonly Freeze[], now: Date): Freeze | undefined {
  const at = now.getTime();
  const [last] = freezes
    .filter(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to))
    .sort((a, b) => Date.parse(b.to) - Date.parse(a.to));
  return last;
}
