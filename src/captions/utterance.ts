import type { Stretch } from './policy/credible-words.ts';
import { speechSampleRate } from './recogniser.ts';

// Speech with shorter gaps is one stretch.
const longestGapSeconds = 0.2;

/**
 * What somebody says between two pauses: the sound of it that is still to be heard, growing at its end, cut at its beginning.
 * Times are media seconds; places are samples on the media timeline.
 */
export class Utterance {
  #samples: Int16Array;
  #length = 0;
  /** Where it began, before it was trimmed; seconds. */
  readonly firstSeconds: number;
  #firstSample: number;
  #decodedSample: number;
  #speech: Stretch[] = [];
  #isOver = false;
  /** Requests for it that failed, one after the other. */
  failures = 0;
  /** When it was over (`performance.now()`); 0 while it goes on. */
  overAtMillis = 0;

  /** `firstSample`: its place on the media timeline. `longestSeconds`: how much it will hold at most, a hint. */
  constructor(firstSample: number, longestSeconds: number) {
    this.firstSeconds = firstSample / speechSampleRate;
    this.#firstSample = firstSample;
    this.#decodedSample = firstSample;
    this.#samples = new Int16Array(Math.min(longestSeconds, 2) * speechSampleRate);
  }

  get startSeconds(): number {
    return this.#firstSample / speechSampleRate;
  }

  get endSeconds(): number {
    return this.endSample / speechSampleRate;
  }

  get endSample(): number {
    return this.#firstSample + this.#length;
  }

  get lengthSeconds(): number {
    return this.#length / speechSampleRate;
  }

  /** Up to here the recogniser has heard it at least once. */
  get decodedSeconds(): number {
    return this.#decodedSample / speechSampleRate;
  }

  /** Where the speech begins that the recogniser has not heard yet; null: it has heard all of it. */
  get unheardSeconds(): number | null {
    const decoded = this.decodedSeconds;
    const stretch = this.#speech.find(({ endSeconds }) => endSeconds > decoded);
    return stretch === undefined ? null : Math.max(stretch.startSeconds, decoded);
  }

  /** Nothing will be added any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Where the detector heard speech. */
  get speech(): readonly Stretch[] {
    return this.#speech;
  }

  /** The sound that it holds; a copy. */
  sound(): Int16Array {
    return this.#samples.slice(0, this.#length);
  }

  append(samples: Int16Array, isSpeech: boolean): void {
    if (this.#length + samples.length > this.#samples.length) {
      const larger = new Int16Array(2 * (this.#length + samples.length));
      larger.set(this.#samples.subarray(0, this.#length));
      this.#samples = larger;
    }
    this.#samples.set(samples, this.#length);
    this.#length += samples.length;
    if (isSpeech) this.#addSpeech(this.endSeconds - samples.length / speechSampleRate, this.endSeconds);
  }

  /** The recogniser has heard it up to here. */
  decoded(toSeconds: number): void {
    this.#decodedSample = Math.max(this.#decodedSample, Math.round(toSeconds * speechSampleRate));
  }

  /** Lets go of what lies before `seconds`. */
  trim(seconds: number): void {
    const samples = Math.min(
      this.#length,
      Math.max(0, Math.round(seconds * speechSampleRate) - this.#firstSample),
    );
    this.#samples.copyWithin(0, samples, this.#length);
    this.#length -= samples;
    this.#firstSample += samples;
    this.#decodedSample = Math.max(this.#decodedSample, this.#firstSample);
    this.#speech = this.#speech.filter(stretch => stretch.endSeconds > this.startSeconds);
  }

  /** It is over, and its end lies at `sample`. Returns what it held beyond. */
  finish(sample = this.endSample): Int16Array {
    const kept = Math.max(0, Math.min(this.#length, sample - this.#firstSample));
    const beyond = this.#samples.slice(kept, this.#length);
    this.#length = kept;
    this.#decodedSample = Math.min(this.#decodedSample, this.endSample);
    this.#isOver = true;
    this.overAtMillis = performance.now();
    return beyond;
  }

  /** The softest place between two samples, in steps of `stepSamples`. */
  softestSample(fromSample: number, toSample: number, stepSamples: number): number {
    let softest = toSample;
    let least = Number.POSITIVE_INFINITY;
    for (let begin = fromSample; begin + stepSamples <= toSample; begin += stepSamples) {
      let power = 0;
      for (let n = begin - this.#firstSample; n < begin - this.#firstSample + stepSamples; n += 1) {
        power += (this.#samples[n] ?? 0) ** 2;
      }
      if (power >= least) continue;
      least = power;
      softest = begin + stepSamples / 2;
    }
    return softest;
  }

  #addSpeech(startSeconds: number, endSeconds: number): void {
    const last = this.#speech.at(-1);
    if (last !== undefined && startSeconds - last.endSeconds <= longestGapSeconds) {
      this.#speech[this.#speech.length - 1] = { startSeconds: last.startSeconds, endSeconds };
    } else {
      this.#speech.push({ startSeconds, endSeconds });
    }
  }
}
