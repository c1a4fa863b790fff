import { detectorFrameSamples, type SpeechDetector } from './speech-detector.ts';

/** A piece of sound, and whether it is speech. */
export type JudgedPiece = { readonly pcm: Int16Array; readonly isSpeech: boolean };

// Sound that turns out to have been speech did so within a second.
const longestDoubtFrames = 60;
// Within a word there are moments of nothing, before a p or a t.
const longestGapFrames = 8;

/**
 * Judges recorded sound with a detector made for live sound: what was only sound when it came, and then went on as
 * speech, was speech from its beginning. One per recording; takes its sound without holes.
 */
export class RecordedSpeech {
  readonly #detector: SpeechDetector;
  #rest: Int16Array = new Int16Array(0);
  // Sound that may be speech, with the short gaps in it.
  #doubtful: Int16Array[] = [];
  #quietFrames = longestGapFrames;

  constructor(detector: SpeechDetector) {
    this.#detector = detector;
  }

  /** The sound in pieces of 20 ms, each with what it is; the last second of it may come later. */
  judge(pcm: Int16Array): JudgedPiece[] {
    const sound = joined(this.#rest, pcm);
    const judged: JudgedPiece[] = [];
    let at = 0;
    for (; at + detectorFrameSamples <= sound.length; at += detectorFrameSamples) {
      this.#hear(sound.slice(at, at + detectorFrameSamples), judged);
    }
    this.#rest = sound.slice(at);
    return judged;
  }

  /** No more sound comes: what is left. */
  flush(): JudgedPiece[] {
    const judged: JudgedPiece[] = [];
    if (this.#rest.length > 0)
      this.#hear(joined(this.#rest, new Int16Array(detectorFrameSamples - this.#rest.length)), judged);
    this.#decide(false, judged);
    this.#rest = new Int16Array(0);
    return judged;
  }

  #hear(frame: Int16Array, judged: JudgedPiece[]): void {
    const heard = this.#detector.hear(frame);
    if (heard === 'speech') {
      this.#decide(true, judged);
      judged.push({ pcm: frame, isSpeech: true });
      return;
    }
    this.#quietFrames = heard === 'nothing' ? this.#quietFrames + 1 : 0;
    this.#doubtful.push(frame);
    if (this.#quietFrames > longestGapFrames) this.#decide(false, judged);
    else if (this.#doubtful.length > longestDoubtFrames)
      judged.push({ pcm: this.#doubtful.shift() as Int16Array, isSpeech: false });
  }

  #decide(isSpeech: boolean, judged: JudgedPiece[]): void {
    for (const pcm of this.#doubtful.splice(0)) judged.push({ pcm, isSpeech });
    this.#quietFrames = longestGapFrames;
  }
}

function joined(one: Int16Array, other: Int16Array): Int16Array {
  if (one.length === 0) return other;
  const both = new Int16Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
