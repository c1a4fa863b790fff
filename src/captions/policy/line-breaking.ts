import type { CaptionWord } from '../../api/caption.ts';
import { endsClause, endsSentence } from './word-likeness.ts';

// What is read well (EBU-TT-D, BBC and Netflix guidelines agree): two lines of about 42 characters, no longer than 7 s.
const lineCharacters = 42;
const mostLines = 2;
const longestSeconds = 7;
// A pause after which something new begins.
const longPauseSeconds = 1;
// A pause at which one would rather break than in the flow of words.
const shortPauseSeconds = 0.25;
// A sentence that fills this much ends its caption; a shorter one ("Yes.") is joined by the next.
const fullCharacters = 24;
// A caption that has to end in the middle of a sentence keeps at least this share of its words.
const leastKeptShare = 0.4;

/** The texts broken into lines as a caption shows them: as many words to a line as fit, in lines of at most 42 characters. */
export function captionLines(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= lineCharacters) {
      lines[lines.length - 1] = `${last} ${text}`;
    } else {
      lines.push(text);
    }
  }
  return lines;
}

/**
 * The words divided into captions: each fits two lines of 42 characters and 7 s (a single word that does not stands alone),
 * and ends at the end of a sentence, at a pause, or else at the end of a clause. Decided from the front, so that the words to
 * come change no more than the last caption. None of none.
 */
export function captionsOf(words: readonly CaptionWord[]): CaptionWord[][] {
  const captions: CaptionWord[][] = [];
  let open: CaptionWord[] = [];
  for (const word of words) {
    if (open.length > 0 && endsBefore(open, word)) {
      captions.push(open);
      open = [];
    }
    while (open.length > 0 && !fits([...open, word])) {
      const kept = bestBreak(open, word);
      captions.push(open.slice(0, kept));
      open = open.slice(kept);
    }
    open.push(word);
  }
  if (open.length > 0) captions.push(open);
  return captions;
}

/** Whether the caption is over, however much room there is. */
function endsBefore(open: readonly CaptionWord[], next: CaptionWord): boolean {
  const last = open.at(-1)!;
  if (next.start - last.end >= longPauseSeconds) return true;
  return endsSentence(last.text) && textLength(open) >= fullCharacters;
}

function fits(words: readonly CaptionWord[]): boolean {
  if (words.length === 1) return true;
  if (words.at(-1)!.end - words[0]!.start > longestSeconds) return false;
  const lines = captionLines(words.map(word => word.text));
  return lines.length <= mostLines && lines.every(line => line.length <= lineCharacters);
}

/** How many words of a full caption stay in it: up to the best place to break, the latest of the equally good ones. */
function bestBreak(open: readonly CaptionWord[], next: CaptionWord): number {
  let best = open.length;
  let bestRank = 0;
  const least = Math.max(1, Math.ceil(open.length * leastKeptShare));
  for (let kept = open.length; kept >= least; kept -= 1) {
    const last = open[kept - 1]!;
    const pauseSeconds = (open[kept] ?? next).start - last.end;
    const rank = endsSentence(last.text)
      ? 3
      : pauseSeconds >= shortPauseSeconds
        ? 2
        : endsClause(last.text)
          ? 1
          : 0;
    if (rank > bestRank) [best, bestRank] = [kept, rank];
  }
  return best;
}

function textLength(words: readonly CaptionWord[]): number {
  return words.reduce((sum, word) => sum + word.text.length + 1, -1);
}
