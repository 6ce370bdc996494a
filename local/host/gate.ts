/** Lets at most so many runs happen at once; the rest wait in line. */
export class Gate {
  readonly #limit: number;
  readonly #line: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param work - must not reject */
  enter(work: () => Promise<void>): void {
    if (this.#running >= this.#limit) {
      this.#line.push(work);
      return;
    }
    this.#running += 1;
    void work().finally(() => {
      this.#running -= 1;
      const next = this.#line.shift();
      if (next) this.enter(next);
    });
  }

  /** Forgets those in line; those running go on. */
  clear(): void {
    this.#line.length = 0;
  }
}
