import { ModelState } from "../shared/models/state.ts";
import { decide } from "../shared/policy/decide.ts";
import type { Decision, Reaction } from "../shared/policy/decision.ts";
import type { EffectivePolicy, PolicyBook } from "../shared/policy/load.ts";
import { stateAfter } from "../shared/policy/state-after.ts";
import { sessionOf } from "../shared/signals/session.ts";
import type { Signal } from "../shared/signals/signal.ts";
import { servedBy } from "../shared/traffic/serving.ts";

export type Played = { decision: Decision; effective: EffectivePolicy | null };

/** Reactions that start an operation, which then holds back others until it ends. */
const STARTS: ReadonlySet<Reaction> = new Set([
  "promotion",
  "retraining",
  "development-loopback",
  "setup-loopback",
  "cost-review",
  "decommission",
  "image-quarantine",
]);

/**
 * Decides signals one after another as `functions/reactions.ts` does, and carries nothing out. An operation that would
 * have been started is taken to end after a given time.
 */
export class SignalPlayer {
  readonly #policies: PolicyBook;
  readonly #takesMs: number;
  readonly #states: Map<string, ModelState>;
  readonly #behind = new Map<string, string | undefined>();

  /**
   * @param takesMs - how long every operation is taken to last, in milliseconds
   * @param states - what is known at the start, one for each model or session
   */
  constructor(policies: PolicyBook, takesMs: number, states: readonly ModelState[] = []) {
    this.#policies = policies;
    this.#takesMs = takesMs;
    this.#states = new Map(states.map((state) => [state.model, state]));
  }

  play(signal: Signal, now: Date): Played {
    const model = signal.subject.model ?? this.#modelBehind(signal.subject);
    const key = model ?? sessionOf(signal);
    const before = this.#states.get(key) ?? ModelState.parse({ model: key });
    const effective = model === undefined ? null : this.#policies.for(model);
    const state = this.#ended(before, now);
    const decision = decide(signal, effective, state, now);
    this.#states.set(key, started(signal, decision, stateAfter(signal, decision, state, now), now));
    return { decision, effective };
  }

  /** An endpoint is the affair of the model that the policy puts behind it. */
  #modelBehind({ endpoint, deployment = "" }: Signal["subject"]): string | undefined {
    if (endpoint === undefined) return undefined;
    const key = `${endpoint}/${deployment}`;
    if (!this.#behind.has(key)) {
      const served = servedBy(endpoint, deployment, this.#policies, [...this.#states.values()]);
      this.#behind.set(key, served?.model);
    }
    return this.#behind.get(key);
  }

  /** The state without the operations that are over by now, unless it was given with them. */
  #ended(state: ModelState, now: Date): ModelState {
    const isOver = ({ id, since }: ModelState["operations"][number]) =>
      id.startsWith(PLAYED) && Date.parse(since) + this.#takesMs <= now.getTime();
    const over = state.operations.filter(isOver);
    if (over.length === 0) return state;
    const retrained = over.findLast(({ kind }) => kind === "retraining");
    return {
      ...state,
      operations: state.operations.filter((one) => !isOver(one)),
      lastRetrainedAt: retrained
        ? new Date(Date.parse(retrained.since) + this.#takesMs).toISOString()
        : state.lastRetrainedAt,
      incident: over.some(({ kind }) => kind === "setup-loopback") ? null : state.incident,
    };
  }
}

const PLAYED = "played:";

function started(signal: Signal, { reaction, heldBack }: Decision, state: ModelState, now: Date): ModelState {
  if (heldBack || !STARTS.has(reaction)) return state;
  const operation = { id: `${PLAYED}${signal.id}`, kind: reaction, since: now.toISOString() };
  return { ...state, operations: [...state.operations, operation] };
}
