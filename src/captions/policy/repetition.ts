import { deflateSync } from 'node:zlib';
import type { CaptionWord } from '../../api/caption.ts';
import { bareWord } from './word-likeness.ts';

/** Whisper's own limit (`compression_ratio_threshold`): text that packs better than this goes round in circles. */
export const highestCompressionRatio = 2.4;

/** Bytes of the text over its bytes when packed by zlib; below 1 for short texts. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text);
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length;
}

const longestLoop = 8;
// "No, no, no, no" is said, and digits are read out; phrases are not said four times in a row.
const mostWordRepeats = 6;
const mostPhraseRepeats = 3;

/** The words without what goes round: of a word or phrase that is repeated too often, once is left. */
export function withoutLoops(words: readonly CaptionWord[]): CaptionWord[] {
  const bareWords = words.map(word => bareWord(word.text));
  const kept: CaptionWord[] = [];
  for (let at = 0; at < words.length; ) {
    const loop = loopAt(bareWords, at);
    kept.push(...words.slice(at, at + loop.length));
    at += loop.length * loop.repeats;
  }
  return kept;
}

/** The shortest phrase from here on that is repeated too often, else one word, once. */
function loopAt(bareWords: readonly string[], at: number): { length: number; repeats: number } {
  for (let length = 1; length <= longestLoop; length += 1) {
    let end = at + length;
    while (end < bareWords.length && bareWords[end] === bareWords[end - length]) end += 1;
    const repeats = Math.floor((end - at) / length);
    if (repeats > (length === 1 ? mostWordRepeats : mostPhraseRepeats)) return { length, repeats };
  }
  return { length: 1, repeats: 1 };
}
