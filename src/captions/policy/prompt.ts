import type { CaptionWord } from '../../api/caption.ts';
import { endsSentence } from './word-likeness.ts';

// Whisper takes 224 tokens of prompt; a long one costs time in every request and drags old errors along.
const longestCharacters = 200;
// After such a pause something else may be spoken of, or somebody else speaks.
const longestPauseSeconds = 5;

/**
 * The committed words right before the buffer, as context for the recogniser: at most 200 characters, none from before a
 * pause of 5 s. Words that are still in the buffer are left out: a recogniser tends to leave out what its prompt says.
 * Empty when a sentence ended right there: then the buffer explains itself, and a prompt only costs time.
 */
export function promptBefore(committed: readonly CaptionWord[], bufferStartSeconds: number): string {
  const words: string[] = [];
  let nextSeconds = bufferStartSeconds;
  let characters = 0;
  for (const word of committed.toReversed()) {
    // Half of it is heard: then it is in the buffer.
    if ((word.start + word.end) / 2 > bufferStartSeconds) continue;
    characters += word.text.length + 1;
    if (nextSeconds - word.end > longestPauseSeconds || characters > longestCharacters) break;
    if (words.length === 0 && endsSentence(word.text)) break;
    words.unshift(word.text);
    nextSeconds = word.start;
  }
  return words.join(' ');
}
