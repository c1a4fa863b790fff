/** How an answer's time limit is found. */
export type PatienceSettings = {
  /** While nothing is known of how quick answers are. */
  readonly beforeFirstSeconds: number;
  /** Whatever is known, for machines have bad moments. */
  readonly leastSeconds: number;
};

// What is live had better lose a request than wait for it: nobody reads captions that are 10 s late.
const timesSlowerLive = 4;
// At low priority on a machine that others keep busy, a program gets a tenth of its time (nice 10 against 0).
const timesSlower = 20;
const remembered = 0.95;
const mostDoublings = 4;

/** How long an answer may take, learned from those that came: a small model answers in 0.1 s, a large one in a minute. */
export class Patience {
  readonly #settings: PatienceSettings;
  /** The slowest of late, seconds for a unit of work. */
  #slowest: number | undefined;
  /** Limits in a row that were reached. */
  #reached = 0;

  constructor(settings: PatienceSettings) {
    this.#settings = settings;
  }

  /** For so much work, which somebody waits for (`isLive`) or nobody; after this long whoever works on it hangs. */
  limitSeconds(work: number, isLive: boolean): number {
    const { beforeFirstSeconds, leastSeconds } = this.#settings;
    if (this.#slowest === undefined) return beforeFirstSeconds;
    const learned = Math.max(leastSeconds, (isLive ? timesSlowerLive : timesSlower) * this.#slowest * work);
    // Who is merely slow today must not be given up for ever.
    return learned * 2 ** Math.min(this.#reached, mostDoublings);
  }

  /** An answer came. */
  answered(work: number, seconds: number): void {
    this.#slowest = Math.max(seconds / work, (this.#slowest ?? 0) * remembered);
    this.#reached = 0;
  }

  /** No answer came within the limit: the next one is twice as long. */
  gaveUp(): void {
    this.#reached += 1;
  }
}
