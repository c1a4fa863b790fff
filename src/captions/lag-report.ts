import type { CaptioningState, CaptionSink } from './caption-sink.ts';

// Two numbers each, so that a state does not come and go.
const delayedSeconds = 4;
const inTimeSeconds = 2.5;
const steadyMillis = 2_000;
/** While it is late, the sink is told how late when that has changed by this much, at most once a second. */
const worthTellingSeconds = 1;
const quietMillis = 1_000;

/** Tells a session's sink how well it is captioned, when that changes. */
export class LagReport {
  readonly #sink: CaptionSink;
  #state: CaptioningState = 'on';
  #toldSeconds = 0;
  #toldAt = 0;
  #lateAt = 0;

  constructor(sink: CaptionSink) {
    this.#sink = sink;
  }

  get state(): CaptioningState {
    return this.#state;
  }

  /** `nowMillis`: of `performance.now()`. */
  look(lagSeconds: number, isPaused: boolean, nowMillis: number): void {
    if (lagSeconds > inTimeSeconds) this.#lateAt = nowMillis;
    const state = this.#next(lagSeconds, isPaused, nowMillis);
    const hasMoved =
      state === 'delayed' &&
      Math.abs(lagSeconds - this.#toldSeconds) >= worthTellingSeconds &&
      nowMillis - this.#toldAt >= quietMillis;
    if (state === this.#state && !hasMoved) return;
    this.#state = state;
    this.#toldSeconds = lagSeconds;
    this.#toldAt = nowMillis;
    this.#sink.state(state, lagSeconds);
  }

  #next(lagSeconds: number, isPaused: boolean, nowMillis: number): CaptioningState {
    if (isPaused) return 'paused';
    if (lagSeconds > delayedSeconds) return 'delayed';
    // Who comes back from a pause is in time until it is late.
    if (this.#state === 'delayed' && nowMillis - this.#lateAt < steadyMillis) return 'delayed';
    return 'on';
  }
}
