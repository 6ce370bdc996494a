/** Lets at most so many runs happen at once; the rest wait in line. */
export class Gate {
  readonly #limit: number;
  readonly #line: (() => Promise<void>)[] = [];
  #running = 0;
  #isHeld = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param work - must not reject */
  enter(work: () => Promise<void>): void {
    if (this.#isHeld || this.#running >= this.#limit) {
      this.#line.push(work);
      return;
    }
    this.#running += 1;
    void work().finally(() => {
      this.#running -= 1;
      const next = this.#isHeld ? undefined : this.#line.shift();
      if (next) this.enter(next);
    });
  }

  /** Lets nobody in until it is released; those inside go on. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const work of this.#line.splice(0)) this.enter(work);
  }

  /** Forgets those in line; those running go on. */
  clear(): void {
    this.#line.length = 0;
  }
}
