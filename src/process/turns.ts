type Waiter = { readonly begin: () => void };

/** Lets only so many work at once; the others wait in the order in which they came. */
export class Turns {
  readonly #waiting = new Set<Waiter>();
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Does `work` when it is its turn. @throws the signal's reason while it waits; what `work` throws. */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  #turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        begin: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next.begin();
  }
}
