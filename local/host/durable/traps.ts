/** Known faults of the protocol, told to the developer on the machine where they can still be mended cheaply. */
import { type Action, ActionType, type OrchestratorState } from "./actions.ts";
import { EventType, type HistoryEvent } from "./history.ts";
import type { Interpreter } from "./interpreter.ts";

export interface Trap {
  readonly name: string;
  /** What happened, and what to write instead. */
  readonly message: string;
}

interface Sight {
  readonly state: OrchestratorState;
  readonly interpreter: Interpreter;
  readonly progress: { readonly performed: number; readonly finished: boolean };
  readonly history: readonly HistoryEvent[];
  readonly maximumShortTimerMs: number;
  /** Text of the non-determinism failure, if this replay ended in one. */
  readonly failure: string | undefined;
}

interface Rule {
  readonly name: string;
  /** The words for each finding; none when the rule is kept. */
  find(sight: Sight): string[];
}

const RULES: readonly Rule[] = [
  {
    name: "call-without-answer",
    find: ({ interpreter }) =>
      interpreter.refusals.map(
        ({ message }) =>
          `${message}, so the call is never answered and the instance stays Running forever. Register or rename it, or choose another id or interval.`,
      ),
  },
  {
    name: "silent-throw",
    find: ({ state }) =>
      state.hasThrown && !state.error && !state.isDone
        ? [
            "the code threw an error without a message, or something that is no Error: the instance stays Running forever. Throw an Error with a message.",
          ]
        : [],
  },
  {
    name: "event-name-case",
    find: ({ interpreter }) =>
      interpreter.tasks.mailbox.caseMismatches.map(
        (pair) =>
          `${pair}: the host takes the two names as one, the code does not, so the wait goes on. Raise the event in the exact case.`,
      ),
  },
  {
    name: "duplicate-event-name",
    find: ({ state }) =>
      state.actions.flatMap((action) =>
        [...awaitedTwice(action)].map(
          (name) =>
            `one Task.any or Task.all waits for the event '${name}' more than once: the last wait gets the first event. Wait for one after the other, or give each a name of its own.`,
        ),
      ),
  },
  {
    name: "event-lost-to-old-wait",
    find: ({ interpreter }) =>
      interpreter.tasks.mailbox.bereft
        .filter(({ task }) => task.isOpen)
        .map(
          ({ name }) =>
            `the event '${name}' went to an earlier wait that had lost its race, and the code waits for another one. Keep the task that lost and use its result.`,
        ),
  },
  {
    name: "numeric-event-name",
    find: ({ state }) =>
      leaves(state.actions).flatMap((action) =>
        action.actionType === ActionType.WaitForExternalEvent && /^\d+$/.test(action.externalEventName)
          ? [
              `the event name '${action.externalEventName}' is also a task's number, and the two complete each other. Use a name with letters.`,
            ]
          : [],
      ),
  },
  {
    name: "retry-timeout",
    find: ({ state }) =>
      leaves(state.actions).flatMap((action) =>
        "retryOptions" in action && action.retryOptions?.retryTimeoutInMilliseconds !== undefined
          ? [
              `the retry of '${action.functionName}' has a retryTimeoutInMilliseconds: once it elapses the instance hangs. Limit maxNumberOfAttempts instead.`,
            ]
          : [],
      ),
  },
  {
    name: "reused-task",
    find: ({ interpreter }) =>
      interpreter.repeats.map(
        (what) =>
          `a task that is still open (${what}) is part of a second Task.any or Task.all: it is scheduled again and later results go to the wrong calls. Use each task in one compound, then yield it alone.`,
      ),
  },
  { name: "retry-in-failed-all", find: (sight) => aheadOfAll(sight, true) },
  { name: "failed-all", find: (sight) => aheadOfAll(sight, false) },
  {
    name: "retry-raced-with-cancelled-timer",
    find: ({ failure, state }) =>
      failure && state.actions.some(isRaceOfRetryAndCancelledTimer)
        ? [
            "a retrying or polling call raced with a timer that was then cancelled, and had taken further numbers meanwhile. Put the retrying part into a sub-orchestration and race that.",
          ]
        : [],
  },
  {
    name: "cancelled-long-timer",
    find: ({ failure, interpreter }) =>
      failure && interpreter.sliced.length > 0
        ? [
            "a timer longer than six days was cancelled after its first slice had fired. Wait in shorter timers, or continueAsNew between them.",
          ]
        : [],
  },
  {
    name: "long-timer-after-race",
    find: ({ interpreter, history, maximumShortTimerMs }) => {
      const started = history.findLast((event) => event.EventType === EventType.OrchestratorStarted);
      const now = started ? Date.parse(started.Timestamp) : 0;
      const fresh = new Set(interpreter.tasks.decisions().map((decision) => decision.EventId));
      return interpreter.sliced
        .filter(({ id, fireAt }) => fresh.has(id) && fireAt - now <= maximumShortTimerMs)
        .map(
          ({ fireAt }) =>
            `the timer due ${new Date(fireAt).toISOString()} is cut into slices by the host but not by the code, because a race before it began more than six days earlier: it resumes too early. continueAsNew between long stages.`,
        );
    },
  },
  {
    name: "open-timer-at-end",
    find: ({ state, interpreter }) => {
      const timers = [...interpreter.tasks.open.values()]
        .map((entry) => entry.what)
        .filter((what) => "FireAt" in what);
      return state.isDone && timers.length > 0
        ? [
            `the code has ended, but ${timers.length} timer(s) are neither fired nor cancelled: the instance stays Running until ${timers
              .map((t) => t.FireAt)
              .sort()
              .at(-1)}. Cancel the timers that lost a race.`,
          ]
        : [];
    },
  },
];

