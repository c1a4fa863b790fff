import type { CaptionWord } from '../../api/caption.ts';
import type { HeardCaption } from './heard-captions.ts';

/** A word as it is shown. */
export type ShownWord = Pick<CaptionWord, 'text' | 'start'> & {
  /** Whether it will hardly change any more; others are shown lighter. */
  readonly isSettled: boolean;
};

/** One line of a caption; `key` stays the same while the caption grows. */
export type CaptionRow = {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly words: readonly ShownWord[];
};

/**
 * Breaks a caption into lines of at most `width` letters. From its beginning on, so that a word that comes later
 * never moves one that has been read.
 */
export function captionRows(caption: HeardCaption, width: number): CaptionRow[] {
  const rows: { start: number; end: number; words: ShownWord[] }[] = [];
  let used = 0;
  for (const [index, { text, start, end }] of caption.words.entries()) {
    const letters = letterWidth(text);
    let row = rows.at(-1);
    if (row === undefined || used + 1 + letters > width) {
      row = { start, end, words: [] };
      rows.push(row);
      used = letters;
    } else {
      used += 1 + letters;
    }
    row.words.push({ text, start, isSettled: index < caption.settledWords });
    row.end = end;
  }
  return rows.map((row, index) => ({ key: `${caption.index}.${index}`, ...row }));
}

/** How many letters' room a row takes. */
export function rowLetters({ words }: Pick<CaptionRow, 'words'>): number {
  return words.reduce((sum, { text }) => sum + 1 + letterWidth(text), -1);
}

const wideLetters = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/gu;

// Chinese, Japanese and Korean letters are about twice as wide.
function letterWidth(text: string): number {
  return [...text].length + (text.match(wideLetters)?.length ?? 0);
}
