/**
 * Smooth weighted round robin: over any hundred requests each deployment gets its percentage exactly, spread evenly.
 *
 * @see nginx, ngx_http_upstream_round_robin.c
 */
export class TrafficSplitter {
  readonly #current = new Map<string, number>();

  /** The deployment to take the next request; `undefined` when none has a positive share. */
  next(traffic: Readonly<Record<string, number>>): string | undefined {
    const shares = Object.entries(traffic).filter(([, percent]) => percent > 0);
    for (const name of this.#current.keys()) if (!(name in traffic)) this.#current.delete(name);
    const total = shares.reduce((sum, [, percent]) => sum + percent, 0);
    let chosen: string | undefined;
    let highest = Number.NEGATIVE_INFINITY;
    for (const [name, percent] of shares) {
      const current = (this.#current.get(name) ?? 0) + percent;
      this.#current.set(name, current);
      if (current > highest) [chosen, highest] = [name, current];
    }
    if (chosen !== undefined) this.#current.set(chosen, highest - total);
    return chosen;
  }
}
