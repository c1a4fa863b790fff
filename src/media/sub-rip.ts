import { type Cue, cueTimes, linesOf } from './cue.ts';

/** Cues as SubRip (`.srt`), which has no standard: numbers from 1, commas in times, plain text. */
export function subRip(cues: readonly Cue[]): string {
  const blocks: string[] = [];
  for (const cue of cues) {
    // What looks like markup to some players is shown as it is by the others: it must not be either.
    const lines = linesOf(
      cue.text
        .replace(/\p{Cc}/gu, ' ')
        .replaceAll('-->', '→')
        .replace(/[<>]/g, ''),
    );
    if (lines.length > 0) blocks.push(`${blocks.length + 1}\n${cueTimes(cue, ',')}\n${lines.join('\n')}\n`);
  }
  return blocks.join('\n');
}
