import { durationMs } from "../duration.ts";
import type { ModelState } from "../models/state.ts";
import type { Signal } from "../signals/signal.ts";
import type { Decision } from "./decision.ts";
import { incidentLimits, type Situation } from "./situation.ts";

/** An alert storm names no more than this at once; the incident's signals are counted all the same. */
const MOST_CONCERNS = 50;

type Incident = ModelState["incident"];

/** The incident that a new signal about this subject belongs to; null when none is open any more. */
export function openIncident({ policy, state, now }: Pick<Situation, "policy" | "state" | "now">): Incident {
  const { incident } = state;
  if (!incident) return null;
  const hasOperation = state.operations.some(({ kind }) => kind === "setup-loopback");
  const end = Date.parse(incident.lastAt) + durationMs(incidentLimits({ policy }).window);
  return hasOperation || now.getTime() < end ? incident : null;
}

/** The incident after a decision: opened, joined, partly or wholly cleared, or as it was. */
export function incidentAfter(
  signal: Signal,
  decision: Decision,
  { incident }: ModelState,
  now: Date,
): Incident {
  const concern = concernOf(signal);
  if (signal.state === "cleared") {
    const concerns = incident?.concerns.filter((one) => one !== concern) ?? [];
    return incident && concerns.length > 0 ? { ...incident, concerns } : null;
  }
  if (decision.incident === undefined || decision.heldBack) return incident;
  const at = now.toISOString();
  if (decision.incident !== incident?.id) {
    return { id: decision.incident, openedAt: at, lastAt: at, concerns: [concern], signals: 1 };
  }
  const concerns = [...new Set([...incident.concerns, concern])].slice(0, MOST_CONCERNS);
  return { ...incident, lastAt: at, concerns, signals: incident.signals + 1 };
}

/** What of a subject is wrong: each clears by itself. */
function concernOf({ kind, subject: { endpoint = "", deployment = "" } }: Signal): string {
  return [kind, endpoint, deployment].join(" ").trimEnd();
}
