import type { HeardCaption } from './heard-captions.ts';

/** What somebody said without a pause. */
export type Paragraph = {
  /** Of its first caption; stays while it grows. */
  readonly key: number;
  readonly start: number;
  readonly captions: readonly HeardCaption[];
};

const pauseSeconds = 2;
const fullLetters = 420;
const sentenceEnd = /[.!?…。！？]["'”’»)]*$/;

/**
 * The captions as paragraphs: a new one after a pause, and where a sentence ends when it has become long. What comes
 * later never changes where an earlier one begins.
 */
export function transcriptParagraphs(captions: readonly HeardCaption[]): Paragraph[] {
  const paragraphs: { key: number; start: number; captions: HeardCaption[] }[] = [];
  let letters = 0;
  let before: HeardCaption | undefined;
  for (const caption of captions) {
    if (caption.words.length === 0) continue;
    const isFull = letters > fullLetters && sentenceEnd.test(before?.text ?? '');
    const last = paragraphs.at(-1);
    if (last === undefined || before === undefined || caption.start - before.end > pauseSeconds || isFull) {
      paragraphs.push({ key: caption.index, start: caption.start, captions: [caption] });
      letters = 0;
    } else {
      last.captions.push(caption);
    }
    letters += caption.text.length;
    before = caption;
  }
  return paragraphs;
}

/** The words alone, a blank line between paragraphs. */
export function transcriptText(captions: readonly HeardCaption[]): string {
  const textOf = ({ words }: HeardCaption) => words.map(({ text }) => text).join(' ');
  return transcriptParagraphs(captions)
    .map(paragraph => paragraph.captions.map(textOf).join(' '))
    .join('\n\n');
}
