import { open } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { type FileLimits, probeFile } from '../ffmpeg/probe.ts';
import type { ProbedFile } from '../ffmpeg/probe-answer.ts';
import { type FileContainer, fileSniffBytes, sniffFile } from '../media/file-container.ts';
import { readBoxHead } from '../media/mp4-box.ts';
import { type PlainMovie, plainMovieIn } from '../media/plain-movie.ts';

/** With what, and up to which size, files are examined. */
export type ExaminingParts = { readonly run: Omit<RunSettings, 'signal'>; readonly limits: FileLimits };

/** What somebody sent, known by its bytes. */
export type ExaminedFile = { readonly container: FileContainer; readonly probed: ProbedFile };

/**
 * Finds out what a file is and whether a video can be made of it, without decoding it.
 * @throws LivereelError `unsupported-container`, `media-unusable`: the file is at fault; `program-failed`.
 */
export async function examineFile(
  settings: RunSettings,
  file: string,
  limits: FileLimits,
): Promise<ExaminedFile> {
  const container = await containerOf(file);
  return { container, probed: await probeFile(settings, file, container, limits) };
}

// A larger index is of hours, and nobody notices a tenth of a second more.
const largestMovieBytes = 4_194_304;
const mostBoxes = 64;
const boxHeadBytes = 16;

/** What an MP4's index claims, when it is a plain one (`plainMovieIn`); null for anything else. Reads little. */
export async function plainMovieOf(file: string): Promise<PlainMovie | null> {
  const handle = await open(file, 'r');
  try {
    for (let position = 0, count = 0; Number.isSafeInteger(position) && count < mostBoxes; count += 1) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(boxHeadBytes), 0, boxHeadBytes, position);
      const head = readBoxHead(buffer.subarray(0, bytesRead), 0);
      if (head === null || head === 'malformed') return null;
      if (head.type === 'moov') {
        if (head.sizeBytes > largestMovieBytes) return null;
        const movie = Buffer.alloc(head.sizeBytes - head.headBytes);
        const read = await handle.read(movie, 0, movie.length, position + head.headBytes);
        return read.bytesRead < movie.length ? null : plainMovieIn(movie);
      }
      position += head.sizeBytes;
    }
    return null;
  } finally {
    await handle.close();
  }
}

/** By its first bytes. @throws LivereelError `unsupported-container`, `media-unusable` for an empty file. */
export async function containerOf(file: string): Promise<FileContainer> {
  const container = sniffFile(await beginningOf(file, fileSniffBytes));
  if (container !== null) return container;
  throw new LivereelError(
    'unsupported-container',
    'This is no video file that livereel takes. Send MP4, MOV, AVI, MKV, WMV, FLV, WebM or MPEG-TS; the bytes decide, not the name.',
  );
}

/** The first bytes of a file, as many as there are. @throws LivereelError `media-unusable` when there are none. */
export async function beginningOf(file: string, mostBytes: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    if (bytesRead === 0) throw new LivereelError('media-unusable', 'The file is empty.');
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
