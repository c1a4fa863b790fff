import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbedFile, ProbedVideo } from '../ffmpeg/probe-answer.ts';
import { convertedNames, convertUpload } from '../ffmpeg/upload-conversion.ts';
import { mediaName } from '../hls/rendition.ts';
import { readVodRendition } from '../hls/vod-rendition.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import { copyDisplayMatrix } from '../media/display-matrix.ts';
import { movieDurationSeconds, movieHeadBytes } from '../media/movie-duration.ts';
import { writeFinalPlaylists } from '../sessions/final-playlists.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { beginningOf, type ExaminingParts, examineFile } from './original-file.ts';
import type { VideoRow } from './video-store.ts';

/** What videos are made with. */
export type MakingParts = ExaminingParts & { readonly content: Pick<ContentDirectory, 'originalFile'> };

/** What was made of a file. */
export type MadeVideo = {
  readonly probed: ProbedFile;
  readonly frames: number;
  readonly durationSeconds: number;
  /** As it is shown; 0 for sound alone. */
  readonly size: { readonly width: number; readonly height: number };
};

/**
 * Makes of a video's file what a session leaves, below `directory`: the progressive MP4, segments, playlists.
 * @throws LivereelError as `examineFile` and `convertUpload`.
 */
export async function makeVideo(
  { content, run, limits }: MakingParts,
  { id, createdAt }: Pick<VideoRow, 'id' | 'createdAt'>,
  directory: string,
  { signal, progress, threads }: Omit<TaskContext, 'attempt'>,
): Promise<MadeVideo> {
  const settings = { ...run, signal };
  const file = content.originalFile(id);
  const { container, probed } = await examineFile(settings, file, limits);
  const { frames, isPictureKept } = await convertUpload(settings, {
    file,
    container,
    probed,
    directory,
    threads,
    onPercent: progress,
  });
  const folder = join(directory, convertedNames.rendition);
  const head = await beginningOf(join(directory, convertedNames.video), movieHeadBytes);
  if (isPictureKept && probed.video !== null && probed.video.rotation !== 0)
    await turnSegments(join(folder, mediaName.init(0)), head);
  const rendition = await readVodRendition(folder, {
    startedAtMillis: createdAt.getTime(),
    aacProfile: probed.audio?.profile ?? '',
    isTurned: isPictureKept && isTurned(probed.video),
  });
  const places = {
    mediaFile: join(folder, 'stream.m3u8'),
    multivariantFile: join(directory, convertedNames.hls, 'index.m3u8'),
    captionsDirectory: folder,
  };
  await writeFinalPlaylists(rendition, places, null, null);
  const size = rendition.formats[0] ?? { width: 0, height: 0 };
  return { probed, frames, size, durationSeconds: movieDurationSeconds(head) ?? rendition.durationSeconds };
}

/** ffmpeg's segments forget how the picture is to be turned; the file beside them knows. */
async function turnSegments(initFile: string, videoHead: Buffer): Promise<void> {
  const header = await readFile(initFile);
  if (copyDisplayMatrix(videoHead, header)) await writeFile(initFile, header);
}

function isTurned(video: ProbedVideo | null): boolean {
  return video !== null && Math.abs(video.rotation) % 180 === 90;
}
