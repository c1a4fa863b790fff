import type { CaptionWord } from '../../api/caption.ts';
import type { BufferHypothesis, Commitment, CommitmentPolicy } from './commitment-policy.ts';
import { committedSeam } from './committed-seam.ts';
import { withRisingTimes } from './rising-times.ts';
import { commonPrefixLength, isSameText } from './word-likeness.ts';

/** What may be tuned; bench/captions measures it. */
export type AgreementSettings = {
  /**
   * A word that ends this little before the end of the buffer may not be over yet: it is neither committed nor shown
   * while the speaker goes on.
   */
  readonly edgeSeconds: number;
  /** Two hypotheses that hear the same word further apart than this do not agree on it. */
  readonly longestShiftSeconds: number;
};

/** As measured (docs/decisions/0006). */
export const defaultAgreement: AgreementSettings = { edgeSeconds: 0.2, longestShiftSeconds: 1 };

// Enough for a prompt and for any buffer: a minute of quick speech.
const mostRecentWords = 200;
// Words that were said this long before the buffer begins cannot be heard in it, however rough their times are.
const seamReachSeconds = 1;

/**
 * LocalAgreement-2 (Macháček, Dabre, Bojar, "Turning Whisper into Real-Time Transcription System", 2023): the longest
 * prefix on which two consecutive hypotheses agree is committed. The rest of the newest one is the partial text, but for
 * words at the very end of the buffer, which are half heard.
 */
export class LocalAgreement implements CommitmentPolicy {
  readonly #settings: AgreementSettings;
  #recent: CaptionWord[] = [];
  // The words of the hypothesis before, and those of them that are shown, behind what is committed.
  #previous: readonly CaptionWord[] = [];
  #shown: readonly CaptionWord[] = [];

  constructor(settings: AgreementSettings = defaultAgreement) {
    this.#settings = settings;
  }

  get recent(): readonly CaptionWord[] {
    return this.#recent;
  }

  heard(hypothesis: BufferHypothesis): Commitment {
    const words = this.#newIn(hypothesis);
    const edgeSeconds = hypothesis.endSeconds - this.#settings.edgeSeconds;
    const atEdge = words.findIndex(word => word.end > edgeSeconds);
    const whole = atEdge === -1 ? words.length : atEdge;
    const agreed = commonPrefixLength(this.#previous, words, (before, now) => this.#agree(before, now));
    const settled = Math.min(agreed, whole);
    // What was shown already stays, also when its time has moved to the edge.
    const shown = Math.max(whole, commonPrefixLength(this.#shown, words));
    this.#commit(words.slice(0, settled));
    this.#previous = words.slice(settled);
    this.#shown = words.slice(settled, shown);
    return { committed: words.slice(0, settled), partial: this.#shown };
  }

  finish(hypothesis: BufferHypothesis | null): Commitment {
    const committed = hypothesis === null ? this.#previous : this.#newIn(hypothesis);
    this.#commit(committed);
    this.#previous = [];
    this.#shown = [];
    return { committed, partial: [] };
  }

  /** What the hypothesis holds behind the committed words, at times that follow theirs. */
  #newIn({ startSeconds, words }: BufferHypothesis): CaptionWord[] {
    const audible = this.#recent.filter(word => word.end > startSeconds - seamReachSeconds);
    const seam = committedSeam(audible, words, startSeconds);
    return withRisingTimes(words.slice(seam), this.#recent.at(-1)?.end ?? Number.NEGATIVE_INFINITY);
  }

  #agree(before: CaptionWord, now: CaptionWord): boolean {
    return (
      isSameText(before, now) && Math.abs(before.start - now.start) <= this.#settings.longestShiftSeconds
    );
  }

  #commit(words: readonly CaptionWord[]): void {
    this.#recent = [...this.#recent, ...words].slice(-mostRecentWords);
  }
}
