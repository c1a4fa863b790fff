import type { Test } from 'tap';
import { readFrameNumbers } from './numbered-frames.ts';

/** The pictures of an archive, each of which shows its number: all of them must be clear and in order. */
export async function archivedPictures(t: Test, file: string) {
  const frames = await readFrameNumbers(file);
  const numbers = frames.map(({ number }) => number ?? Number.NaN);
  t.notOk(numbers.some(Number.isNaN), 'the archive is clear');
  // A canvas that stands still may be sent again.
  t.same(
    numbers,
    [...numbers].sort((a, b) => a - b),
    'and in order',
  );
  return frames;
}
