import type { CaptionWord } from '../../api/caption.ts';
import { bareWord } from './word-likeness.ts';

// What it costs to take a committed word for another one, or for left out: next to nothing when the buffer begins
// behind it, yet a rest of it may be heard at the cut.
const otherWordCost = 0.7;
const leftOutCost = 0.8;
const inaudibleCost = 0.02;
// A word that is heard where the committed text is over already was not said twice: rather no word than one twice.
const addedCost = 0.5;
// Recognisers' times of words are off by some tenths of a second: a word whose middle lies this far on the wrong
// side of the seam surely does not belong there.
const surelySeconds = 0.5;
// Half of the shortest new word.
const surelyNotSeconds = 0.06;

/**
 * How many words of the hypothesis, from its first, are the committed ones heard again; behind them is what is new.
 * The committed words are aligned with a beginning of the hypothesis by their texts (edit distance); times decide
 * where texts do not, as with "two two two".
 *
 * `committed`: those that may still be heard in the buffer, which begins at `bufferStartSeconds`.
 */
export function committedSeam(
  committed: readonly CaptionWord[],
  words: readonly CaptionWord[],
  bufferStartSeconds: number,
): number {
  const last = committed.at(-1);
  if (last === undefined) return 0;
  const misplaced = words.map(word => {
    const seconds = (word.start + word.end) / 2 - last.end;
    return { late: wrongness(seconds), early: wrongness(-seconds) };
  });

  const bareWords = words.map(word => bareWord(word.text));
  // costs[k]: of taking the committed words so far for the first k words of the hypothesis.
  let costs = [0];
  for (const { late } of misplaced) costs.push(costs.at(-1)! + addedCost + late);
  for (const word of committed) {
    const leftOut = (word.start + word.end) / 2 < bufferStartSeconds ? inaudibleCost : leftOutCost;
    const bare = bareWord(word.text);
    const next = [costs[0]! + leftOut];
    for (const [at, { late }] of misplaced.entries()) {
      const same = costs[at]! + late + (bareWords[at] === bare ? 0 : otherWordCost);
      next.push(Math.min(same, costs[at + 1]! + leftOut, next[at]! + addedCost + late));
    }
    costs = next;
  }
  return cheapest(costs, misplaced);
}

/** 0 to 1, for a word whose middle lies so far on the wrong side of the seam. */
function wrongness(seconds: number): number {
  return Math.min(1, Math.max(0, (seconds - surelyNotSeconds) / (surelySeconds - surelyNotSeconds)));
}

/** The seam with the least cost, that of words counted in which are left behind it where they cannot be new. */
function cheapest(costs: readonly number[], misplaced: readonly { readonly early: number }[]): number {
  let seam = 0;
  let least = Number.POSITIVE_INFINITY;
  let earlyBehind = misplaced.reduce((sum, { early }) => sum + early, 0);
  for (const [at, cost] of costs.entries()) {
    if (cost + earlyBehind < least - 1e-9) {
      seam = at;
      least = cost + earlyBehind;
    }
    earlyBehind -= misplaced[at]?.early ?? 0;
  }
  return seam;
}
