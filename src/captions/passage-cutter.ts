import type { Stretch } from './policy/credible-words.ts';
import { speechSampleRate } from './recogniser.ts';

/** A stretch of recorded sound with speech in it, cut at pauses: what one request to the recogniser holds. */
export type Passage = {
  /** Seconds on the media timeline. */
  readonly startSeconds: number;
  readonly pcm: Int16Array;
  /** Where in it the detector heard speech, seconds on the media timeline. */
  readonly speech: readonly Stretch[];
};

type Piece = { readonly pcm: Int16Array; readonly isSpeech: boolean };

// Speech begins softer than a detector hears, and its last sound fades.
const paddingSeconds = 0.3;
// A pause that ends a passage: recognisers make things up in longer ones, and shorter ones belong to the flow.
const longestPauseSeconds = 1.5;
// A passage that must end ends in its longest pause behind this share of it.
const leastShare = 0.5;

/**
 * Cuts recorded sound into passages of at most so many seconds: long ones, so that the recogniser knows what is spoken
 * of, without what is silent, and never within a word if there is a pause. Takes pieces of equal length (some 10 ms).
 */
export class PassageCutter {
  readonly #longestSeconds: number;
  #pieces: Piece[] = [];
  #startSamples = 0;
  #lengthSamples = 0;
  #hasSpeech = false;
  #quietSamples = 0;

  constructor(longestSeconds: number) {
    this.#longestSeconds = longestSeconds;
  }

  /** Takes the next piece of sound; returns the passage that is complete with it, if one is. */
  push(pcm: Int16Array, isSpeech: boolean): Passage | null {
    this.#pieces.push({ pcm, isSpeech });
    this.#lengthSamples += pcm.length;
    this.#hasSpeech ||= isSpeech;
    this.#quietSamples = isSpeech ? 0 : this.#quietSamples + pcm.length;
    if (!this.#hasSpeech) {
      this.#forgetBefore(paddingSeconds);
      return null;
    }
    if (this.#quietSamples >= longestPauseSeconds * speechSampleRate) return this.#end();
    if (this.#lengthSamples + pcm.length > this.#longestSeconds * speechSampleRate) return this.#cut();
    return null;
  }

  /** No more sound comes; what is left. */
  flush(): Passage | null {
    return this.#hasSpeech ? this.#end() : null;
  }

  /** Ends the passage behind its last speech; what follows may be the beginning of the next. */
  #end(): Passage {
    const last = this.#pieces.findLastIndex(({ isSpeech }) => isSpeech);
    let kept = last + 1;
    for (
      let samples = 0;
      kept < this.#pieces.length && samples < paddingSeconds * speechSampleRate;
      kept += 1
    ) {
      samples += this.#pieces[kept]?.pcm.length ?? 0;
    }
    const passage = this.#take(kept);
    this.#forgetBefore(paddingSeconds);
    return passage;
  }

  /** There is no room for more: ends the passage in the middle of its longest pause, or where it is quietest. */
  #cut(): Passage {
    const least = Math.floor(this.#pieces.length * leastShare);
    let best = { from: least, pieces: 0 };
    for (let from = least; from < this.#pieces.length; ) {
      const next = this.#pieces.findIndex(({ isSpeech }, at) => at >= from && isSpeech);
      const to = next === -1 ? this.#pieces.length : next;
      if (to - from >= best.pieces && to > from) best = { from, pieces: to - from };
      from = to + 1;
    }
    const at = best.pieces > 0 ? best.from + Math.ceil(best.pieces / 2) : this.#quietest(least);
    return this.#take(Math.max(1, at));
  }

  #quietest(from: number): number {
    const loudness = this.#pieces
      .slice(from)
      .map(({ pcm }) => pcm.reduce((sum, value) => sum + value * value, 0));
    return from + loudness.indexOf(Math.min(...loudness));
  }

  #take(count: number): Passage {
    const taken = this.#pieces.splice(0, count);
    const startSeconds = this.#startSamples / speechSampleRate;
    const speech: { startSeconds: number; endSeconds: number }[] = [];
    const pcm = new Int16Array(taken.reduce((sum, piece) => sum + piece.pcm.length, 0));
    let at = 0;
    let wasSpeech = false;
    for (const piece of taken) {
      pcm.set(piece.pcm, at);
      const pieceSeconds = startSeconds + at / speechSampleRate;
      at += piece.pcm.length;
      const endSeconds = startSeconds + at / speechSampleRate;
      const open = speech.at(-1);
      if (piece.isSpeech && wasSpeech && open !== undefined) open.endSeconds = endSeconds;
      else if (piece.isSpeech) speech.push({ startSeconds: pieceSeconds, endSeconds });
      wasSpeech = piece.isSpeech;
    }
    this.#startSamples += pcm.length;
    this.#lengthSamples -= pcm.length;
    this.#hasSpeech = this.#pieces.some(({ isSpeech }) => isSpeech);
    return { startSeconds, pcm, speech };
  }

  /** Silence in front of speech: only the last of it is kept. */
  #forgetBefore(seconds: number): void {
    const limit = seconds * speechSampleRate;
    while (this.#pieces.length > 0 && !this.#pieces[0]?.isSpeech) {
      const samples = this.#pieces[0]?.pcm.length ?? 0;
      if (this.#lengthSamples - samples < limit) return;
      this.#pieces.shift();
      this.#startSamples += samples;
      this.#lengthSamples -= samples;
    }
  }
}
