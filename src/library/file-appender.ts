import { open } from 'node:fs/promises';
import { writeWhole } from '../journal/whole-writes.ts';

// Sockets bring 64 KiB at a time: so many together are one write, and the next are gathered meanwhile.
const writtenAtOnceBytes = 1_048_576;
// What a slow client sent is safe after this, too.
const writtenAfterMillis = 1_000;

/** How a file is appended to. */
export type Appending = {
  /** The file exists and ends here. */
  readonly offset: number;
  /** Asked after each write, with where the file ends then; what it throws ends the appending. */
  readonly onWritten: (endOffset: number) => Promise<void> | void;
  readonly signal: AbortSignal;
};

/**
 * Appends what a stream brings to a file, at the stream's pace and in bounded memory; gives where the file ends.
 * All that came before a stream broke is written. What is written survives the death of this process.
 * @throws what the stream, the file system and `onWritten` throw; the signal's reason.
 */
export async function appendToFile(
  file: string,
  source: AsyncIterable<Buffer>,
  { offset, onWritten, signal }: Appending,
): Promise<number> {
  const handle = await open(file, 'r+');
  let [gathered, gatheredBytes, end] = [[] as Buffer[], 0, offset];
  let writing: Promise<void> = Promise.resolve();
  let writtenAtMillis = performance.now();
  const flush = async () => {
    const [buffers, position] = [gathered, end];
    end += gatheredBytes;
    [gathered, gatheredBytes] = [[], 0];
    writtenAtMillis = performance.now();
    await writeWhole(handle, buffers, position);
    await onWritten(position + lengthOf(buffers));
  };
  try {
    for await (const piece of source) {
      signal.throwIfAborted();
      gathered.push(piece);
      gatheredBytes += piece.length;
      const isDue = performance.now() - writtenAtMillis > writtenAfterMillis;
      if (gatheredBytes < writtenAtOnceBytes && !isDue) continue;
      await writing;
      writing = flush();
      // Its failure is met at the next turn, not as one that nobody awaits.
      writing.catch(() => undefined);
    }
  } finally {
    try {
      await writing;
      if (gatheredBytes > 0) await flush();
    } finally {
      await handle.close();
    }
  }
  return end;
}

function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}
