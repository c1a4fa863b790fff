import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VideoEvents } from '../events/video-events.ts';
import type { ProbedFile } from '../ffmpeg/probe-answer.ts';
import { convertedNames } from '../ffmpeg/upload-conversion.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { wantFollowUps } from './follow-ups.ts';
import { type MadeVideo, type MakingParts, makeVideo } from './made-video.ts';
import { withScratch } from './task-scratch.ts';
import type { VideoRow, VideoStore } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** What files become videos with. */
export type ProcessTaskParts = MakingParts & {
  readonly videos: Pick<VideoStore, 'update'>;
  readonly queue: Pick<TaskQueue, 'enqueue' | 'release'>;
  readonly content: ContentDirectory;
  readonly events: Pick<VideoEvents, 'report'>;
  readonly hasRecogniser: boolean;
  readonly log: Log;
};

// Hours of 4K on a small machine; what only has to be moved takes seconds a gigabyte.
const mostLimitSeconds = 43_200;
// Below this, what is missing of a file's announced length is a header's rounding.
const toleratedLossSeconds = 1.5;
const toleratedLossRatio = 0.02;

/**
 * Makes a video of a file that is there whole (`ContentDirectory.originalFile`), uploaded or fetched: the layout that a
 * session leaves, and `ready`. The file goes once the video is; what cannot be used makes the video `failed`, with
 * its reason.
 */
export function processTask(parts: ProcessTaskParts): VideoTaskHandler {
  return {
    task: 'process',
    limitSeconds: () => mostLimitSeconds,
    run: async (video, context) => {
      // Made already, and stopped before this could be noted.
      if (video.state === 'ready') return finish(parts, video);
      await withScratch(parts.content, 'process', video.id, async aside => {
        await publish(parts, video, aside, await makeVideo(parts, video, aside, context));
      });
      await finish(parts, video);
    },
    failed: (video, error) => fail(parts, video, error),
  };
}

/** Everything is there under its name before the record says so. */
async function publish(
  { content, videos, queue, hasRecogniser, log }: ProcessTaskParts,
  video: VideoRow,
  aside: string,
  { probed, frames, size, durationSeconds }: MadeVideo,
): Promise<void> {
  const { id } = video;
  await rm(content.hlsDir(id), { recursive: true, force: true });
  await rename(join(aside, convertedNames.hls), content.hlsDir(id));
  await rename(join(aside, convertedNames.video), content.videoFile(id));
  const { size: sizeBytes } = await stat(content.videoFile(id));
  const head = { hasPicture: probed.video !== null, hasSound: probed.audio !== null };
  await wantFollowUps(queue, { ...video, ...head }, { hasRecogniser });
  const loss = lossOf(probed, durationSeconds);
  const updated = await videos.update(id, {
    state: 'ready',
    durationSeconds,
    sizeBytes,
    frameCount: probed.video === null ? null : frames,
    width: size.width || null,
    height: size.height || null,
    videoCodec: probed.video?.codec ?? null,
    audioCodec: probed.audio?.codec ?? null,
    errorCode: loss === null ? null : 'media-incomplete',
    errorMessage: loss,
  });
  // Deleted meanwhile: its folder is gone or going, and nothing of this may stay.
  if (updated === undefined) await content.removeVideo(id);
  log.info({ videoId: id, durationSeconds, sizeBytes, loss }, 'video ready');
}

/** Safe to repeat. */
async function finish({ content, events, queue }: ProcessTaskParts, { id }: VideoRow): Promise<void> {
  events.report({ event: 'state', data: { id, state: 'ready', at: new Date().toISOString() } });
  await queue.release(id);
  await rm(content.originalFile(id), { force: true });
}

async function fail({ content, videos, events, log }: ProcessTaskParts, { id }: VideoRow, error: Error) {
  const errorCode = 'code' in error ? String(error.code) : 'internal';
  log.info({ videoId: id, errorCode, reason: error.message }, 'no video could be made of a file');
  const errorMessage = error.message.slice(0, 1_000);
  await videos.update(id, { state: 'failed', errorCode, errorMessage });
  await rm(content.originalFile(id), { force: true });
  events.report({ event: 'state', data: { id, state: 'failed', at: new Date().toISOString() } });
}

/** In words, when the file announced more than there was. */
function lossOf({ durationSeconds: announced }: ProbedFile, madeSeconds: number): string | null {
  if (announced === null) return null;
  const lostSeconds = announced - madeSeconds;
  if (lostSeconds < Math.max(toleratedLossSeconds, announced * toleratedLossRatio)) return null;
  return `The file is cut or damaged: ${madeSeconds.toFixed(1)} of ${announced.toFixed(1)} seconds could be used.`;
}
