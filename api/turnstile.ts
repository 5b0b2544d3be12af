/**
 * Lets a rush through a few at a time. Guests who want what somebody just took are then refused by a look into the
 * database instead of each costing a flow, and those who get something are not slowed down by them.
 */
export class Turnstile {
  readonly #atOnce: number;
  readonly #patienceMs: number;
  /** By key: how many are inside, and who waits, first come first served. */
  readonly #gates = new Map<string, { inside: number; readonly waiting: Set<() => void> }>();

  /** @param patienceMs whoever has waited this long goes in all the same: what is slow inside must not shut the door. */
  constructor(atOnce: number, patienceMs: number) {
    this.#atOnce = atOnce;
    this.#patienceMs = patienceMs;
  }

  /** Runs the work when its turn has come. Each key has its own turnstile, so one tenant's rush holds up nobody else. */
  async pass<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const gate = this.#gates.get(key) ?? { inside: 0, waiting: new Set() };
    this.#gates.set(key, gate);
    if (gate.inside >= this.#atOnce) await this.#turn(gate.waiting);
    gate.inside += 1;
    try {
      return await work();
    } finally {
      gate.inside -= 1;
      const [next] = gate.waiting;
      next?.();
      if (gate.inside === 0 && gate.waiting.size === 0) this.#gates.delete(key);
    }
  }

  async #turn(waiting: Set<() => void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const goIn = (): void => {
        clearTimeout(timer);
        waiting.delete(goIn);
        resolve();
      };
      const timer = setTimeout(goIn, this.#patienceMs);
      waiting.add(goIn);
    });
  }
}
