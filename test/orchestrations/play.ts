import type { OrchestrationContext, Task } from "durable-functions";
import type { Orchestration } from "../../orchestrations/durable.ts";

/** What an orchestrator asked for, in order: `{ step, input }` of activities and children, and the waits. */
export interface Asked {
  readonly step: string;
  readonly input: unknown;
}

/** Answers by step name: a value, a function of input and turn, or an Error to be thrown. */
export type Script = Readonly<Record<string, unknown>>;

export interface Played<O> {
  readonly output: O;
  readonly asked: readonly Asked[];
  readonly statuses: readonly string[];
  /** How much orchestration time went by, in ms. */
  readonly elapsedMs: number;
}

type FakeTask = {
  kind: "call" | "timer" | "event" | "any" | "all";
  name: string;
  input: unknown;
  of: FakeTask[];
  at: number;
};

/** So many yields that an orchestrator that never ends is told from a long one. */
const MOST_YIELDS = 10_000;

/**
 * Plays an orchestrator step by step against scripted answers, on its own clock: timers take no time.
 *
 * @param script.events - names of events in the order in which they come; each ends the wait for it
 */
export function play<I, O>(
  orchestration: Orchestration<I, O>,
  input: I,
  script: {
    answers: Script;
    events?: readonly string[];
    eventData?: unknown;
    instanceId?: string;
    start?: Date;
  },
): Played<O> {
  const start = script.start ?? new Date("2026-03-01T12:00:00Z");
  let now = start.getTime();
  const asked: Asked[] = [];
  const statuses: string[] = [];
  const events = [...(script.events ?? [])];
  const turns: Record<string, number> = {};

  const task = (kind: FakeTask["kind"], name: string, value?: unknown, of: FakeTask[] = [], at = 0) =>
    ({ kind, name, input: value, of, at, cancel: () => {} }) as unknown as Task;
  const df = {
    instanceId: script.instanceId ?? "operation",
    get currentUtcDateTime() {
      return new Date(now);
    },
    setCustomStatus: (status: string) => void statuses.push(status),
    callActivityWithRetry: (name: string, _: unknown, value: unknown) => task("call", name, value),
    callSubOrchestrator: (name: string, value: unknown) => task("call", name, value),
    waitForExternalEvent: (name: string) => task("event", name),
    createTimer: (at: Date) => task("timer", "timer", undefined, [], at.getTime()),
    continueAsNew: (value: unknown) => void asked.push({ step: "continueAsNew", input: value }),
    Task: {
      any: (of: Task[]) => task("any", "any", undefined, of as unknown as FakeTask[]),
      all: (of: Task[]) => task("all", "all", undefined, of as unknown as FakeTask[]),
    },
  };

  const settle = (one: FakeTask): unknown => {
    switch (one.kind) {
      case "all":
        return one.of.map(settle);
      case "timer":
        now = Math.max(now, one.at);
        return undefined;
      case "any": {
        const event = one.of.find(({ kind, name }) => kind === "event" && name === events[0]);
        if (event) events.shift();
        if (event) Object.assign(event, { result: script.eventData ?? null });
        const winner = event ?? one.of.find(({ kind }) => kind === "timer");
        if (winner) settle(winner);
        return winner;
      }
      case "event":
        return null;
      case "call": {
        asked.push({ step: one.name, input: one.input });
        const turn = (turns[one.name] ?? 0) + 1;
        turns[one.name] = turn;
        if (!(one.name in script.answers)) return null;
        const scripted = script.answers[one.name];
        const answer = typeof scripted === "function" ? scripted(one.input, turn) : scripted;
        if (answer instanceof Error) throw answer;
        return answer;
      }
    }
  };

  const generator = orchestration.run(
    { df } as unknown as OrchestrationContext,
    orchestration.input.parse(input),
  );
  let next = generator.next();
  for (let yields = 0; !next.done; yields += 1) {
    if (yields > MOST_YIELDS)
      throw new Error(`${orchestration.name} did not end within ${MOST_YIELDS} yields`);
    let answer: unknown;
    try {
      answer = settle(next.value as unknown as FakeTask);
    } catch (error) {
      next = generator.throw(error);
      continue;
    }
    next = generator.next(answer);
  }
  return {
    output: orchestration.output.parse(next.value),
    asked,
    statuses,
    elapsedMs: now - start.getTime(),
  };
}

/** The names of the steps, in order, without the records that only tell of them. */
export function stepsOf(played: Pick<Played<unknown>, "asked">): string[] {
  return played.asked.map(({ step }) => step).filter((step) => step !== "recordStep");
}
