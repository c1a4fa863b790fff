// An encoder answers a wish with a picture ten times as large: asking more often would drown the stream.
const shortestPauseMillis = 300;

/** Whether one source should be asked for a key frame, and when: repeated until it comes, never too often. */
export class KeyFrameWish {
  #isWanted = false;
  #askedAtMillis = Number.NEGATIVE_INFINITY;
  #cameAtMillis = Number.NEGATIVE_INFINITY;

  /** Somebody needs one. */
  want(): void {
    this.#isWanted = true;
  }

  /** One has begun to come. */
  came(nowMillis: number): void {
    this.#isWanted = false;
    this.#cameAtMillis = nowMillis;
  }

  /** When the newest one began to come; minus infinity before the first. */
  get cameAtMillis(): number {
    return this.#cameAtMillis;
  }

  /** Whether one has begun so recently that it may still be on its way. */
  isComing(nowMillis: number): boolean {
    return nowMillis - this.#cameAtMillis < shortestPauseMillis;
  }

  /** Whether to ask now; when true, it counts as asked. `roundTripMillis`: how long an answer takes at least. */
  take(nowMillis: number, roundTripMillis: number): boolean {
    const pauseMillis = Math.max(shortestPauseMillis, 1.5 * roundTripMillis);
    const lastMillis = Math.max(this.#askedAtMillis, this.#cameAtMillis);
    if (!this.#isWanted || nowMillis - lastMillis < pauseMillis) return false;
    this.#askedAtMillis = nowMillis;
    return true;
  }
}
