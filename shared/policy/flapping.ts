import { durationMs } from "../duration.ts";
import { incidentLimits, type Situation } from "./situation.ts";

/**
 * Until when a signal counts as flapping: raised and cleared so often of late that starting something each time would
 * do more harm than good.
 *
 * @returns milliseconds since 1970 UTC, when the changes will have become few enough; null when they are few now
 */
export function flappingUntil(situation: Situation): number | null {
  const { changes, changesWithin } = incidentLimits(situation);
  const reports = situation.state.reports[situation.signal.kind] ?? [];
  if (reports.length < changes) return null;
  const windowMs = durationMs(changesWithin);
  const recent = changeTimes(situation).filter((at) => at > situation.now.getTime() - windowMs);
  const leaves = recent[recent.length - changes];
  return leaves === undefined ? null : leaves + windowMs;
}

/** When the signal's kind changed between raised and cleared, this signal included; the first report is no change. */
function changeTimes({ signal, state, now }: Situation): number[] {
  const reports = [
    ...(state.reports[signal.kind] ?? []),
    { at: now.toISOString(), state: signal.state, acted: false },
  ];
  return reports.flatMap(({ at, state: reported }, index) => {
    const before = reports[index - 1];
    return before !== undefined && before.state !== reported ? [Date.parse(at)] : [];
  });
}
