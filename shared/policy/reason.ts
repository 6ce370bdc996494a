import type { Measurement, Signal, SignalKind } from "../signals/signal.ts";
import type { HeldBack, Reaction, Triage, UntilEvent } from "./decision.ts";
import { budgetTier } from "./situation.ts";

/** What happened, as an operator would say it; the subject goes before. */
const HAPPENED: Record<SignalKind, string> = {
  "model.registered": "was registered",
  "model.deployed": "was deployed",
  "job.completed": "completed",
  "job.failed": "failed",
  "drift.data": "gets data that has drifted",
  "drift.prediction": "gives predictions that have drifted",
  "performance.degraded": "performs worse than its limit",
  "data-quality.violated": "gets data below its quality limits",
  "responsible-ai.violated": "breaks a responsible AI limit",
  "endpoint.slow": "answers too slowly",
  "endpoint.failing": "fails too often",
  "endpoint.saturated": "is at the limit of its instances",
  "capacity.insufficient": "lacks capacity",
  "network.unreachable": "cannot be reached",
  "throttling.exceeded": "is throttled too much",
  "endpoint.unused": "is not used",
  "workspace.idle": "is idle",
  "budget.reached": "has reached a tier",
  "policy.violated": "violates an Azure Policy",
  "image.vulnerable": "has a vulnerability",
  "api.threatened": "is under threat",
  "platform.unhealthy": "runs on a platform that is not healthy",
};

const FOLLOWS: Record<Reaction, string> = {
  promotion: "its way to production starts",
  retraining: "it is retrained on new production data",
  "development-loopback": "it goes back to development with the evidence",
  "setup-loopback": "it goes back to administration and setup with the evidence",
  "cost-review": "its costs are reviewed",
  decommission: "its removal is proposed",
  "image-quarantine": "the image is quarantined",
  notice: "those concerned are told",
  "raise-event": "the operation that waits for it is told",
  none: "nothing is done",
};

/** Why a turn was taken, by its name. */
const BECAUSE: Readonly<Record<string, string>> = {
  "loop-guard": "retraining for this cause has not helped",
  "retraining-disabled": "its policy does not retrain automatically",
  "during-rollout": "a rollout is under way and rolls back first",
  "same-incident": "an incident is open already",
  minor: "its sender does not rate it severe enough",
  claimed: "an operation registered it itself",
  repeated: "its budget has run out again and again",
  "last-tier": "its whole budget is spent",
  "no-policy": "no pattern in the policy matches it",
};

const MOST_MEASUREMENTS = 3;

/** The decision in a sentence or two: what happened, what follows, what holds it back. */
export function reasonFor(
  signal: Signal,
  reaction: Reaction,
  turn: string | null,
  held: HeldBack | null,
  triage: Triage | null = null,
): string {
  const happened = signal.state === "raised" ? HAPPENED[signal.kind] : `no longer ${HAPPENED[signal.kind]}`;
  const because = turn === null ? undefined : BECAUSE[turn];
  const sentence = `${nameOf(signal)} ${happened}${measured(signal)}, so ${FOLLOWS[reaction]}`;
  const certainty =
    triage && triage.verdict !== "suspected" ? ` It is ${triage.verdict}: ${triage.because}.` : "";
  const whole = `${sentence}${because === undefined ? "." : `: ${because}.`}${certainty}`;
  if (!held) return whole;
  return `${whole} Held back by ${heldInWords(held)}; lifted by ${held.liftedBy}.`;
}

/** Which hold, and until when: `cool-down until 2026-07-01T12:00:20.000Z`, `duplicate until it is replayed`. */
export function heldInWords({ hold, until, untilEvent }: HeldBack): string {
  if (until !== null) return `${hold} until ${until}`;
  return untilEvent === undefined ? hold : `${hold} ${eventInWords(untilEvent)}`;
}

function eventInWords(until: UntilEvent): string {
  switch (until.event) {
    case "replay":
      return "until it is replayed";
    case "operation-end":
      return `until operation ${until.operation} ends`;
    case "never":
      return "for good";
    case "breaches":
      return `until ${until.more} more ${until.more === 1 ? "breach is" : "breaches are"} reported`;
    case "finding":
      return `until ${until.kind} is reported ${until.importance > 0 ? "of a feature that matters" : "beyond its limit"}`;
    case "sample":
      return `until ${until.kind} is reported on ${until.rows} rows or more`;
    case "confirmation":
      return `until ${until.kind} is reported`;
    case "approval":
      return `until somebody approves ${until.amount} ${until.currency}`;
  }
}

function nameOf({ kind: signalKind, subject }: Signal): string {
  const { model, version, endpoint, deployment, job, budget, image, resource, workspace } = subject;
  if (signalKind.startsWith("job.") && job !== undefined) return `Job ${job}`;
  if (model !== undefined) return `Model ${model}${version === undefined ? "" : ` version ${version}`}`;
  if (endpoint !== undefined)
    return `Endpoint ${endpoint}${deployment === undefined ? "" : ` (${deployment})`}`;
  const [kind, name] =
    Object.entries({ job, budget, image, resource, workspace }).find(([, text]) => text) ?? [];
  if (kind === undefined || name === undefined) return "Something unnamed";
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name}`;
}

function measured(signal: Signal): string {
  const tier = budgetTier(signal);
  const shown = signal.evidence.measurements.slice(0, MOST_MEASUREMENTS).map(oneMeasurement);
  const more = signal.evidence.measurements.length - shown.length;
  const parts = [
    ...(tier === null ? [] : [`${tier}% of the budget`]),
    ...shown,
    ...(more > 0 ? [`${more} more`] : []),
  ];
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

/** Three significant digits: the exact figure is in the signal's evidence. */
const shortened = (value: number) => Number(value.toPrecision(3));

function oneMeasurement({ metric, value, threshold, group, unit }: Measurement): string {
  const of = group === undefined ? metric : `${metric} of ${group}`;
  const withUnit = unit === undefined ? "" : ` ${unit}`;
  const limit = threshold === null ? "" : `, limit ${threshold}${withUnit}`;
  return `${of} ${value === null ? "unknown" : `${shortened(value)}${withUnit}`}${limit}`;
}
