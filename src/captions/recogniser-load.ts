// What was measured of late counts: half of it within so many requests.
const newestShare = 0.2;
const busyWindowSeconds = 10;

/** How quick the recogniser is, and how busy: measured all the time. Times are of `performance.now()`. */
export class RecogniserLoad {
  readonly #slots: number;
  #realTimeFactor = 0;
  #requestSeconds = 0;
  #requests = 0;
  #failures = 0;
  /** Of the last 10 s. */
  #work: { readonly fromMillis: number; readonly toMillis: number }[] = [];
  readonly #began = new Set<{ fromMillis: number }>();

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Seconds of work for a second of sound; 0 before the first answer. */
  get realTimeFactor(): number {
    return this.#realTimeFactor;
  }

  /** What a request takes on average; 0 before the first answer. */
  get requestSeconds(): number {
    return this.#requestSeconds;
  }

  get requests(): number {
    return this.#requests;
  }

  get failures(): number {
    return this.#failures;
  }

  /** A request begins; the answer is to be called when it is over, true: it was answered. */
  begin(soundSeconds: number): (isAnswered: boolean) => void {
    const running = { fromMillis: performance.now() };
    this.#began.add(running);
    this.#requests += 1;
    return isAnswered => {
      this.#began.delete(running);
      const toMillis = performance.now();
      this.#work.push({ fromMillis: running.fromMillis, toMillis });
      this.#forget(toMillis);
      const seconds = (toMillis - running.fromMillis) / 1_000;
      if (!isAnswered) this.#failures += 1;
      else this.#learn(seconds, soundSeconds);
    };
  }

  /** How much of the last 10 s its slots were busy, 0 to 1. */
  busyShare(nowMillis: number): number {
    this.#forget(nowMillis);
    const begin = nowMillis - busyWindowSeconds * 1_000;
    let millis = 0;
    for (const { fromMillis, toMillis } of this.#work) millis += toMillis - Math.max(fromMillis, begin);
    for (const { fromMillis } of this.#began) millis += nowMillis - Math.max(fromMillis, begin);
    return millis / (busyWindowSeconds * 1_000 * this.#slots);
  }

  #learn(seconds: number, soundSeconds: number): void {
    const isFirst = this.#requestSeconds === 0;
    const weight = isFirst ? 1 : newestShare;
    this.#requestSeconds += weight * (seconds - this.#requestSeconds);
    this.#realTimeFactor += weight * (seconds / Math.max(0.1, soundSeconds) - this.#realTimeFactor);
  }

  #forget(nowMillis: number): void {
    const begin = nowMillis - busyWindowSeconds * 1_000;
    this.#work = this.#work.filter(({ toMillis }) => toMillis > begin);
  }
}
