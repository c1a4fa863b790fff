// A step back of this much is a clock that was set; less is the order in which requests happened to arrive.
const clockStepMillis = 1_000;
// So is a step forward of this much: nobody looks at one picture for an hour.
const longestPauseMillis = 3_600_000;
// How quickly smoothed arrival times follow the real ones: a tenth a frame, or at once when half a second off.
const arrivalGain = 0.1;
const arrivalSlipMillis = 500;
const firstIntervalMillis = 40;

/** A frame's place on the stream's clock, milliseconds (frames at a constant rate). `isOutOfOrder`: it was told an earlier time than the frame before it. */
export type FrameTime = { readonly ticks: number; readonly isOutOfOrder: boolean };

/**
 * Gives each frame its time in milliseconds: the capture time that the client tells, else the time of arrival,
 * smoothed, because a network delivers in bursts what a camera took evenly. Times always rise: where a clock was
 * set, the stream goes on behind the frame before, and the clock's own pace is kept from there on.
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
  captured(capturedMillis: number): FrameTime {
    const newest = this.#newestMillis;
    const isOutOfOrder = newest >= 0 && Math.round(capturedMillis) + this.#shiftMillis < newest;
    return { ticks: this.#take(this.#follow(capturedMillis)), isOutOfOrder };
  }

  /** The time of a frame that arrived at `arrivedMillis`, since 1970. */
  arrived(arrivedMillis: number): number {
    const followed = this.#follow(arrivedMillis);
    if (this.#newestMillis < 0) return this.#take(followed);
    const expected = this.#newestMillis + this.#intervalMillis;
    const slip = followed - expected;
    const isFar = Math.abs(slip) > arrivalSlipMillis;
    if (!isFar) this.#intervalMillis += slip * arrivalGain * arrivalGain;
    this.#intervalMillis = Math.max(1, this.#intervalMillis);
    return this.#take(Math.round(isFar ? followed : expected + slip * arrivalGain));
  }

  /** `toldMillis` on the stream's clock; a clock that was set is followed from where it is now. */
  #follow(toldMillis: number): number {
    const told = Math.round(toldMillis);
    const step = told + this.#shiftMillis - this.#newestMillis;
    const isSet = this.#newestMillis >= 0 && (step < -clockStepMillis || step > longestPauseMillis);
    if (isSet) this.#shiftMillis = Math.round(this.#newestMillis + this.#intervalMillis - told);
    return told + this.#shiftMillis;
  }

  #take(millis: number): number {
    this.#newestMillis = Math.max(millis, this.#newestMillis + 1);
    return this.#newestMillis;
  }
}

/** Milliseconds since 1970 on a clock that nobody sets while the server runs. */
export function steadyMillis(): number {
  return performance.timeOrigin + performance.now();
}
