import type { CaptionWord } from '../../api/caption.ts';

/**
 * The words with times that never go backwards: none begins before the one in front of it is over, none before
 * `fromSeconds`, none ends before it begins. Texts stay.
 */
export function withRisingTimes(words: readonly CaptionWord[], fromSeconds: number): CaptionWord[] {
  let reachedSeconds = fromSeconds;
  return words.map(word => {
    const start = Math.max(word.start, reachedSeconds);
    const end = Math.max(word.end, start);
    reachedSeconds = end;
    return start === word.start && end === word.end ? word : { ...word, start, end };
  });
}
