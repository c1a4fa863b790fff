import type { MediaSample } from '../media/media-sample.ts';

/** The newest picture on the media timeline, in its track's timescale. */
export type VideoPosition = { readonly decodeTime: number; readonly presentationTime: number };

/**
 * Places one run's samples on the media timeline, and tells repeats from what is new: after a crash the run is
 * fed again from a safe point, and everything up to the newest published picture has been seen.
 */
export class RunClock {
  #offsetSeconds: number | null;
  #newest: VideoPosition | null;
  #isRepeating = false;

  constructor(offsetSeconds: number | null, newest: VideoPosition | null) {
    this.#offsetSeconds = offsetSeconds;
    this.#newest = newest;
  }

  /** Media time less the run's own; null before its first sample. */
  get offsetSeconds(): number | null {
    return this.#offsetSeconds;
  }

  /** Lets the run begin with this sample at `mediaSeconds`, if it has not begun. */
  start(sample: MediaSample, timescale: number, mediaSeconds: number): void {
    this.#offsetSeconds ??= mediaSeconds - sample.decodeTime / timescale;
  }

  /** The next samples come again. */
  expectRepeats(): void {
    this.#isRepeating = this.#newest !== null && this.#offsetSeconds !== null;
  }

  /** A time of the run on the media timeline; whole ticks. */
  place(ticks: number, timescale: number): number {
    return ticks + Math.round((this.#offsetSeconds ?? 0) * timescale);
  }

  /** The picture on the media timeline; null when it is published already. Decode times rise, always. */
  placeVideo(sample: MediaSample, timescale: number): MediaSample | null {
    const decodeTime = this.place(sample.decodeTime, timescale);
    const presentationTime = decodeTime + sample.compositionOffset;
    const newest = this.#newest;
    if (this.#isRepeating && newest !== null) {
      // The newest picture is known by when it is shown: a decoder that starts elsewhere may guess its decode times anew.
      if (Math.abs(presentationTime - newest.presentationTime) <= 1) {
        this.#isRepeating = false;
        return null;
      }
      if (decodeTime <= newest.decodeTime) return null;
      this.#isRepeating = false;
    }
    const rising = newest === null ? decodeTime : Math.max(decodeTime, newest.decodeTime + 1);
    this.#newest = { decodeTime: rising, presentationTime };
    const duration = Math.max(1, decodeTime + sample.duration - rising);
    return { ...sample, decodeTime: rising, compositionOffset: presentationTime - rising, duration };
  }
}
