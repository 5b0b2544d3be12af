/** Things that happen later by themselves (a payer who decides alone, a refund that the bank has done). */
export class Timers {
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  after(delayMs: number, work: () => void): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
      // By the clock of the day a timer may run a millisecond early, and would find that nothing is due yet.
    }, Math.max(delayMs, 0) + 1);
    // What is due is also done when somebody looks, so nothing has to wait for it.
    timer.unref();
    this.#timers.add(timer);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
