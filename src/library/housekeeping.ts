/** Something that is looked after now and then. */
export type Chore = {
  readonly everySeconds: number;
  /** Never throws, or what it throws is told by `complain`. */
  readonly work: () => Promise<unknown>;
};

/** Does chores at their pace, each one at a time. The owner closes it. */
export class Housekeeping {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<unknown>>();

  constructor(chores: readonly Chore[], complain: (error: unknown) => void) {
    for (const { everySeconds, work } of chores) {
      let isBusy = false;
      const timer = setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        const run = work()
          .catch(complain)
          .finally(() => {
            isBusy = false;
            this.#running.delete(run);
          });
        this.#running.add(run);
      }, everySeconds * 1_000);
      timer.unref();
      this.#timers.push(timer);
    }
  }

  /** Resolves when nothing is under way. Safe to call twice, never throws. */
  async close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await Promise.all(this.#running);
  }
}
