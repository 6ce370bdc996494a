import type { Clock } from "../../clock.ts";
import type { TakeStandstill } from "../service.ts";
import { type Answer, carryOut } from "./carry-out.ts";
import { type CallService, type EventEffect, fits, type Rule } from "./rule.ts";
import { type Fault, FaultStore } from "./store.ts";

/** A call to a service, before it is carried out. */
export interface FaultableCall<A> {
  readonly service: CallService;
  readonly method: string;
  /** Decoded, with its leading slash. */
  path(): string;
  /** Aborted when the caller has gone or the server stops. */
  signal(): AbortSignal;
  proceed(): Promise<A>;
  /** The error answer of the service. */
  refuse(status: 429 | 500 | 503): A;
}

/** Asked once for each event that is raised. */
export type StrikeEvent = (eventType: string) => EventEffect | undefined;

/** What is armed, and whose turn it is. Costs one comparison for each call while nothing is armed. */
export class Faults {
  readonly #store: FaultStore;
  readonly #clock: Clock;
  #armed: Fault[];

  constructor(file: string, clock: Clock) {
    this.#store = new FaultStore(file);
    this.#clock = clock;
    this.#armed = this.#store.all().filter(isLeft);
  }

  arm(rule: Rule): Fault {
    const fault = this.#store.add(rule);
    this.#armed.push(fault);
    return fault;
  }

  /** Spent ones too, oldest first. */
  list(): Fault[] {
    return this.#store.all();
  }

  disarm(id: number): boolean {
    this.#armed = this.#armed.filter((fault) => fault.id !== id);
    return this.#store.remove(id);
  }

  /** @returns how many there were, spent ones included */
  disarmAll(): number {
    this.#armed = [];
    return this.#store.clear();
  }

  struck(): number {
    return this.#store.all().reduce((sum, { struck }) => sum + struck, 0);
  }

  /** @returns `undefined` when the connection is to be closed without an answer */
  async around<A extends Answer>(call: FaultableCall<A>): Promise<A | undefined> {
    if (this.#armed.length === 0) return call.proceed();
    const path = call.path();
    const struck = this.#strike(
      (rule) => rule.kind === "call" && isCall(rule, call.service, call.method, path),
    );
    if (struck?.kind !== "call") return call.proceed();
    return carryOut(struck.effect, {
      clock: this.#clock,
      signal: call.signal(),
      proceed: () => call.proceed(),
      refuse: (status) => call.refuse(status),
    });
  }

  readonly strikeEvent: StrikeEvent = (eventType) => {
    if (this.#armed.length === 0) return undefined;
    const rule = this.#strike((rule) => rule.kind === "event" && fits(rule.events, eventType));
    return rule?.kind === "event" ? rule.effect : undefined;
  };

  /** What a deployment or a job is to fail with. */
  readonly take = (target: "deployment" | "job", name: string): string | undefined => {
    if (this.#armed.length === 0) return undefined;
    const rule = this.#strike((rule) => rule.kind === target && fits(rule.name, name));
    return rule?.kind === "deployment" || rule?.kind === "job" ? rule.message : undefined;
  };

  /** How a job that begins to run is to stand still. */
  readonly takeStandstill: TakeStandstill = (job) => {
    if (this.#armed.length === 0) return undefined;
    const rule = this.#strike((rule) => rule.kind === "standstill" && fits(rule.name, job));
    return rule?.kind === "standstill" ? rule.effect : undefined;
  };

  stop(): void {
    this.#store.close();
  }

  /** Every rule that fits counts the call; of those whose turn it is, the oldest strikes and the others stay due. */
  #strike(isFitting: (rule: Rule) => boolean): Rule | undefined {
    let striking: Fault | undefined;
    for (const fault of this.#armed) {
      if (!isFitting(fault.rule)) continue;
      fault.seen += 1;
      if (!striking && fault.seen >= fault.rule.nth) {
        striking = fault;
        fault.struck += 1;
      }
      this.#store.count(fault);
    }
    if (striking && !isLeft(striking)) this.#armed = this.#armed.filter(isLeft);
    return striking?.rule;
  }
}

const isLeft = ({ rule, struck }: Fault) => struck < rule.times;

function isCall(rule: Extract<Rule, { kind: "call" }>, service: CallService, method: string, path: string) {
  const [wantedMethod = "*", wantedPath = "*"] = rule.operation.split(" ");
  if (rule.service !== service) return false;
  return (wantedMethod === "*" || wantedMethod.toUpperCase() === method) && fits(wantedPath, path);
}
