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
  return {
    id: draft.id,
    kind: draft.kind,
    state: draft.state ?? "raised",
    subject: draft.subject,
    severity: draft.severity,
    occurredAt: draft.occurredAt,
    evidence: {
      measurements: (draft.measurements ?? []).slice(0, MOST_MEASUREMENTS),
      facts: cutFacts(draft.facts ?? {}),
    },
    source: draft.source,
  };
}

function cutFacts(facts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  let count = 0;
  for (const [name, text] of Object.entries(facts)) {
    if (text === undefined || text === "") continue;
    if (count === MOST_FACTS) break;
    count += 1;
    kept[name] = text.slice(0, LONGEST_FACT);
  }
  return kept;
}

/** Tags as facts, each name behind a prefix, so that nobody's tag passes for a fact of ours. */
export function prefixed(
  prefix: string,
  tags: ReadonlyMap<string, string> | undefined,
): Record<string, string> {
  const facts: Record<string, string> = {};
  let count = 0;
  for (const [name, text] of tags ?? []) {
    if (count === MOST_FACTS) break;
    count += 1;
    facts[`${prefix}.${name.slice(0, 200)}`] = text;
  }
  return facts;
}
