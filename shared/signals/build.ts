import type { Measurement, Signal, SignalKind, Subject } from "./signal.ts";

const LONGEST_FACT = 2_000;
const MOST_FACTS = 64;
const MOST_MEASUREMENTS = 200;

/** Everything of a signal that a parser decides; the rest has a default. */
export type Draft = {
  id: string;
  kind: SignalKind;
  state?: Signal["state"];
  subject: Subject;
  severity: number;
  occurredAt: string;
  measurements?: readonly Measurement[];
  facts?: Readonly<Record<string, string | undefined>>;
  source: Signal["source"];
};

/** Completes a draft: absent facts are left out, and what people wrote is cut to a size that travels. */
export function buildSignal(draft: Draft): Signal {
  const facts = Object.entries(draft.facts ?? {})
    .filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== "")
    .slice(0, MOST_FACTS)
    .map(([name, text]) => [name, text.slice(0, LONGEST_FACT)]);
  return {
    id: draft.id,
    kind: draft.kind,
    state: draft.state ?? "raised",
    subject: draft.subject,
    severity: draft.severity,
    occurredAt: draft.occurredAt,
    evidence: {
      measurements: (draft.measurements ?? []).slice(0, MOST_MEASUREMENTS),
      facts: Object.fromEntries(facts),
    },
    source: draft.source,
  };
}

/** Tags as facts, each name behind a prefix, so that nobody's tag passes for a fact of ours. */
export function prefixed(
  prefix: string,
  tags: ReadonlyMap<string, string> | undefined,
): Record<string, string> {
  return Object.fromEntries(
    [...(tags ?? [])].map(([name, text]) => [`${prefix}.${name.slice(0, 200)}`, text]),
  );
}
