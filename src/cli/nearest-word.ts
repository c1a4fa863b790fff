/** The known word that was most likely meant; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map(candidate => ({ candidate, distance: editDistance(word.slice(0, 40), candidate) }))
    .sort((one, other) => one.distance - other.distance);
  // More than half the word wrong: a guess would only puzzle.
  const isNear = first !== undefined && first.distance <= Math.ceil(first.candidate.length / 2);
  return isNear ? first.candidate : undefined;
}

/** How many letters must be put in, left out or exchanged to make one word of the other (Levenshtein). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const exchanged = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
