/**
 * The host's own replay: it interprets the app's actions against the history and must count the tasks as the app did.
 * Pure: its answer follows from its arguments alone.
 */
import { type Action, type OrchestratorState, toText } from "./actions.ts";
import {
  type Decision,
  type EventRaised,
  EventType,
  type FailureDetails,
  type HistoryEvent,
} from "./history.ts";
import { Interpreter, type ReplaySettings } from "./interpreter.ts";
import { type Routine, run, wait } from "./routine.ts";
import { NonDeterminismError } from "./task-table.ts";
import { findTraps, type Trap } from "./traps.ts";

export type ReplayOutcome =
  | { readonly kind: "running" }
  | { readonly kind: "completed"; readonly result: string | null }
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly details?: FailureDetails;
      readonly isNonDeterminism?: true;
    }
  | { readonly kind: "continued"; readonly input: string | null; readonly carried: readonly EventRaised[] };

export interface ReplayResult {
  /** What this episode asks for first, in ascending number. */
  readonly decisions: readonly Decision[];
  readonly outcome: ReplayOutcome;
  /** Known faults of the protocol that this instance has just walked into, and calls that can never answer. */
  readonly traps: readonly Trap[];
}

/**
 * Replays a whole execution, the events of the running episode included.
 *
 * @param history - all past events, then those of this episode, without its decisions
 * @param state - what the orchestrator function returned for this history
 */
export function replay(
  history: readonly HistoryEvent[],
  state: OrchestratorState,
  settings: ReplaySettings,
): ReplayResult {
  const interpreter = new Interpreter(settings);
  if (state.actions.length > settings.maxOrchestrationActions) {
    const message = `The orchestrator asked for ${state.actions.length} actions, expected at most ${settings.maxOrchestrationActions}. Use continueAsNew.`;
    return { decisions: [], outcome: { kind: "failed", message }, traps: [] };
  }
  const progress: Progress = { performed: 0, finished: false };
  const { maximumShortTimerMs } = settings;
  const sight = { state, interpreter, progress, history, maximumShortTimerMs };
  try {
    for (const event of history) {
      interpreter.feed(event);
      if (event.EventType !== EventType.ExecutionStarted) continue;
      run(performAll(state.actions, interpreter, progress));
    }
  } catch (error) {
    if (!(error instanceof NonDeterminismError)) throw error;
    const traps = findTraps({ ...sight, failure: error.message });
    return {
      decisions: [],
      outcome: { kind: "failed", message: error.message, isNonDeterminism: true },
      traps,
    };
  }
  const outcome = decideOutcome(state, interpreter, progress.finished);
  if (outcome.kind === "completed" || outcome.kind === "continued") interpreter.releaseLocks();
  return {
    decisions: interpreter.tasks.decisions(),
    outcome,
    traps: findTraps({ ...sight, failure: undefined }),
  };
}

interface Progress {
  performed: number;
  finished: boolean;
}

/**
 * Performs the app's actions in their order. Not a closure: V8 makes a hidden class for each new generator function, old
 * from birth, and all that the function closes over would live until the next full collection.
 */
function* performAll(
  actions: readonly Action[],
  interpreter: Interpreter,
  progress: Progress,
): Routine<void> {
  for (const action of actions) {
    progress.performed += 1;
    const task = interpreter.perform(action);
    try {
      yield* wait(task);
    } catch {
      // the app has seen the same failure and has already decided what follows
    }
  }
  progress.finished = true;
}

/** The gate: an execution ends only when every task that it opened has settled, failures included. */
function decideOutcome(state: OrchestratorState, interpreter: Interpreter, finished: boolean): ReplayOutcome {
  if (interpreter.fatal) return { kind: "failed", message: interpreter.fatal };
  if (!finished || interpreter.tasks.open.size > 0) return { kind: "running" };
  if (state.error) {
    const details = state.failureDetails ? { details: state.failureDetails } : {};
    return { kind: "failed", message: state.error, ...details };
  }
  if (interpreter.continued) {
    return { kind: "continued", input: toText(interpreter.continued.input), carried: interpreter.carried };
  }
  if (state.isDone) return { kind: "completed", result: toText(state.output) };
  return { kind: "running" };
}
