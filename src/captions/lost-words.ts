import type { Log } from '../log.ts';

// A recogniser that is away for an hour shall not fill the log.
const quietMillis = 30_000;

/** Counts the speech that was never told, and says so in the log now and then. One per session. */
export class LostWords {
  readonly #log: Log;
  #seconds = 0;
  #untoldSeconds = 0;
  #toldAtMillis = Number.NEGATIVE_INFINITY;

  constructor(log: Log) {
    this.#log = log;
  }

  /** All of it so far. */
  get seconds(): number {
    return this.#seconds;
  }

  /** `why`: a fixed sentence for the log. */
  add(seconds: number, why: string, facts: Record<string, unknown>): void {
    this.#seconds += seconds;
    this.#untoldSeconds += seconds;
    const nowMillis = performance.now();
    if (nowMillis - this.#toldAtMillis < quietMillis) return;
    this.#log.warn({ lostSeconds: this.#untoldSeconds, ...facts }, why);
    this.#untoldSeconds = 0;
    this.#toldAtMillis = nowMillis;
  }
}
