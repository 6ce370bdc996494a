import { sha256 } from "../canonical.ts";

/**
 * A signal's id: the same for every redelivery, because it is made only from what names the occurrence, and never from
 * when or how it arrived.
 *
 * | source | the same occurrence | a new one |
 * |---|---|---|
 * | model registered, deployed; health annotation | workspace and the event's id, which Event Grid repeats | another event |
 * | run that ended | workspace, run and how it ended, so that RunCompleted and RunStatusChanged agree | another run |
 * | monitor's breach | workspace, root run, monitor signal and kind, so that every later status agrees | the next run |
 * | dataset drift | workspace, monitor and its run, in data or subject | the next run |
 * | Azure Policy | resource, assignment, definition, state and when it changed, whoever reports it | the next change |
 * | metric and log alerts | the alert's id, fired or resolved: an alert that fires anew has a new id | the next alert |
 * | legacy metric and log alerts, smart detection | the rule, and when; dimensions or target | another time |
 * | other alerts, whose id names the rule | the alert's id, fired or resolved, and when | another time |
 * | activity log, Resource Health by alert | the id of the logged event | the next event |
 * | Service Health | the incident's tracking id, raised or cleared: its many updates are one | another incident |
 * | budget | budget, scope, tier, forecast or actual, and the month, in either form | the next month, another tier |
 * | Resource Health by event or export | resource, state and when | the next change |
 * | Defender's finding | finding, state and since when, so that the weekly copy agrees | found again after it was mended |
 * | endpoint traffic | endpoint, deployment, kind, state and the window that was judged | another window |
 * | replay of the inbox | the signal's own id, the entry and the moment of the replay | another replay |
 *
 * @param prefix - readable, at most 40 characters, such as the signal's kind
 * @param parts - what tells this occurrence from another, in a fixed order; case is kept, so fold it first
 *   where Azure does not keep it (resource ids)
 * @returns prefix, a colon and 128 bits of SHA-256 over the parts, in hex
 */
export function signalId(prefix: string, ...parts: readonly string[]): string {
  return `${prefix.slice(0, 40)}:${sha256(JSON.stringify(parts)).slice(0, 32)}`;
}
