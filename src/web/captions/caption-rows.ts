import type { CaptionWord } from '../../api/caption.ts';
import type { HeardCaption } from './heard-captions.ts';

/** A word as it is shown. */
export type ShownWord = Pick<CaptionWord, 'text' | 'start'> & {
  /** Whether it will hardly change any more; others are shown lighter. */
  readonly isSettled: boolean;
};

/** One line of captions; `key` stays the same while it grows. */
export type CaptionRow = {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly words: readonly ShownWord[];
};

const pauseSeconds = 1.5;
// So that lines can be made from here on without what was said an hour ago.
const captionsPerFlow = 16;

/** Whether a caption begins a line, whatever was said before. */
export function beginsRow(captions: readonly HeardCaption[], at: number): boolean {
  const [before, caption] = [captions[at - 1], captions[at]];
  if (before === undefined || caption === undefined) return true;
  return caption.index % captionsPerFlow === 0 || caption.start - before.end > pauseSeconds;
}

/**
 * Breaks captions into lines of at most `width` letters, on across captions where nobody pauses. From their beginning
 * on, so that a word that comes later never moves one that has been read; the first must be one that begins a row.
 */
export function captionRows(captions: readonly HeardCaption[], width: number): CaptionRow[] {
  const rows: { key: string; start: number; end: number; words: ShownWord[] }[] = [];
  let used = 0;
  let flow = { index: 0, rows: 0 };
  for (const [at, caption] of captions.entries()) {
    const isFirst = at === 0 || beginsRow(captions, at);
    if (isFirst) flow = { index: caption.index, rows: 0 };
    for (const [word, { text, start, end }] of caption.words.entries()) {
      const letters = letterWidth(text);
      let row = rows.at(-1);
      if (row === undefined || (isFirst && word === 0) || used + 1 + letters > width) {
        row = { key: `${flow.index}.${flow.rows}`, start, end, words: [] };
        flow.rows += 1;
        rows.push(row);
        used = letters;
      } else {
        used += 1 + letters;
      }
      row.words.push({ text, start, isSettled: word < caption.settledWords });
      row.end = end;
    }
  }
  return rows;
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
