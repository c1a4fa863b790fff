/** How two texts lie beside each other: for each word of the first its place in the second, null when it is not there. */
export type Alignment = {
  /** Words that are other, missing or too many. */
  readonly errors: number;
  readonly places: readonly (number | null)[];
};

/** Aligns two texts, word by word, with the fewest errors (Levenshtein). */
export function aligned(reference: readonly string[], heard: readonly string[]): Alignment {
  const rows = [heard.map((_, at) => at).concat(heard.length)];
  for (const [row, word] of reference.entries()) {
    const above = rows[row]!;
    const next = [row + 1];
    for (const [at, other] of heard.entries()) {
      next.push(Math.min(above[at]! + (word === other ? 0 : 1), above[at + 1]! + 1, next[at]! + 1));
    }
    rows.push(next);
  }
  const places: (number | null)[] = reference.map(() => null);
  let at = heard.length;
  for (let row = reference.length; row > 0 && at > 0; ) {
    const isSame = reference[row - 1] === heard[at - 1];
    if (rows[row]![at]! === rows[row - 1]![at - 1]! + (isSame ? 0 : 1)) {
      row -= 1;
      at -= 1;
      if (isSame) places[row] = at;
    } else if (rows[row]![at]! === rows[row - 1]![at]! + 1) row -= 1;
    else at -= 1;
  }
  return { errors: rows.at(-1)!.at(-1)!, places };
}
