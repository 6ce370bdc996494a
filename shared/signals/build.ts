import type { Measurement, Signal, SignalKind, Subject } from "./signal.ts";

const LONGEST_FACT = 2_000;
const LONGEST_NAME = 200;
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
  /** Tags of others, which become facts behind a prefix, so that nobody's tag passes for a fact of ours. */
  tags?: Readonly<Record<string, ReadonlyMap<string, string> | undefined>>;
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
      facts: allFacts(draft),
    },
    source: draft.source,
  };
}

/** Our own first: where there are too many, tags are left out. */
function allFacts({ facts, tags }: Draft): Record<string, string> {
  const kept: Record<string, string> = {};
  let room = MOST_FACTS;
  for (const name in facts) {
    if (room > 0 && keep(kept, name, facts[name])) room -= 1;
  }
  for (const prefix in tags) {
    for (const [name, text] of tags[prefix] ?? []) {
      if (room === 0) return kept;
      if (keep(kept, `${prefix}.${name.slice(0, LONGEST_NAME)}`, text)) room -= 1;
    }
  }
  return kept;
}

/** @returns whether there was something to keep */
function keep(kept: Record<string, string>, name: string, text: string | undefined): boolean {
  if (text === undefined || text === "") return false;
  kept[name] = text.slice(0, LONGEST_FACT);
  return true;
}
