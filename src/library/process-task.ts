import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Quotas } from '../accounts/quotas.ts';
import { stateEvent, type VideoEvents } from '../events/video-events.ts';
import { convertedNames } from '../ffmpeg/file-move.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { flushFolder, flushTree } from '../store/flushed-files.ts';
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
  readonly quotas: Pick<Quotas, 'checkFile'>;
  /** Runs one at a time what has the same name, in this process or another. */
  readonly exclusively: (name: string, work: () => Promise<void>) => Promise<void>;
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
      if (video.state === 'ready') {
        tell(parts, video);
        return finish(parts, video);
      }
      await withScratch(parts.content, 'process', video.id, async aside => {
        const admit = (durationSeconds: number | null) => checkQuota(parts, video, durationSeconds);
        const made = await makeVideo(parts, video, aside, context, probed => admit(probed.durationSeconds));
        // A header that tells too little gets nobody more than they may have.
        if (made.durationSeconds > (made.probed.durationSeconds ?? 0) + toleratedLossSeconds)
          await admit(made.durationSeconds);
        await publish(parts, video, aside, made);
        tell(parts, video);
      });
      await finish(parts, video);
    },
    failed: (video, error) => fail(parts, video, error),
  };
}

/**
 * By now it is known how much of its owner's minutes and bytes it takes. Noted at once: of two that are made at the same
 * moment the second sees the first. @throws LivereelError `quota-exceeded`.
 */
async function checkQuota(
  { content, videos, quotas, exclusively }: ProcessTaskParts,
  { id: videoId, ownerId }: VideoRow,
  durationSeconds: number | null,
): Promise<void> {
  if (ownerId === null) return;
  const { size: sizeBytes } = await stat(content.originalFile(videoId));
  const known = { sizeBytes, ...(durationSeconds !== null && { durationSeconds }) };
  await exclusively(`quota ${ownerId}`, async () => {
    await quotas.checkFile({ videoId, ownerId, ...known });
    await videos.update(videoId, known);
  });
}

/** Everything is there under its name before the record says so. */
async function publish(
  { content, videos, queue, hasRecogniser, log }: ProcessTaskParts,
  video: VideoRow,
  aside: string,
  { probed, frames, size, durationSeconds, steps }: MadeVideo,
): Promise<void> {
  const { id } = video;
  const beganMillis = performance.now();
  const head = { hasPicture: probed.video !== null, hasSound: probed.audio !== null };
  const [sizeBytes] = await Promise.all([
    moveToPlace(content, id, aside),
    wantFollowUps(queue, { ...video, ...head }, { hasRecogniser }),
  ]);
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
  const publishedMillis = performance.now() - beganMillis;
  log.info({ videoId: id, durationSeconds, sizeBytes, loss, ...steps, publishedMillis }, 'video ready');
}

/** On the device before it has its name: the file that it was made of is deleted soon. Gives the size of the progressive MP4, bytes. */
async function moveToPlace(content: ContentDirectory, id: string, aside: string): Promise<number> {
  await flushTree(aside);
  await rm(content.hlsDir(id), { recursive: true, force: true });
  await rename(join(aside, convertedNames.hls), content.hlsDir(id));
  await rename(join(aside, convertedNames.video), content.videoFile(id));
  await flushFolder(content.videoDir(id));
  return (await stat(content.videoFile(id))).size;
}

/** Told before anything else is done: somebody waits for it. */
function tell({ events }: ProcessTaskParts, { id }: VideoRow): void {
  events.report(stateEvent(id, 'ready'));
}

/** What waits for the video begins; its file is needed no more. Safe to repeat. */
async function finish({ content, queue }: ProcessTaskParts, { id }: VideoRow): Promise<void> {
  await queue.release(id);
  await rm(content.originalFile(id), { force: true });
}

async function fail({ content, videos, events, log }: ProcessTaskParts, { id }: VideoRow, error: Error) {
  const errorCode = 'code' in error ? String(error.code) : 'internal';
  log.info({ videoId: id, errorCode, reason: error.message }, 'no video could be made of a file');
  const errorMessage = isOurFault(errorCode) ? ourFault : error.message.slice(0, 1_000);
  // What was noted of it for its owner's quota was of no use.
  const nothing = { durationSeconds: null, sizeBytes: null };
  await videos.update(id, { state: 'failed', errorCode, errorMessage, ...nothing });
  await rm(content.originalFile(id), { force: true });
  events.report(stateEvent(id, 'failed'));
}

/** What a program or the machine says of itself is for the log. */
function isOurFault(errorCode: string): boolean {
  return errorCode === 'program-failed' || errorCode === 'internal';
}
const ourFault =
  'The server did not get this done, which need not be the fault of the file. Send it again; if that is no better, whoever runs the server finds the reason in its log.';

/** In words, when the file announced more than there was. */
function lossOf({ durationSeconds: announced }: MadeVideo['probed'], madeSeconds: number): string | null {
  if (announced === null) return null;
  const lostSeconds = announced - madeSeconds;
  if (lostSeconds < Math.max(toleratedLossSeconds, announced * toleratedLossRatio)) return null;
  return `The file is cut or damaged: ${madeSeconds.toFixed(1)} of ${announced.toFixed(1)} seconds could be used.`;
}
