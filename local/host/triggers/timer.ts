import { messageOf } from "../errors.ts";
import { isCountedInDays } from "../settings/time-span.ts";
import { type Listener, settled, type TriggerContext, textOption } from "./context.ts";
import { invokeWithRetry, retryPolicyOf } from "./retry.ts";
import { parseSchedule } from "./schedule.ts";
import { readTimerStatus, type TimerStatus, timerValue, writeTimerStatus } from "./timer-status.ts";

/** Below this interval a schedule is not monitored: an occurrence is soon made up for by the next. */
const SHORTEST_MONITORED_MS = 60_000;

/**
 * Runs one function by its schedule. A run never overlaps itself; what falls due while it runs is made up for once.
 *
 * @see Azure/azure-webjobs-sdk-extensions, src/WebJobs.Extensions/Extensions/Timers/Listener/TimerListener.cs
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
  let status: TimerStatus = stored ?? { last: undefined, next: first, updated: undefined };

  const run = async (why: "schedule" | "past due" | "startup"): Promise<void> => {
    const startedAt = clock.now();
    const isPastDue = why === "past due";
    if (isPastDue) log("information", `Function.${name}`, `Timer '${name}' is past due: it runs now, once.`);
    await invokeWithRetry(
      worker,
      clock,
      policy,
      {
        functionName: name,
        reason: `Timer fired at ${new Date(startedAt).toISOString()}`,
        triggerData: { json: timerValue(isMonitored ? status : undefined, isPastDue) },
      },
      stopping.signal,
    );
    // counted from the beginning of the run: what fell due meanwhile runs next, once
    const last = why === "schedule" ? Math.max(startedAt, status.next) : startedAt;
    const ran = { last, next: schedule.next(last) ?? Number.POSITIVE_INFINITY, updated: last };
    status = ran;
    if (isMonitored && ran.next < Number.POSITIVE_INFINITY) writeTimerStatus(database, name, expression, ran);
  };

  const fire = (why: "schedule" | "past due" | "startup"): void => {
    running = run(why)
      .catch((error: unknown) => log("error", `Function.${name}`, `Timer '${name}': ${messageOf(error)}`))
      .then(arm);
  };

  const arm = (): void => {
    if (stopping.signal.aborted || status.next === Number.POSITIVE_INFINITY) return;
    cancelNext = clock.after(Math.max(0, status.next - clock.now()), () => fire("schedule"));
  };

  if (stored && stored.next < clock.now()) fire("past due");
  else if (trigger.runOnStartup === true) fire("startup");
  else {
    if (isMonitored && !stored)
      writeTimerStatus(database, name, expression, { ...status, updated: clock.now() });
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
