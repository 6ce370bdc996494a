import type { Signal } from "./signal.ts";

/** Longest session id that Service Bus takes. */
const LONGEST = 128;

/**
 * The Service Bus session of a signal: signals of one session are decided one after another, in order. A model and
 * its versions are one subject, whatever else the signal names.
 */
export function sessionOf(signal: Signal): string {
  const { model, endpoint, job, budget, image, resource, workspace } = signal.subject;
  const subject = Object.entries({ model, endpoint, job, budget, image, resource, workspace }).find(
    ([, name]) => name !== undefined,
  );
  return (subject ? subject.join(":") : signal.kind).slice(0, LONGEST);
}
