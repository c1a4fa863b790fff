import type { CaptionWord } from '../../api/caption.ts';
import { endsSentence } from './word-likeness.ts';

/** The buffer, and what is committed; seconds on the media timeline. */
export type TrimmedBuffer = {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** The newest committed words (`CommitmentPolicy.recent`). */
  readonly committed: readonly CaptionWord[];
};

/** From which length on a buffer is cut. */
export type TrimSettings = {
  /** Where a committed sentence ends. */
  readonly sentenceSeconds: number;
  /** Else in front of the last committed words... */
  readonly wordSeconds: number;
  /** ...of which so many stay: at least 1. */
  readonly keptWords: number;
};

/** As measured (docs/decisions/0006). */
export const defaultTrimming: TrimSettings = { sentenceSeconds: 2, wordSeconds: 3, keptWords: 2 };

/**
 * Where the buffer may begin from now on, or null where it shall stay: behind the last committed sentence, or, when it is
 * long, in front of the last committed word; never within what is not committed. So it may still be too long for the recogniser
 * when nothing gets committed: then its utterance has to be finished.
 */
export function trimmedStart(
  { startSeconds, endSeconds, committed }: TrimmedBuffer,
  { sentenceSeconds, wordSeconds, keptWords }: TrimSettings = defaultTrimming,
): number | null {
  const lengthSeconds = endSeconds - startSeconds;
  const last = committed.at(-1);
  if (last === undefined || last.end <= startSeconds || last.end > endSeconds) return null;
  if (lengthSeconds <= sentenceSeconds) return null;
  const sentence = committed.findLast(word => endsSentence(word.text));
  if (sentence !== undefined && sentence.end > startSeconds) return sentence.end;
  if (lengthSeconds <= wordSeconds) return null;
  // Times are rough: a cut harms the words beside it, and had better harm none that is still to be heard.
  const kept = committed.at(-keptWords)?.start ?? startSeconds;
  return kept > startSeconds ? kept : null;
}
