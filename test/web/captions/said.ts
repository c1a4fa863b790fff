import type { Page } from 'playwright-core';
import type { Caption } from '../../../src/api/caption.ts';

const secondsPerWord = 0.4;

/** A caption of these words from `start` on, one each 0.4 s. */
export function said(index: number, start: number, text: string, change: Partial<Caption> = {}): Caption {
  const words = text.split(' ').map((word, at) => ({
    text: word,
    start: start + at * secondsPerWord,
    end: start + (at + 1) * secondsPerWord,
    probability: 0.9,
  }));
  const end = start + words.length * secondsPerWord;
  return { index, revision: 1, final: true, start, end, text, words, ...change };
}

/** What stands over the picture now, blanks and lines as single blanks. */
export async function shownWords(page: Page): Promise<string> {
  const rows = await page.getByTestId('captions').locator('p').allTextContents();
  return rows.map(row => row.replace(/\s+/g, ' ').trim()).join(' ');
}
