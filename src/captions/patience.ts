/** How long an answer may take, learned from those that came: a small model answers in 0.1 s, a large one in a minute. */
export class Patience {
  readonly #beforeFirstSeconds: number;
  readonly #leastSeconds: number;
  /** The slowest of late, seconds for a unit of work. */
  #slowest: number | undefined;

  /** `beforeFirstSeconds`: while nothing is known. `leastSeconds`: whatever is known, for machines have bad moments. */
  constructor({ beforeFirstSeconds, leastSeconds }: { beforeFirstSeconds: number; leastSeconds: number }) {
    this.#beforeFirstSeconds = beforeFirstSeconds;
    this.#leastSeconds = leastSeconds;
  }

  /** For so much work; after this long whoever works on it hangs. */
  limitSeconds(work: number): number {
    if (this.#slowest === undefined) return this.#beforeFirstSeconds;
    return Math.max(this.#leastSeconds, timesSlower * this.#slowest * work);
  }

  /** An answer came. */
  answered(work: number, seconds: number): void {
    this.#slowest = Math.max(seconds / work, (this.#slowest ?? 0) * remembered);
  }
}

// At low priority on a machine that others keep busy, a program gets a tenth of its time (nice 10 against 0).
const timesSlower = 20;
const remembered = 0.95;