/** @param failure - text of the non-determinism failure, if this replay ended in one */
export function findTraps(sight: Sight): Trap[] {
  return RULES.flatMap(({ name, find }) => find(sight).map((message) => ({ name, message })));
}

/** The code has gone on after a Task.all whose other children the host still waits for. */
function aheadOfAll({ state, progress }: Sight, isRetrying: boolean): string[] {
  const current = state.actions[progress.performed - 1];
  const isAhead =
    !progress.finished && (progress.performed < state.actions.length || state.isDone || !!state.error);
  if (!isAhead || current?.actionType !== ActionType.WhenAll) return [];
  if (leaves([current]).some(takesMoreNumbers) !== isRetrying) return [];
  return isRetrying
    ? [
        "a Task.all failed while a retrying or polling sibling is open: its further numbers go to later calls, which get wrong results. Put try and catch into sub-orchestrations.",
      ]
    : [
        "a Task.all failed early: the host goes on only after all its siblings have settled. Nothing is lost but time.",
      ];
}

/** Names, in lower case, that a compound waits for more than once at a time. */
function awaitedTwice(action: Action): Set<string> {
  if (!("compoundActions" in action)) return new Set();
  const names = leaves(action.compoundActions).flatMap((part) =>
    part.actionType === ActionType.WaitForExternalEvent ? [part.externalEventName.toLowerCase()] : [],
  );
  return new Set(names.filter((name, place) => names.indexOf(name) < place));
}

function isRaceOfRetryAndCancelledTimer(action: Action): boolean {
  if (action.actionType !== ActionType.WhenAny) return false;
  const parts = leaves(action.compoundActions);
  const isCancelled = parts.some((part) => part.actionType === ActionType.CreateTimer && part.isCanceled);
  return isCancelled && parts.some(takesMoreNumbers);
}

function takesMoreNumbers(action: Action): boolean {
  return (
    action.actionType === ActionType.CallActivityWithRetry ||
    action.actionType === ActionType.CallSubOrchestratorWithRetry ||
    action.actionType === ActionType.CallHttp
  );
}

/** All actions, compounds opened. */
function leaves(actions: readonly Action[]): Exclude<Action, { compoundActions: readonly Action[] }>[] {
  return actions.flatMap((action) =>
    "compoundActions" in action ? leaves(action.compoundActions) : [action],
  );
}
