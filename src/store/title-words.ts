import { plainLetters } from './title-key.ts';

/** What the index takes for a letter on every database: of a word of fewer it holds beginnings only. */
const shortestPart = 3;
const encodedLength = 5;
const encodedBase = 13;
const firstCapital = 'A'.charCodeAt(0);

/**
 * A title as it is searched: a blank, its words with a blank behind each, without case, accents and signs; pictures
 * stay. Letters other than a-z are written as five capitals, the first of them A-M and the others N-Z: what trigrams
 * are made of (`pg_trgm`) depends on the database's locale, and with the embedded one's they are ASCII alone. So a
 * pattern finds whole letters only, and one letter of Chinese is enough for the index.
 */
export function titleWords(title: string): string {
  return encoded(folded(` ${title} `));
}

/**
 * The pattern of `like` by which `titleWords` has a word: anywhere in it; one of one or two letters at the beginning
 * of a word, for else it says nothing and no index has it. A sign is where words end: `"art"` is the whole word.
 * Undefined for a word of signs alone.
 */
export function titleWordPattern(word: string): string | undefined {
  const plain = encoded(folded(word));
  const { length } = plain.trim();
  if (length === 0) return undefined;
  const isBegun = length >= shortestPart || plain.startsWith(' ');
  return `%${isBegun ? '' : ' '}${plain}%`;
}

function folded(text: string): string {
  return plainLetters(text).replace(/[^\p{L}\p{N}\p{So}]+/gu, ' ');
}

function encoded(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, letter => {
    let rest = letter.codePointAt(0) ?? 0;
    let capitals = '';
    for (let place = 1; place <= encodedLength; place += 1) {
      const digit = (rest % encodedBase) + (place === encodedLength ? 0 : encodedBase);
      capitals = String.fromCharCode(firstCapital + digit) + capitals;
      rest = Math.floor(rest / encodedBase);
    }
    return capitals;
  });
}
