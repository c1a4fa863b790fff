import type { HeardCaption } from './heard-captions.ts';

/** A place where the sought words were said. */
export type Match = {
  /** Of the caption in which it begins. */
  readonly captionIndex: number;
  readonly start: number;
  /** The words that belong to it, each as `wordKey` names it. */
  readonly words: readonly string[];
};

/** Names a word of a transcript. */
export function wordKey(captionIndex: number, word: number): string {
  return `${captionIndex}.${word}`;
}

const mostMatches = 1_000;

/** Where `query` was said, also across captions; upper and lower case, accents and punctuation make no difference. */
export function findInTranscript(captions: readonly HeardCaption[], query: string): Match[] {
  const sought = fold(query).trim();
  if (sought === '') return [];
  const words = captions.flatMap(({ index, words }) =>
    words.map(({ text, start }, word) => ({
      captionIndex: index,
      key: wordKey(index, word),
      start,
      text: fold(text),
    })),
  );
  // Where each word ends in the text of all of them.
  const ends: number[] = [];
  let length = 0;
  for (const { text } of words) {
    length += text.length + 1;
    ends.push(length - 1);
  }
  const all = words.map(({ text }) => text).join(' ');
  const matches: Match[] = [];
  let word = 0;
  let at = all.indexOf(sought);
  while (at !== -1 && matches.length < mostMatches) {
    while ((ends[word] as number) <= at) word += 1;
    let last = word;
    while ((ends[last] as number) < at + sought.length) last += 1;
    const { captionIndex, start } = words[word] as (typeof words)[number];
    matches.push({ captionIndex, start, words: words.slice(word, last + 1).map(({ key }) => key) });
    at = all.indexOf(sought, at + sought.length);
  }
  return matches;
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s]/gu, '')
    .replace(/\s+/g, ' ');
}
