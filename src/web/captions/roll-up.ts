import { type CaptionRow, rowLetters } from './caption-rows.ts';

const rowsShown = 2;
const longestBacklogRows = 4;
const readingMillisPerLetter = 70;
const shortestShownMillis = 4_000;
// Late rows follow each other faster than they were said (about 65 ms a letter), so that they catch up.
const catchUpMillisPerLetter = 40;
const shortestStepMillis = 600;
const staleSeconds = 8;

type Stay = { grownAtMillis: number; words: number };

/**
 * Live captions as on television: two rows at most, a new one below pushes the upper one out. Recognition takes
 * longer than the picture, so most words come when their time is past: they are shown at once. Many late rows are
 * shown one after the other, at a pace that can be read; when that falls behind, the oldest are left out.
 */
export class RollUp {
  /** The rows that have had their turn, and since when they have been as they are. */
  readonly #stays = new Map<string, Stay>();
  #isFresh = true;
  #nextAtMillis = 0;

  /** Forgets what was shown: somebody has jumped to another place. */
  reset(): void {
    this.#stays.clear();
    this.#isFresh = true;
    this.#nextAtMillis = 0;
  }

  /**
   * What to show now.
   * @param rows the last rows that are known, in order
   * @param seconds the playhead; infinite where nothing is played
   * @param nowMillis any clock that does not stand still
   */
  show(rows: readonly CaptionRow[], seconds: number, nowMillis: number): readonly CaptionRow[] {
    const due = rows.filter(row => row.start <= seconds).map(row => begun(row, seconds));
    this.#letIn(due, seconds, nowMillis);
    const shown = due.filter(row => this.#stays.has(row.key)).slice(-rowsShown);
    for (const row of shown) this.#noteGrowth(row, nowMillis);
    this.#forgetAllBut(rows);
    return shown.filter(row => nowMillis < this.#untilMillis(row));
  }

  #letIn(due: readonly CaptionRow[], seconds: number, nowMillis: number): void {
    // Who comes in the middle is not shown what was said before, but for the last words.
    const nowSeconds = Number.isFinite(seconds) ? seconds : (due.at(-1)?.end ?? 0);
    const recent = due.slice(-rowsShown).filter(({ end }) => end >= nowSeconds - staleSeconds);
    if (this.#isFresh) for (const row of due.slice(0, due.length - recent.length)) this.#pass(row);
    this.#isFresh = false;
    const waiting = due.filter(row => !this.#stays.has(row.key));
    for (const row of waiting.splice(0, waiting.length - longestBacklogRows)) this.#pass(row);
    for (const [index, row] of waiting.entries()) {
      if (nowMillis < this.#nextAtMillis) return;
      this.#stays.set(row.key, { grownAtMillis: nowMillis, words: 0 });
      const isLate = index < waiting.length - 1;
      const stepMillis = Math.max(shortestStepMillis, rowLetters(row) * catchUpMillisPerLetter);
      this.#nextAtMillis = isLate ? nowMillis + stepMillis : nowMillis;
    }
  }

  /** Takes a row as shown, and over. */
  #pass({ key, words }: CaptionRow): void {
    this.#stays.set(key, { grownAtMillis: Number.NEGATIVE_INFINITY, words: words.length });
  }

  #noteGrowth({ key, words }: CaptionRow, nowMillis: number): void {
    if (this.#stays.get(key)?.words === words.length) return;
    this.#stays.set(key, { grownAtMillis: nowMillis, words: words.length });
  }

  #untilMillis(row: CaptionRow): number {
    const { grownAtMillis } = this.#stays.get(row.key) as Stay;
    return grownAtMillis + Math.max(shortestShownMillis, rowLetters(row) * readingMillisPerLetter);
  }

  #forgetAllBut(rows: readonly CaptionRow[]): void {
    const keys = new Set(rows.map(({ key }) => key));
    for (const key of this.#stays.keys()) if (!keys.has(key)) this.#stays.delete(key);
  }
}

/** The row as far as it has been said. */
function begun(row: CaptionRow, seconds: number): CaptionRow {
  const words = row.words.filter(({ start }) => start <= seconds);
  return words.length === row.words.length ? row : { ...row, words };
}
