import type { MediaSample } from '../media/media-sample.ts';

/** A stretch of pictures that becomes one part; seconds on the media timeline. */
export type PartCut = {
  readonly samples: readonly MediaSample[];
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** The segment ends with it. */
  readonly isLast: boolean;
  /** No part of the rendition is longer up to here. */
  readonly partTargetSeconds: number;
};

/** Wanted lengths. */
export type CutterSettings = {
  readonly partSeconds: number;
  readonly segmentSeconds: number;
  /** No segment may be longer. */
  readonly longestSegmentSeconds: number;
};

// A part is so many whole frames; recorders' times jitter by some milliseconds around them. Eight per cent keeps
// every part of a steady stream within the 85 to 100 % of its target that rfc8216bis asks for (section 4.4.4.9).
const jitterAllowance = 1.08;
// A keyframe that comes this little early still ends the segment.
const earlyKeyframeShare = 0.9;
// What sums of seconds may be off. A part that is longer than its target by this is not longer.
const roundingSeconds = 1e-6;
// An hour. A hostile clock may say that one picture stands for ten thousand years.
const largestStillParts = 18_000;
// Two AAC frames: so little sound behind the last picture stays in its part.
const shortestSoundSeconds = 0.043;

/**
 * Decides where parts and segments end, by media time alone, so that it makes no difference whether a stream is
 * cut while it happens or again after a crash. Pure: samples in (placed on the media timeline), cuts out.
 */
export class PartCutter {
  readonly #settings: CutterSettings;
  readonly #timescale: number;
  readonly #hasSound: boolean;
  #pending: MediaSample[] = [];
  #partStartSeconds: number;
  #segmentStartSeconds: number;
  #segmentStartsWithKey = true;
  #partTargetSeconds: number;
  // A segment that was left open has announced its next part: it may not end before it.
  #owesPart: boolean;

  /**
   * `starts`: where the next part begins, and where its segment began. `partTargetSeconds`: 0 when there is no part
   * yet. `hasSound`: sound goes on while a picture stands still.
   */
  constructor(
    settings: CutterSettings,
    timescale: number,
    starts: { readonly partSeconds: number; readonly segmentSeconds: number },
    partTargetSeconds: number,
    hasSound = true,
  ) {
    this.#settings = settings;
    this.#timescale = timescale;
    this.#hasSound = hasSound;
    this.#partStartSeconds = starts.partSeconds;
    this.#segmentStartSeconds = starts.segmentSeconds;
    this.#owesPart = starts.partSeconds > starts.segmentSeconds;
    this.#partTargetSeconds = partTargetSeconds;
  }

  /** Where the pictures end that were pushed so far. */
  get endSeconds(): number {
    const last = this.#pending.at(-1);
    return last === undefined ? this.#partStartSeconds : (last.decodeTime + last.duration) / this.#timescale;
  }

