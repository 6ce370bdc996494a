import { messageOf } from "../errors.ts";
import { isCountedInDays } from "../settings/time-span.ts";
import { type Listener, settled, type TriggerContext, textOption } from "./context.ts";
import { invokeWithRetry, retryPolicyOf } from "./retry.ts";
import { parseSchedule } from "./schedule.ts";
import { readTimerStatus, type TimerStatus, writeTimerStatus } from "./timer-status.ts";

/** Below this interval a schedule is not monitored: an occurrence is soon made up for by the next. */
const SHORTEST_MONITORED_MS = 60_000;

/**
 * Runs one function by its schedule. A run never overlaps itself; the next occurrence is computed after each run.
 *
 * @throws {Error} when the schedule cannot be read
 */
export function startTimer(context: TriggerContext): Listener {
  const { definition, worker, clock, database, host, log } = context;
  const { name, trigger } = definition;
  const expression = textOption(context, "schedule");
  const timeZone = timeZoneOf(context);
  const schedule = parseSchedule(expression, timeZone);
  if (isCountedInDays(expression)) {
    const meant = "From 24 on, the first number of a time span is days";
    log(
      "warning",
      `Function.${name}`,
      `Timer '${name}': schedule '${expression}'. ${meant}, here and in Azure.`,
    );
  }
  const policy = retryPolicyOf(definition, host);
  const first = schedule.next(clock.now()) ?? Number.POSITIVE_INFINITY;
  const isShort = (schedule.next(first) ?? Number.POSITIVE_INFINITY) - first < SHORTEST_MONITORED_MS;
  const isMonitored = trigger.useMonitor !== false && !isShort;
  const stopping = new AbortController();
  let cancelNext: () => void = () => {};
  let running: Promise<unknown> = Promise.resolve();

  const stored = isMonitored ? readTimerStatus(database, name, expression) : undefined;
  let status: TimerStatus | undefined = isMonitored
    ? (stored ?? { last: undefined, next: first, updated: clock.now() })
    : undefined;

  const run = async (isPastDue: boolean): Promise<void> => {
    const startedAt = clock.now();
    if (isPastDue) log("information", `Function.${name}`, `Timer '${name}' is past due: it runs now, once.`);
    await invokeWithRetry(
      worker,
      clock,
      policy,
      {
        functionName: name,
        reason: `Timer fired at ${new Date(startedAt).toISOString()}`,
        triggerData: { json: JSON.stringify(timerValue(status, isPastDue)) },
      },
      stopping.signal,
    );
    const next = schedule.next(clock.now());
    if (isMonitored && next !== undefined) {
      status = { last: startedAt, next, updated: clock.now() };
      writeTimerStatus(database, name, expression, status);
    }
  };

  const fire = (isPastDue: boolean): void => {
    running = run(isPastDue)
      .catch((error: unknown) => log("error", `Function.${name}`, `Timer '${name}': ${messageOf(error)}`))
      .then(arm);
  };

  const arm = (): void => {
    if (stopping.signal.aborted) return;
    const next = schedule.next(clock.now());
    if (next !== undefined) cancelNext = clock.after(next - clock.now(), () => fire(false));
  };

  const isPastDue = stored !== undefined && stored.next < clock.now();
  if (isPastDue || trigger.runOnStartup === true) fire(isPastDue);
  else {
    if (status && !stored) writeTimerStatus(database, name, expression, status);
    arm();
  }
  return {
    ready: Promise.resolve(),
    async stop() {
      stopping.abort();
      cancelNext();
      await settled([running]);
    },
  };
}

/** The value as the host sends it; the app's library lower-cases the first letter of each key. */
function timerValue(status: TimerStatus | undefined, isPastDue: boolean) {
  return {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: status
      ? {
          Last: status.last === undefined ? "0001-01-01T00:00:00" : withOffset(status.last),
          Next: withOffset(status.next),
          LastUpdated: withOffset(status.updated),
        }
      : null,
    IsPastDue: isPastDue,
  };
}

function withOffset(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "+00:00");
}

function timeZoneOf({ settings, log, definition }: TriggerContext): string {
  const timeZone = settings("WEBSITE_TIME_ZONE") || settings("TZ") || "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
  } catch {
    log(
      "warning",
      `Function.${definition.name}`,
      `Time zone '${timeZone}' is unknown, expected an IANA name; UTC is used.`,
    );
    return "UTC";
  }
}
