import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../clock.ts";
import type { FunctionDefinition, FunctionInvoker, HostLog } from "../contract.ts";
import type { AppSettings } from "../settings/app-settings.ts";
import type { HostJson } from "../settings/host-json.ts";

/** What a listener is made of. */
export interface TriggerContext {
  readonly definition: FunctionDefinition;
  readonly worker: FunctionInvoker;
  readonly host: HostJson;
  readonly settings: AppSettings;
  readonly clock: Clock;
  readonly log: HostLog;
  readonly database: DatabaseSync;
}

/** Something that waits for events and runs one function for them. */
export interface Listener {
  /** Resolves once events are taken; never rejects, a listener keeps trying. */
  readonly ready: Promise<void>;
  /** Takes no new event and waits for running ones, up to a limit. */
  stop(): Promise<void>;
}

/** How long a stopping listener waits for what it runs, in ms. */
export const STOP_GRACE_MS = 10_000;

/** Resolves when all are settled, or when the grace is over. */
export async function settled(running: Iterable<Promise<unknown>>, graceMs = STOP_GRACE_MS): Promise<void> {
  const { promise: timeUp, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, graceMs);
  await Promise.race([Promise.allSettled(running), timeUp]);
  clearTimeout(timer);
}

/** A text option of the trigger. @throws {Error} naming function and option when it is missing */
export function textOption({ definition }: TriggerContext, option: string): string {
  const value = definition.trigger[option];
  if (typeof value === "string" && value !== "") return value;
  throw new Error(
    `Function '${definition.name}': the ${definition.trigger.type} has ${option} ${JSON.stringify(value)}, expected a text.`,
  );
}
