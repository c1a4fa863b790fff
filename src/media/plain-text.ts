import type { Cue } from './cue.ts';

// A speaker who pauses that long begins something new.
const paragraphPauseSeconds = 2;

/** Cues as text to read: a paragraph goes on until a long pause. */
export function plainText(cues: readonly Cue[]): string {
  let text = '';
  let endedAt = Number.NEGATIVE_INFINITY;
  for (const cue of cues) {
    const line = cue.text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
    if (line === '') continue;
    if (text !== '') text += cue.start - endedAt >= paragraphPauseSeconds ? '\n\n' : ' ';
    text += line;
    endedAt = cue.end;
  }
  return text === '' ? '' : `${text}\n`;
}
