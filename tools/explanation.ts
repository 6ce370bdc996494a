import type { ModelState } from "../shared/models/state.ts";
import type { Decision } from "../shared/policy/decision.ts";
import type { EffectivePolicy, PolicyBook } from "../shared/policy/load.ts";
import { heldInWords } from "../shared/policy/reason.ts";
import type { ParseOutcome } from "../shared/signals/outcome.ts";
import type { Signal } from "../shared/signals/signal.ts";
import { type Door, readPayload } from "./doors.ts";
import { SignalPlayer } from "./signal-player.ts";

/** What a payload would become and lead to, as `--json` prints it. */
export type Explanation = {
  outcome: ParseOutcome["outcome"];
  rule: string;
  reason: string | null;
  field: string | null;
  signals: Signal[];
  decisions: Decision[];
};

export type Explained = {
  door: Door | null;
  explanation: Explanation;
  /** Of each decision, in the same order. */
  policies: (EffectivePolicy | null)[];
};

/** Of several events in one payload, the first of the foremost of these speaks for all. */
const FOREMOST: readonly ParseOutcome["outcome"][] = ["rejected", "signal", "handshake", "ignored"];

/** Reads a payload by the product's parsers and decides by its policy, as if it came at `now`. Nothing is carried out. */
export function explain(
  bytes: Buffer,
  door: Door | undefined,
  policies: PolicyBook,
  states: readonly ModelState[],
  now: Date,
): Explained {
  const read = readPayload(bytes, door, now);
  const signals = read.outcomes.flatMap((one) => (one.outcome === "signal" ? one.signals : []));
  // Signals of one payload are decided at the same moment: nothing that one of them starts has ended at the next.
  const player = new SignalPlayer(policies, Number.POSITIVE_INFINITY, states);
  const played = signals.map((signal) => player.play(signal, now));
  const chosen = FOREMOST.flatMap((word) => read.outcomes.filter(({ outcome }) => outcome === word))[0];
  return {
    door: read.door,
    explanation: {
      outcome: chosen?.outcome ?? "ignored",
      rule: chosen?.rule ?? "",
      reason: chosen && "reason" in chosen ? chosen.reason : null,
      field: chosen && "field" in chosen ? chosen.field : null,
      signals,
      decisions: played.map(({ decision }) => decision),
    },
    policies: played.map(({ effective }) => effective),
  };
}

/** An explanation in words, a line for each thing. */
export function inWords({ door, explanation, policies }: Explained, policyFile: string): string {
  const { outcome, rule, reason, field, signals, decisions } = explanation;
  const lines = [
    `door       ${door ?? "none"}`,
    `outcome    ${outcome}, by rule ${rule}`,
    ...(field ? [`field      ${field}`] : []),
    ...(reason === null ? [] : [`reason     ${reason}`]),
    ...decisions.flatMap((decision, index) => {
      const signal = signals[index];
      return [
        "",
        ...(signal
          ? [`signal     ${signal.kind} ${signal.state}, severity ${signal.severity}, id ${signal.id}`]
          : []),
        ...decisionLines(decision, policies[index] ?? null, policyFile),
      ];
    }),
  ];
  return lines.join("\n");
}

function decisionLines(decision: Decision, effective: EffectivePolicy | null, policyFile: string): string[] {
  const { reaction, rule, reason, heldBack, policyField, triage, incident } = decision;
  const by = (field: string | undefined) => (field === undefined ? "" : ` (${placeOf(field, effective)})`);
  const where =
    rule === "no-policy" ? ` (no pattern below 'models' in ${policyFile} matches)` : by(policyField);
  return [
    `reaction   ${reaction}, by rule ${rule}${where}`,
    `because    ${reason}`,
    ...(triage ? [`triage     ${triage.verdict}: ${triage.because}`] : []),
    ...(incident === undefined ? [] : [`incident   ${incident}`]),
    heldBack
      ? `held back  by ${heldInWords(heldBack)}${by(heldBack.policyField)}; lifted by ${heldBack.liftedBy}`
      : "held back  by nothing",
  ];
}

/** File and line of a policy's value; a value that nobody wrote is its schema's own. */
function placeOf(field: string, effective: EffectivePolicy | null): string {
  const source = effective?.sources[field];
  return source ? `${source.file}:${source.line} ${field}` : `${field}, as the policy's schema has it`;
}
