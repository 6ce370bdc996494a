import type { DurableClient } from "durable-functions";
import * as z from "zod";
import { ACTIVITIES } from "../orchestrations/activities.ts";
import type { TimelineRow } from "../shared/operations/timeline.ts";

/** The parts of a history item that a timeline is made of; the platform folds a step's start into its end. */
const HistoryItem = z.object({
  EventType: z.string(),
  Timestamp: z.string(),
  ScheduledTime: z.string().optional(),
  FunctionName: z.string().optional(),
  Name: z.string().optional(),
  /** JSON text; there at all because host.json asks for it (`storeInputsInOrchestrationHistory`). */
  Input: z.string().nullish(),
  Reason: z.string().optional(),
  FireAt: z.string().optional(),
});
type HistoryItem = z.infer<typeof HistoryItem>;

const Status = z.object({
  runtimeStatus: z.string(),
  customStatus: z.unknown(),
  output: z.unknown(),
  historyEvents: z.array(z.unknown()).default([]),
});

export interface InstanceView {
  readonly runtimeStatus: string;
  /** The custom status; null before the orchestrator first spoke. */
  readonly sentence: string | null;
  readonly timeline: readonly TimelineRow[];
}

/** Longest that the platform may take to tell a history. */
const TIMEOUT_MS = 20_000;

/**
 * Reads one instance over the platform's own HTTP API: the client's `status.history` is always undefined, because it
 * reads a member that the platform calls `historyEvents`.
 *
 * @returns null when there is no such instance
 */
export async function readInstance(client: DurableClient, id: string): Promise<InstanceView | null> {
  const { statusQueryGetUri } = client.createHttpManagementPayload(id);
  const url = `${statusQueryGetUri}&showHistory=true&showHistoryOutput=true&showInput=true`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 404) {
    await response.body?.cancel();
    return null;
  }
  const status = Status.parse(await response.json());
  const items = status.historyEvents.flatMap((event) => {
    const parsed = HistoryItem.safeParse(event);
    return parsed.success ? [parsed.data] : [];
  });
  return {
    runtimeStatus: status.runtimeStatus,
    sentence: typeof status.customStatus === "string" ? status.customStatus : null,
    timeline: timelineOf(items),
  };
}

/**
 * Folds looks at the same thing, and attempts at the same step, into one row each. A timer is shown while it is the last
 * thing that happened: later it has fired, or was cancelled.
 */
export function timelineOf(items: readonly HistoryItem[]): TimelineRow[] {
  const rows: TimelineRow[] = [];
  const told = items.filter((item, index) => item.EventType !== "TimerCreated" || index === items.length - 1);
  for (const row of told.flatMap(rowOf)) {
    const last = rows.at(-1);
    if (last && last.step === row.step) {
      rows[rows.length - 1] = {
        ...row,
        at: last.at,
        attempts: last.attempts + 1,
        durationMs: since(last.at, row),
      };
    } else {
      rows.push(row);
    }
  }
  return rows;
}

const since = (at: string, row: TimelineRow): number | null =>
  row.durationMs === null ? null : Date.parse(row.at) + row.durationMs - Date.parse(at);

function rowOf(item: HistoryItem): TimelineRow[] {
  const at = item.ScheduledTime ?? item.Timestamp;
  const durationMs = Date.parse(item.Timestamp) - Date.parse(at);
  const row = { at, detail: "", durationMs, attempts: 1 };
  switch (item.EventType) {
    case "TaskCompleted":
      return [{ ...row, step: titleOf(item), outcome: "done" }];
    case "TaskFailed":
      return [{ ...row, step: titleOf(item), outcome: "failed", detail: item.Reason ?? "" }];
    case "TaskScheduled":
      return [{ ...row, step: titleOf(item), outcome: "running", durationMs: null }];
    case "SubOrchestrationInstanceCompleted":
      return [{ ...row, step: childOf(item), outcome: "done" }];
    case "SubOrchestrationInstanceFailed":
      return [{ ...row, step: childOf(item), outcome: "failed", detail: item.Reason ?? "" }];
    case "SubOrchestrationInstanceCreated":
      return [{ ...row, step: childOf(item), outcome: "running", durationMs: null }];
    case "EventRaised":
      return [{ ...row, step: `Event: ${item.Name ?? ""}`, outcome: "done", durationMs: 0 }];
    case "TimerCreated":
      return [{ ...row, step: `Wait until ${item.FireAt ?? ""}`, outcome: "waiting", durationMs: null }];
    default:
      return [];
  }
}

function titleOf({ FunctionName, Name, Input }: HistoryItem): string {
  const name = FunctionName ?? Name ?? "";
  const known = ACTIVITIES.find((activity) => activity.name === name);
  return known ? known.titleOf(readInput(Input)) : name;
}

/** The platform wraps an activity's input in an array of one. */
function readInput(text: string | null | undefined): unknown {
  const input: unknown = JSON.parse(text ?? "null");
  return Array.isArray(input) ? input[0] : input;
}

/** `stagingEvaluation` is read as `staging evaluation`. */
function childOf({ FunctionName, Name }: HistoryItem): string {
  const name = FunctionName ?? Name ?? "";
  return name
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/^./, (letter) => letter.toUpperCase());
}
