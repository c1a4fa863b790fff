import { speechSampleRate } from './recogniser.ts';
import { detectorFrameSamples, type Heard, type SpeechDetector } from './speech-detector.ts';
import { Utterance } from './utterance.ts';

/** Is told where somebody speaks. */
export interface UtteranceListener {
  /** Somebody began to speak; the utterance grows until it is over. */
  began(utterance: Utterance): void;
  /** A pause came, or it got too long. */
  ended(utterance: Utterance): void;
}

const frameSeconds = detectorFrameSamples / speechSampleRate;
/** Of sound around speech: recognisers hear first and last words better. */
const paddingFrames = Math.round(0.3 / frameSeconds);
/** After such a pause an utterance is over; with what the detector takes to hear it, that is known within 0.5 s. */
const pauseFrames = Math.round(0.3 / frameSeconds);
/** A voice is known by then, or nearly always (1.7 s were seen); what it said before is found in what is kept. */
const longestProofFrames = Math.round(2 / frameSeconds);
/** Sound before speech that may be its beginning: an "s" has no tone. */
const longestGapFrames = Math.round(0.2 / frameSeconds);
const keptFrames = longestProofFrames + paddingFrames;
/** A shorter hole is filled with silence, after a longer one everything begins anew. */
const longestHoleSamples = speechSampleRate;
/** Times that are off by less are rounding. */
const toleratedSamples = 8;
/** So much silence may be a pause: longer than within a word, nearly always. */
const hesitationFrames = Math.round(0.06 / frameSeconds);
/** A long utterance is cut at its softest moment of the last 2 s. */
const cutWithinSeconds = 2;

/** So much sound before the newest may still turn out to belong to an utterance, seconds. */
export const longestLookBackSeconds = keptFrames * frameSeconds;

/** An utterance holds at most this much sound that is not trimmed, seconds. */
export const longestUtteranceSeconds = 12;

/** Finds the utterances in a stream of sound, with a detector of speech that is its alone. */
export class UtteranceFinder {
  readonly #detector: SpeechDetector;
  readonly #listener: UtteranceListener;
  readonly #longestSeconds: number;
  readonly #frame = new Int16Array(detectorFrameSamples);
  #filled = 0;
  /** Place of the sample that is expected next; null: of any. */
  #nextSample: number | null = null;
  /** The newest frames that are in no utterance. */
  #kept: { readonly samples: Int16Array; readonly heard: Heard }[] = [];
  #utterance: Utterance | null = null;
  #framesSinceSpeech = 0;

  constructor(
    detector: SpeechDetector,
    listener: UtteranceListener,
    longestSeconds: number = longestUtteranceSeconds,
  ) {
    this.#detector = detector;
    this.#listener = listener;
    this.#longestSeconds = longestSeconds;
  }

  /** The one that goes on, if any. */
  get utterance(): Utterance | null {
    return this.#utterance;
  }

  /** The speaker is silent for a moment, and has perhaps said everything. */
  get isPausing(): boolean {
    return this.#framesSinceSpeech >= hesitationFrames;
  }

  /** Up to here on the media timeline sound was heard, seconds. */
  get heardSeconds(): number {
    return ((this.#nextSample ?? 0) - this.#filled) / speechSampleRate;
  }

  /** Sound at its place, 16 kHz mono. A hole is silence; what was heard before is left out. */
  push(startSeconds: number, pcm: Int16Array): void {
    const sample = Math.round(startSeconds * speechSampleRate);
    this.#nextSample ??= sample;
    const hole = sample - this.#nextSample;
    if (hole > longestHoleSamples) this.#beginAnew(sample);
    else if (hole > toleratedSamples) this.#take(new Int16Array(hole));
    this.#take(hole < -toleratedSamples ? pcm.subarray(Math.min(pcm.length, -hole)) : pcm);
  }

  /** No more sound comes: who speaks now has said everything. */
  end(): void {
    if (this.#utterance !== null) {
      this.#utterance.append(this.#frame.slice(0, this.#filled), false);
      this.#finish(this.#utterance.endSample);
    }
    this.#filled = 0;
    this.#kept = [];
  }

  #beginAnew(sample: number): void {
    this.end();
    this.#detector.reset();
    this.#nextSample = sample;
  }

  #take(pcm: Int16Array): void {
    let taken = 0;
    while (taken < pcm.length) {
      const count = Math.min(pcm.length - taken, detectorFrameSamples - this.#filled);
      this.#frame.set(pcm.subarray(taken, taken + count), this.#filled);
      taken += count;
      this.#filled += count;
      this.#nextSample = (this.#nextSample ?? 0) + count;
      if (this.#filled < detectorFrameSamples) continue;
      this.#filled = 0;
      this.#hear(this.#frame);
    }
  }

  #hear(frame: Int16Array): void {
    const heard = this.#detector.hear(frame);
    const utterance = this.#utterance;
    if (utterance === null) {
      this.#kept.push({ samples: frame.slice(), heard });
      if (this.#kept.length > keptFrames) this.#kept.shift();
      if (heard === 'speech') this.#begin();
      return;
    }
    utterance.append(frame, heard === 'speech');
    this.#framesSinceSpeech = heard === 'speech' ? 0 : this.#framesSinceSpeech + 1;
    if (this.#framesSinceSpeech >= pauseFrames) {
      this.#finish(utterance.endSample - (pauseFrames - paddingFrames) * detectorFrameSamples);
    } else if (utterance.lengthSeconds >= this.#longestSeconds) {
      this.#cut(utterance);
    }
  }

  /** A voice is heard for certain: the utterance began where its sound began, or a little before. */
  #begin(): void {
    const kept = this.#kept;
    let onset = kept.length - 1;
    for (let at = onset; at >= 0 && onset - at <= longestGapFrames + 1; at -= 1) {
      if (kept[at]!.heard !== 'nothing') onset = at;
    }
    const first = Math.max(0, onset - paddingFrames);
    const begin = (this.#nextSample ?? 0) - (kept.length - first) * detectorFrameSamples;
    const utterance = new Utterance(begin, this.#longestSeconds);
    for (const [at, { samples }] of kept.entries()) {
      if (at >= first) utterance.append(samples, at >= onset);
    }
    this.#kept = [];
    this.#utterance = utterance;
    this.#framesSinceSpeech = 0;
    this.#listener.began(utterance);
  }

  #finish(sample: number): void {
    const utterance = this.#utterance!;
    this.#utterance = null;
    const beyond = utterance.finish(sample);
    // What follows may be the padding of the next one.
    for (let at = 0; at + detectorFrameSamples <= beyond.length; at += detectorFrameSamples) {
      this.#kept.push({ samples: beyond.slice(at, at + detectorFrameSamples), heard: 'nothing' });
    }
    this.#listener.ended(utterance);
  }

  /** Somebody speaks without a pause, and nothing of it could be trimmed. */
  #cut(utterance: Utterance): void {
    const end = utterance.endSample;
    const from = end - cutWithinSeconds * speechSampleRate;
    const sample = utterance.softestSample(from, end, detectorFrameSamples);
    const rest = utterance.finish(sample);
    const next = new Utterance(sample, this.#longestSeconds);
    next.append(rest, true);
    this.#utterance = next;
    this.#listener.ended(utterance);
    this.#listener.began(next);
  }
}
