// A step back of this much is a clock that was set; less is the order in which requests happened to arrive.
const clockStepMillis = 1_000;
// How quickly smoothed arrival times follow the real ones: a tenth a frame, or at once when half a second off.
const arrivalGain = 0.1;
const arrivalSlipMillis = 500;
const firstIntervalMillis = 40;

/**
 * Gives each frame its time in milliseconds: the capture time that the client tells, else the time of arrival,
 * smoothed, because a network delivers in bursts what a camera took evenly. Times always rise.
 */
export class FrameClock {
  #newestMillis: number;
  #shiftMillis = 0;
  #intervalMillis = firstIntervalMillis;

  /** `newestMillis`: of the frame before, also from before a restart; -1 when there is none. */
  constructor(newestMillis: number) {
    this.#newestMillis = newestMillis;
  }

  /** The time of a frame that was captured at `capturedMillis`, any epoch. */
  captured(capturedMillis: number): number {
    let millis = Math.round(capturedMillis) + this.#shiftMillis;
    if (this.#newestMillis >= 0 && millis < this.#newestMillis - clockStepMillis) {
      this.#shiftMillis = this.#newestMillis + firstIntervalMillis - Math.round(capturedMillis);
      millis = this.#newestMillis + firstIntervalMillis;
    }
    return this.#take(millis);
  }

  /** The time of a frame that arrived at `arrivedMillis`, since 1970. */
  arrived(arrivedMillis: number): number {
    if (this.#newestMillis < 0) return this.#take(Math.round(arrivedMillis));
    const expected = this.#newestMillis + this.#intervalMillis;
    const slip = arrivedMillis - expected;
    const isFar = Math.abs(slip) > arrivalSlipMillis;
    if (!isFar) this.#intervalMillis += slip * arrivalGain * arrivalGain;
    this.#intervalMillis = Math.max(1, this.#intervalMillis);
    return this.#take(Math.round(isFar ? arrivedMillis : expected + slip * arrivalGain));
  }

  #take(millis: number): number {
    this.#newestMillis = Math.max(millis, this.#newestMillis + 1);
    return this.#newestMillis;
  }
}
