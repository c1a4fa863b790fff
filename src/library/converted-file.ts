import type { RunSettings } from '../ffmpeg/background-run.ts';
import { FileMove } from '../ffmpeg/file-move.ts';
import { type FileLimits, probeFile } from '../ffmpeg/probe.ts';
import type { ProbedFile } from '../ffmpeg/probe-answer.ts';
import { movingArguments, type PictureSize } from '../ffmpeg/upload-coding.ts';
import {
  type Conversion,
  type Converted,
  convertUpload,
  encodePictures,
} from '../ffmpeg/upload-conversion.ts';
import type { FileContainer } from '../media/file-container.ts';
import { containerOf, plainMovieOf } from './original-file.ts';

/** A file that somebody sent, and where its video goes. */
export type AskedConversion = Omit<Conversion, 'container' | 'probed'> & {
  /** Refuses what may not become a video after all, once it is known what it is. */
  readonly admit: (probed: ProbedFile) => Promise<void>;
};

/** What was made, of what; `examinedAtMillis`: when it was known what the file is (`performance.now`). */
export type ConvertedFile = Converted & {
  readonly container: FileContainer;
  readonly probed: ProbedFile;
  readonly examinedAtMillis: number;
};

/**
 * Examines a file and converts it. One that claims to be a plain MP4 is moved while it is examined: what was moved is
 * kept only when the examination asks for the very same, so the claim decides nothing but what is tried first.
 * @throws LivereelError `unsupported-container`; as `probeFile` and `convertUpload`; what `admit` throws.
 */
export async function convertFile(
  settings: RunSettings,
  asked: AskedConversion,
  limits: FileLimits,
): Promise<ConvertedFile> {
  const container = await containerOf(asked.file);
  const early = await earlyMove(settings, asked, container);
  try {
    const probed = await probeFile(settings, asked.file, container, limits);
    await asked.admit(probed);
    const examinedAtMillis = performance.now();
    const converted = await convertUpload(settings, { ...asked, container, probed }, early);
    return { ...converted, container, probed, examinedAtMillis };
  } finally {
    await early?.close();
  }
}

/**
 * Encodes a file whose pictures were moved as they are and turned out to be of several codings, in place of that; they are
 * fitted into `size`. @throws as `convertUpload`.
 */
export async function encodeInstead(
  settings: RunSettings,
  asked: AskedConversion,
  moved: ConvertedFile,
  size: PictureSize,
): Promise<ConvertedFile> {
  const { container, probed } = moved;
  return { ...moved, ...(await encodePictures(settings, { ...asked, container, probed }, size)) };
}

async function earlyMove(
  settings: RunSettings,
  asked: AskedConversion,
  container: FileContainer,
): Promise<FileMove | null> {
  const movie = container === 'mp4' ? await plainMovieOf(asked.file) : null;
  if (movie === null) return null;
  const { durationSeconds, videoIndex, audioIndex } = movie;
  const streams = movingArguments(videoIndex, audioIndex);
  return new FileMove(settings, { ...asked, container, durationSeconds, streams });
}
