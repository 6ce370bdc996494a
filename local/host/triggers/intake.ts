import type { Triggers } from "./index.ts";

/** The listeners of a host as one, to be stopped and started again while it runs: what Azure calls draining. */
export class Intake {
  readonly #start: () => Promise<Triggers>;
  #triggers: Triggers | undefined;
  #isDraining = false;
  /** One change after another. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param start - makes all listeners */
  constructor(start: () => Promise<Triggers>) {
    this.#start = start;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Resolves when every listener takes events. */
  open(): Promise<void> {
    this.#isDraining = false;
    return this.#then(async () => {
      this.#triggers ??= await this.#start();
      await this.#triggers.ready;
    });
  }

  /** Takes no new event; resolves when what runs has ended, or the grace is over. */
  drain(): Promise<void> {
    this.#isDraining = true;
    return this.#then(() => this.#close());
  }

  async #close(): Promise<void> {
    const triggers = this.#triggers;
    this.#triggers = undefined;
    await triggers?.stop();
  }

  #then(change: () => Promise<void>): Promise<void> {
    const changed = this.#last.then(change);
    this.#last = changed.catch(() => {});
    return changed;
  }
}
