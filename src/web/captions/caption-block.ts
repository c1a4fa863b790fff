import { type CaptionRow, captionRows } from './caption-rows.ts';
import { type HeardCaption, lastBegun } from './heard-captions.ts';

const rowsPerBlock = 2;
// A glance needs this long, and a line that goes the moment its last word is said feels torn away.
const lingerSeconds = 0.8;
const shortestSeconds = 1.4;

/**
 * What stands over the picture at `seconds` of a video whose words are known: two lines at a time, whole from their
 * first word on, until the next begin or shortly after their last word.
 */
export function blockAt(
  captions: readonly HeardCaption[],
  seconds: number,
  width: number,
): readonly CaptionRow[] {
  const caption = captions[lastBegun(captions, seconds)];
  if (caption === undefined) return [];
  const rows = captionRows([caption], width);
  let first = 0;
  while (first + rowsPerBlock < rows.length && startOf(rows, first + rowsPerBlock) <= seconds) {
    first += rowsPerBlock;
  }
  const block = rows.slice(first, first + rowsPerBlock);
  const end = Math.max((block.at(-1)?.end ?? 0) + lingerSeconds, startOf(rows, first) + shortestSeconds);
  return seconds < end ? block : [];
}

function startOf(rows: readonly CaptionRow[], index: number): number {
  return rows[index]?.start ?? Number.POSITIVE_INFINITY;
}
