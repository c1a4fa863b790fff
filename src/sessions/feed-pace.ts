/** A frame that waits for its time. */
type Waiting<Frame> = { readonly frame: Frame; readonly timeMillis: number };

// How late frames are is known by the last so many milliseconds: a recorder's chunk is shorter.
const windowMillis = 5_000;
// More than this is no recorder's rhythm but a stream that is sent as a file, or a clock that runs away.
const longestHoldMillis = 3_000;

/**
 * Lets frames that come in chunks out at their own pace: each as long after its time as the latest frame was, so that
 * a viewer's buffer needs to hold nothing. Pure: times come in, frames go out.
 */
export class FeedPace<Frame> {
  #waiting: Waiting<Frame>[] = [];
  // The most that a frame was late, in this window and in the one before.
  #latest = { nowMillis: Number.NEGATIVE_INFINITY, beforeMillis: Number.NEGATIVE_INFINITY };
  #windowEndsAtMillis = Number.NEGATIVE_INFINITY;

  /** A frame of `timeMillis` on the stream's clock that came at `arrivedAtMillis`; times of both any epoch. */
  push(frame: Frame, timeMillis: number, arrivedAtMillis: number): void {
    if (arrivedAtMillis >= this.#windowEndsAtMillis) {
      this.#latest = { nowMillis: Number.NEGATIVE_INFINITY, beforeMillis: this.#latest.nowMillis };
      this.#windowEndsAtMillis = arrivedAtMillis + windowMillis;
    }
    this.#latest.nowMillis = Math.max(this.#latest.nowMillis, arrivedAtMillis - timeMillis);
    this.#waiting.push({ frame, timeMillis });
  }

  /** The frames that are due at `nowMillis`, in the order in which they came. */
  due(nowMillis: number): Frame[] {
    const frames: Frame[] = [];
    while (this.#waiting[0] !== undefined && this.#untilMillis(this.#waiting[0], nowMillis) <= 0) {
      frames.push((this.#waiting.shift() as Waiting<Frame>).frame);
    }
    return frames;
  }

  /** In how many milliseconds the next frame is due; null when none waits. */
  nextInMillis(nowMillis: number): number | null {
    const [first] = this.#waiting;
    return first === undefined ? null : Math.max(0, this.#untilMillis(first, nowMillis));
  }

  /** Forgets all: another clock begins. What waited is given. */
  restart(): Frame[] {
    const frames = this.#waiting.map(({ frame }) => frame);
    this.#waiting = [];
    this.#latest = { nowMillis: Number.NEGATIVE_INFINITY, beforeMillis: Number.NEGATIVE_INFINITY };
    this.#windowEndsAtMillis = Number.NEGATIVE_INFINITY;
    return frames;
  }

  #untilMillis({ timeMillis }: Waiting<Frame>, nowMillis: number): number {
    const lateMillis = Math.max(this.#latest.nowMillis, this.#latest.beforeMillis);
    const heldMillis = (this.#waiting.at(-1)?.timeMillis ?? timeMillis) - timeMillis;
    const untilMillis = timeMillis + lateMillis - nowMillis;
    return Math.max(heldMillis, untilMillis) > longestHoldMillis ? 0 : untilMillis;
  }
}
