import type { CaptionWord } from '../../api/caption.ts';

/** What is compared of a word: letters, digits and the marks on them, without case and punctuation. May be empty. */
export function bareWord(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '');
}

/** Whether two hypotheses mean the same word, wherever they hear it. */
export function isSameText(one: CaptionWord, other: CaptionWord): boolean {
  return bareWord(one.text) === bareWord(other.text);
}

/** Whether the word ends a sentence. */
export function endsSentence(text: string): boolean {
  return /[.!?…。！？।؟]["'”’»)\]]*$/u.test(text);
}

/** Whether the word ends a clause: a place for a pause in reading. */
export function endsClause(text: string): boolean {
  return /[,;:—–、，；：،]["'”’»)\]]*$/u.test(text);
}

/** How many words of `other`, from its first, repeat those of `one`. */
export function commonPrefixLength(
  one: readonly CaptionWord[],
  other: readonly CaptionWord[],
  isSame: (one: CaptionWord, other: CaptionWord) => boolean = isSameText,
): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) {
    if (!isSame(one[at]!, other[at]!)) return at;
  }
  return length;
}
