import type { Caption, CaptionWord } from '../../api/caption.ts';

/** A caption as it is known now. */
export type HeardCaption = Caption & {
  /** Words from its beginning that two revisions in a row agreed on: these hardly change any more. */
  readonly settledWords: number;
};

/** The captions of one video, the newest revision of each, in the order in which they were said. */
export class HeardCaptions {
  #captions: HeardCaption[] = [];
  #shown: readonly HeardCaption[] | undefined;
  #isTranscript = false;

  /** Without those whose words vanished: until others take their place there is nothing to show of them. */
  get all(): readonly HeardCaption[] {
    this.#shown ??= this.#captions.filter(({ words }) => words.length > 0);
    return this.#shown;
  }

  /** Whether this is the corrected transcript, which what was heard live no longer changes. */
  get isTranscript(): boolean {
    return this.#isTranscript;
  }

  /** Takes a caption in; false when it is older than what is known: what was shown never goes back. */
  add(caption: Caption): boolean {
    if (this.#isTranscript) return false;
    const at = this.#place(caption.index);
    const known = this.#captions[at];
    const isKnown = known?.index === caption.index;
    if (isKnown && (known.final || known.revision >= caption.revision)) return false;
    this.#shown = undefined;
    this.#captions.splice(at, isKnown ? 1 : 0, heard(caption, isKnown ? known : undefined));
    return true;
  }

  /** Puts the corrected transcript in place of all that was heard. */
  replace(transcript: readonly Caption[]): void {
    this.#shown = undefined;
    this.#captions = transcript.map(caption => heard({ ...caption, final: true }, undefined));
    this.#captions.sort((a, b) => a.index - b.index);
    this.#isTranscript = true;
  }

  // They come in order but for the first lot after a reconnect.
  #place(index: number): number {
    let at = this.#captions.length;
    while (at > 0 && (this.#captions[at - 1] as HeardCaption).index >= index) at -= 1;
    return at;
  }
}

/** The place in `captions` of the last one that has begun at `seconds`; -1 before the first. */
export function lastBegun(captions: readonly { readonly start: number }[], seconds: number): number {
  let low = 0;
  let high = captions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((captions[middle] as { start: number }).start <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function heard(caption: Caption, before: HeardCaption | undefined): HeardCaption {
  const words = caption.words.length > 0 ? caption.words : spread(caption);
  if (caption.final) return { ...caption, words, settledWords: words.length };
  let agreed = 0;
  while (agreed < words.length && words[agreed]?.text === before?.words[agreed]?.text) agreed += 1;
  const settledWords = Math.min(words.length, Math.max(agreed, before?.settledWords ?? 0));
  return { ...caption, words, settledWords };
}

/** Words without times of their own are spread over the caption's, by their length. */
function spread({ text, start, end }: Caption): CaptionWord[] {
  const words = text.split(/\s+/).filter(word => word !== '');
  const secondsPerLetter = (end - start) / Math.max(1, words.join('').length);
  let at = start;
  return words.map(word => {
    const from = at;
    at += word.length * secondsPerLetter;
    return { text: word, start: from, end: at, probability: 1 };
  });
}
