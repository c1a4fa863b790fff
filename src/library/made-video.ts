import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { convertedNames } from '../ffmpeg/file-move.ts';
import type { ProbedFile, ProbedVideo } from '../ffmpeg/probe-answer.ts';
import { mediaName } from '../hls/rendition.ts';
import { readVodRendition, type VodRendition } from '../hls/vod-rendition.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import { copyDisplayMatrix } from '../media/display-matrix.ts';
import { movieDurationSeconds, movieHeadBytes } from '../media/movie-duration.ts';
import { writeFinalPlaylists } from '../sessions/final-playlists.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { type AskedConversion, type ConvertedFile, convertFile, encodeInstead } from './converted-file.ts';
import { beginningOf, type ExaminingParts } from './original-file.ts';
import type { VideoRow } from './video-store.ts';

/** What videos are made with. */
export type MakingParts = ExaminingParts & { readonly content: Pick<ContentDirectory, 'originalFile'> };

/** What was made of a file. */
export type MadeVideo = {
  /** How long each step took, the one that waits for the other: for the log. */
  readonly steps: {
    readonly examinedMillis: number;
    readonly movedMillis: number;
    readonly listedMillis: number;
  };
  readonly probed: ProbedFile;
  readonly frames: number;
  readonly durationSeconds: number;
  /** As it is shown; 0 for sound alone. */
  readonly size: { readonly width: number; readonly height: number };
};

/**
 * Makes of a video's file what a session leaves, below `directory`: the progressive MP4, segments, playlists.
 * @throws LivereelError as `convertFile`.
 */
export async function makeVideo(
  { content, run, limits }: MakingParts,
  { id, createdAt }: Pick<VideoRow, 'id' | 'createdAt'>,
  directory: string,
  { signal, progress, threads }: Omit<TaskContext, 'attempt'>,
  admit: AskedConversion['admit'],
): Promise<MadeVideo> {
  const beganAtMillis = performance.now();
  // Somebody waits for this one: while nothing is live it does not give way.
  const settings = { ...run, signal, ...(threads === 0 && { niceness: 0 }) };
  const asked = { file: content.originalFile(id), directory, threads, onPercent: progress, admit };
  let converted = await convertFile(settings, asked, limits);
  const { probed, examinedAtMillis } = converted;
  const convertedAtMillis = performance.now();
  let { head, rendition, largestOfSeveral } = await readMade(directory, converted, createdAt);
  if (converted.isPictureKept && largestOfSeveral !== null) {
    run.log.info({ videoId: id, size: largestOfSeveral }, 'the coding changes in the middle: it is encoded');
    converted = await encodeInstead(settings, asked, converted, largestOfSeveral);
    ({ head, rendition } = await readMade(directory, converted, createdAt));
  }
  const folder = join(directory, convertedNames.rendition);
  const places = {
    mediaFile: join(folder, 'stream.m3u8'),
    multivariantFile: join(directory, convertedNames.hls, 'index.m3u8'),
    captionsDirectory: folder,
  };
  await writeFinalPlaylists(rendition, places, null, null);
  const size = rendition.formats[0] ?? { width: 0, height: 0 };
  return {
    probed,
    frames: converted.frames,
    size,
    durationSeconds: movieDurationSeconds(head) ?? rendition.durationSeconds,
    steps: {
      examinedMillis: examinedAtMillis - beganAtMillis,
      movedMillis: convertedAtMillis - examinedAtMillis,
      listedMillis: performance.now() - convertedAtMillis,
    },
  };
}

/** What a conversion left in its directory: the beginning of the progressive MP4, and the segments. */
async function readMade(
  directory: string,
  { isPictureKept, probed: { video, audio } }: ConvertedFile,
  createdAt: Date,
): Promise<VodRendition & { readonly head: Buffer }> {
  const folder = join(directory, convertedNames.rendition);
  const head = await beginningOf(join(directory, convertedNames.video), movieHeadBytes);
  if (isPictureKept && video !== null && video.rotation !== 0)
    await turnSegments(join(folder, mediaName.init(0)), head);
  const found = await readVodRendition(folder, {
    startedAtMillis: createdAt.getTime(),
    aacProfile: audio?.profile ?? '',
    isTurned: isPictureKept && isTurned(video),
  });
  return { ...found, head };
}

/** ffmpeg's segments forget how the picture is to be turned; the file beside them knows. */
async function turnSegments(initFile: string, videoHead: Buffer): Promise<void> {
  const header = await readFile(initFile);
  if (copyDisplayMatrix(videoHead, header)) await writeFile(initFile, header);
}

function isTurned(video: ProbedVideo | null): boolean {
  return video !== null && Math.abs(video.rotation) % 180 === 90;
}
