import type { CaptionWord } from '../../api/caption.ts';

/** What the recogniser heard in the buffer, as far as it can be believed; seconds on the media timeline. */
export type BufferHypothesis = {
  /** Where the buffer begins and ends. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Their times rise. */
  readonly words: readonly CaptionWord[];
};

/** What one more hypothesis has settled. */
export type Commitment = {
  /** Committed by this hypothesis: they follow what was committed before, and never change again. */
  readonly committed: readonly CaptionWord[];
  /** What may be shown behind them for now; replaces the partial text before. */
  readonly partial: readonly CaptionWord[];
};

/**
 * Decides which of the words that a recogniser hears in a growing buffer are settled. One per session: it goes on from
 * utterance to utterance, and media time only rises. LocalAgreement is one; a recogniser that tells its attention
 * could be followed by another (AlignAtt).
 */
export interface CommitmentPolicy {
  /** The newest committed words, enough for a prompt and for cutting the buffer; bounded. */
  readonly recent: readonly CaptionWord[];
  /** The buffer was heard once more, with more sound at its end, perhaps with less at its beginning. */
  heard(hypothesis: BufferHypothesis): Commitment;
  /**
   * The utterance is over: its last hypothesis commits all that follows what is committed already. null: it could not
   * be heard once more, then what was heard last has to do. `partial` is empty.
   */
  finish(hypothesis: BufferHypothesis | null): Commitment;
}
