import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../journal/whole-writes.ts';
import { flushFile, flushFolder } from '../store/flushed-files.ts';

// Sockets bring 64 KiB at a time: so many together are one write, and the next are gathered meanwhile.
const writtenAtOnceBytes = 1_048_576;
// What a slow client sent is safe after this, too.
const writtenAfterMillis = 1_000;
// Flushed to the device this often, as a journal is, and more often when much comes: whoever waits for the last bytes to be
// on the device waits for so many at the most.
const flushedAfterMillis = 1_000;
const flushedAfterBytes = 33_554_432;

/** How a file is appended to. */
export type Appending = {
  /** The file exists and ends here. */
  readonly offset: number;
  /** Asked after each write, with where the file ends then; what it throws ends the appending. */
  readonly onWritten: (endOffset: number) => Promise<void> | void;
  /** Told at the end, however it came: resolves once all that was written is on the device, where a power cut leaves it. */
  readonly onFlushing: (flushed: Promise<void>) => void;
  readonly signal: AbortSignal;
};

/**
 * Appends what a stream brings to a file, at the stream's pace and in bounded memory; gives where the file ends. All that
 * came before a stream broke is written. What is written survives the death of this process; beside that it is flushed to
 * the device, once a second and at the end.
 * @throws what the stream, the file system and `onWritten` throw; the signal's reason.
 */
export async function appendToFile(
  file: string,
  source: AsyncIterable<Buffer>,
  { offset, onWritten, onFlushing, signal }: Appending,
): Promise<number> {
  const handle = await open(file, 'r+');
  const flusher = new Flusher(handle);
  let [gathered, gatheredBytes, end] = [[] as Buffer[], 0, offset];
  let writing: Promise<void> = Promise.resolve();
  let writtenAtMillis = performance.now();
  const write = async () => {
    const [buffers, position] = [gathered, end];
    end += gatheredBytes;
    [gathered, gatheredBytes] = [[], 0];
    writtenAtMillis = performance.now();
    await writeWhole(handle, buffers, position);
    flusher.written(lengthOf(buffers));
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
      writing = write();
      // Its failure is met at the next turn, not as one that nobody awaits.
      writing.catch(() => undefined);
    }
  } finally {
    try {
      await writing;
      if (gatheredBytes > 0) await write();
    } finally {
      onFlushing(flusher.end());
    }
  }
  return end;
}

/** Gives a file that is there whole its name once a power cut takes neither. @throws what the file system throws. */
export async function nameForGood(partialFile: string, file: string): Promise<void> {
  await flushFile(partialFile);
  await rename(partialFile, file);
  await flushFolder(dirname(file));
}

/** Flushes a file that has its name already, and the name. Nothing happens when it is gone. @throws what the file system throws. */
export async function keepForGood(file: string): Promise<void> {
  await flushFile(file).catch(ignoreMissing);
  await flushFolder(dirname(file)).catch(ignoreMissing);
}

/** Flushes one file to the device beside the writing; lets it go at the end. */
class Flusher {
  readonly #handle: FileHandle;
  #unflushedBytes = 0;
  #flushing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws what flushing failed with before: what the device lost is lost. */
  written(bytes: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#unflushedBytes += bytes;
    if (this.#unflushedBytes >= flushedAfterBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), flushedAfterMillis);
  }

  /** Resolves when all is on the device; the file is closed then in any case. */
  async end(): Promise<void> {
    try {
      await this.#flushing;
      if (this.#unflushedBytes > 0) this.#flush();
      await this.#flushing;
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      clearTimeout(this.#timer);
      await this.#handle.close();
    }
  }

  /** One at a time; what is written meanwhile is due again after it. */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flushing !== null) return;
    this.#unflushedBytes = 0;
    const flushing = this.#handle.datasync().catch((error: unknown) => {
      this.#failure = error;
    });
    this.#flushing = flushing.then(() => {
      this.#flushing = null;
      if (this.#unflushedBytes > 0) this.#timer ??= setTimeout(() => this.#flush(), flushedAfterMillis);
    });
  }
}

function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