  /** Takes the next picture; returns the parts that end before it. */
  push(sample: MediaSample): PartCut[] {
    const cuts: PartCut[] = [];
    const startSeconds = sample.decodeTime / this.#timescale;
    const endSeconds = (sample.decodeTime + sample.duration) / this.#timescale;
    if (this.#endsSegment(sample, startSeconds, endSeconds)) {
      this.#learnPartTarget();
      this.#cutUntil(startSeconds, true, cuts);
      this.#segmentStartsWithKey = sample.isSync;
    } else if (this.#pending.length > 0 && this.#endsPart(endSeconds)) {
      this.#learnPartTarget();
      if (endSeconds - this.#partStartSeconds > this.#partTargetSeconds)
        this.#cutUntil(startSeconds, false, cuts);
    }
    this.#pending.push(sample);
    // A picture that stays for long: what follows of it are parts of sound alone. Without sound it is one part, for
    // players take a part or a segment without a sample for an error, and one announced as a gap stalls them.
    if (this.#hasSound && this.#isStill(sample)) {
      this.#learnPartTarget();
      this.#cutLongSample(endSeconds, cuts);
    }
    return cuts;
  }

  /** Ends the part and the segment after the last picture; sound alone may reach further, to `endSeconds`. */
  flush(endSeconds: number): PartCut[] {
    const cuts: PartCut[] = [];
    this.#learnPartTarget();
    const end = Math.max(endSeconds, this.endSeconds);
    if (this.#partTargetSeconds > 0 && end - this.#partStartSeconds > this.#partTargetSeconds)
      this.#cutSound(end, cuts);
    if (end > this.#partStartSeconds) this.#cutUntil(end, true, cuts);
    return cuts;
  }

  #endsSegment(sample: MediaSample, startSeconds: number, endSeconds: number): boolean {
    const elapsed = startSeconds - this.#segmentStartSeconds;
    if (elapsed <= 0 || (this.#owesPart && this.#pending.length === 0)) return false;
    if (sample.isSync && elapsed >= this.#settings.segmentSeconds * earlyKeyframeShare) return true;
    if (sample.isSync && !this.#segmentStartsWithKey) return true;
    return endSeconds - this.#segmentStartSeconds > this.#settings.longestSegmentSeconds;
  }

  #endsPart(endSeconds: number): boolean {
    const limit = this.#partTargetSeconds || this.#settings.partSeconds * 1.001;
    return endSeconds - this.#partStartSeconds > limit;
  }

  /** Fits the target to the stream's own frame rate once, by its first part. */
  #learnPartTarget(): void {
    if (this.#partTargetSeconds > 0 || this.#pending.length === 0) return;
    const durations = this.#pending.map(sample => sample.duration).sort((left, right) => left - right);
    const frameSeconds = (durations[durations.length >> 1] as number) / this.#timescale;
    const frames = Math.max(1, Math.round(this.#settings.partSeconds / Math.max(frameSeconds, 0.001)));
    const target = Math.max(frames * frameSeconds, this.#settings.partSeconds / 2) * jitterAllowance;
    this.#partTargetSeconds =
      Math.ceil(Math.min(target, this.#settings.longestSegmentSeconds) * 1_000) / 1_000;
  }

  #cutUntil(endSeconds: number, isLast: boolean, cuts: PartCut[]): void {
    const samples = this.#pending;
    this.#pending = [];
    const startSeconds = this.#partStartSeconds;
    // One frame longer than a part (a hidden tab records one a second): the target has to give way.
    // A picture that stands still for once is no reason for every viewer to stay behind from then on.
    const isStill = samples.length === 1 && this.#isStill(samples[0] as MediaSample);
    if (!isStill && endSeconds - startSeconds > this.#partTargetSeconds + roundingSeconds) {
      this.#partTargetSeconds = Math.ceil((endSeconds - startSeconds) * 1_000) / 1_000;
    }
    cuts.push({ samples, startSeconds, endSeconds, isLast, partTargetSeconds: this.#partTargetSeconds });
    this.#partStartSeconds = endSeconds;
    this.#owesPart = false;
    if (isLast) this.#segmentStartSeconds = endSeconds;
  }

  #isStill(sample: MediaSample): boolean {
    return sample.duration / this.#timescale > this.#settings.longestSegmentSeconds / 2;
  }

  #cutLongSample(endSeconds: number, cuts: PartCut[]): void {
    const stepSeconds = Math.max(
      this.#partTargetSeconds,
      (endSeconds - this.#partStartSeconds) / largestStillParts,
    );
    while (endSeconds - this.#partStartSeconds > stepSeconds + roundingSeconds)
      this.#cutWithoutPicture(this.#partStartSeconds + stepSeconds, cuts);
  }

  /** Sound that goes on behind the last picture: parts of one length, but for the last of them. */
  #cutSound(endSeconds: number, cuts: PartCut[]): void {
    const soundSeconds = endSeconds - this.endSeconds;
    if (soundSeconds < shortestSoundSeconds) return;
    if (this.endSeconds > this.#partStartSeconds) this.#cutWithoutPicture(this.endSeconds, cuts);
    const count = Math.ceil(soundSeconds / this.#partTargetSeconds);
    const start = this.#partStartSeconds;
    for (let index = 1; index < count; index += 1)
      this.#cutWithoutPicture(start + (soundSeconds * index) / count, cuts);
  }

  #cutWithoutPicture(endSeconds: number, cuts: PartCut[]): void {
    const isLast = endSeconds - this.#segmentStartSeconds >= this.#settings.segmentSeconds;
    this.#cutUntil(endSeconds, isLast, cuts);
    if (isLast) this.#segmentStartsWithKey = false;
  }
}
