import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { Burial, Burials } from "./burials.ts";

/** Writes a whole blob; throws when the container is missing or storage does not answer. */
export type WriteBlob = (container: string, name: string, json: string) => Promise<void>;

/** Storage that does not answer is tried again after this long, and not any more after that. */
const TRY_AGAIN_AFTER_MS = 60_000;
const GIVE_UP_AFTER_MS = 4 * 60 * 60_000;

export interface UndertakerOptions {
  readonly burials: Burials;
  readonly clock: Clock;
  readonly retryScale: number;
  readonly writeBlob: WriteBlob;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Brings dead events into their storage containers, those of one subscription together. */
export class Undertaker {
  readonly #options: UndertakerOptions;
  #cancelTimer = () => {};
  #isStopped = false;
  #work: Promise<void> | undefined;

  constructor(options: UndertakerOptions) {
    this.#options = options;
  }

  /** Sets the clock for what is due next. Cheap to call often. */
  wake(): void {
    if (this.#isStopped || this.#work) return;
    const { burials, clock } = this.#options;
    const [next] = burials.all();
    this.#cancelTimer();
    if (!next) return;
    this.#cancelTimer = clock.after(Math.max(0, next.dueAt - clock.now()), () => this.#begin());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#work;
  }

  #begin(): void {
    if (this.#isStopped) return;
    this.#work = this.#buryDue().finally(() => {
      this.#work = undefined;
      this.wake();
    });
  }

  async #buryDue(): Promise<void> {
    const { burials, clock } = this.#options;
    const due = burials.all().filter(({ dueAt }) => dueAt <= clock.now());
    const groups = Map.groupBy(due, ({ name, container }) => `${container}/${name}`);
    for (const group of groups.values()) await this.#buryTogether(group);
  }

  async #buryTogether(group: readonly Burial[]): Promise<void> {
    const { burials, clock, retryScale, writeBlob, log } = this.#options;
    const [first] = group;
    if (!first) return;
    const name = blobName(first.name, new Date(clock.now()));
    try {
      await writeBlob(first.container, name, JSON.stringify(group.map(({ event }) => event)));
      burials.end(group);
    } catch (error) {
      const now = clock.now();
      const lost = group.filter(({ buriedAt }) => isGone(error) || now - buriedAt >= GIVE_UP_AFTER_MS);
      const fate = lost.length > 0 ? `, and ${lost.length} were dropped` : "";
      log(
        "error",
        `Dead letters of ${first.name} could not be written to '${first.container}'${fate}: ${String(error)}`,
      );
      burials.end(lost);
      const others = group.filter((burial) => !lost.includes(burial));
      burials.postpone(others, Math.ceil(now + TRY_AGAIN_AFTER_MS * retryScale));
    }
  }
}

/** There is no such container: dead letters are dropped at once then, as Azure does. */
function isGone(error: unknown): boolean {
  return typeof error === "object" && error !== null && "statusCode" in error && error.statusCode === 404;
}

/**
 * `{NAME IN UPPER CASE}/{year}/{month}/{day}/{hour}/{guid}.json`, in UTC and without leading zeros.
 *
 * @see https://learn.microsoft.com/azure/event-grid/manage-event-delivery#set-dead-letter-location
 */
export function blobName(subscription: string, at: Date): string {
  const day = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours()];
  return `${subscription.toUpperCase()}/${day.join("/")}/${randomUUID()}.json`;
}
