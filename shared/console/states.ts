/** What a state looks like beside its word: the word is the API's own, the sign and the tone only help the eye. */
type Tone = "good" | "bad" | "attention" | "busy" | "quiet";

const SIGNS: Record<Tone, string> = { good: "✓", bad: "✗", attention: "!", busy: "▸", quiet: "–" };

const TONES: Readonly<Record<string, Tone>> = {
  // how operations end
  promoted: "good",
  "rolled-back": "attention",
  rejected: "bad",
  failed: "bad",
  "failed-checks": "bad",
  "training-failed": "bad",
  // approvals
  approved: "good",
  open: "attention",
  expired: "attention",
  // steps, verdicts and running things
  done: "good",
  passed: "good",
  inconclusive: "attention",
  running: "busy",
  waiting: "attention",
  serving: "good",
  // decisions
  held: "attention",
  // inbox
  signal: "good",
  ignored: "quiet",
  handshake: "quiet",
};

export interface StateLook {
  readonly word: string;
  readonly sign: string;
  readonly tone: Tone;
}

/** A word that no row knows is shown as it is. */
export function lookOf(word: string): StateLook {
  const tone = TONES[word] ?? "quiet";
  return { word, tone, sign: SIGNS[tone] };
}
