/** Longest key, in characters: behind them titles count as equal, and the index stays small. */
const longestKey = 100;
const digitsCompared = 10;

/**
 * The word by which titles are put in order, compared by its code points (Postgres' collation "C"), so that the
 * order is the same on every database and never changes with a library of its: letters without case and accents,
 * numbers by their size ("Part 2" before "Part 10").
 */
export function titleKey(title: string): string {
  const plain = plainLetters(title);
  const words = plain.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  // Titles of signs alone still have an order.
  const numbered = (words || plain).replace(/[0-9]+/g, digits =>
    digits.replace(/^0+(?=.)/, '').padStart(digitsCompared, '0'),
  );
  return Array.from(numbered.replace(/\p{Cs}/gu, '\ufffd'))
    .slice(0, longestKey)
    .join('');
}

/** A text without case and accents, and with letters that are written in several ways written in one. */
export function plainLetters(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
