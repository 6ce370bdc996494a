import { sha256 } from "../canonical.ts";
import { foldCase } from "./resource-id.ts";
import type { Signal } from "./signal.ts";

/** Longest session id that Service Bus takes. */
const LONGEST = 128;

/** Hex digits that tell apart what is the same up to the cut: ids of resources of one group often are. */
const DIGEST = 16;

/**
 * The Service Bus session of a signal: signals of one session are decided one after another, in order, by one state. A
 * model and its versions are one subject, whatever else the signal names. What Azure spells in different cases is one.
 */
export function sessionOf(signal: Signal): string {
  const { model, endpoint, job, budget, image, resource, workspace } = signal.subject;
  const [subject] = Object.entries({
    model,
    endpoint: folded(endpoint),
    job,
    budget: folded(budget),
    image: folded(image),
    resource: folded(resource),
    workspace: folded(workspace),
  }).filter(([, name]) => name !== undefined);
  const session = subject ? subject.join(":") : signal.kind;
  if (session.length <= LONGEST) return session;
  return `${session.slice(0, LONGEST - DIGEST - 1)}#${sha256(session).slice(0, DIGEST)}`;
}

const folded = (name: string | undefined) => (name === undefined ? undefined : foldCase(name));
