import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskName } from '../api/task.ts';
import { LivereelError } from '../errors.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { writePreview } from '../ffmpeg/preview.ts';
import { lookSize, takeStills } from '../ffmpeg/stills.ts';
import { writeStoryboard } from '../ffmpeg/storyboard.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import { sharpnessOf } from '../media/sharpness.ts';
import { planStoryboard, sheetName, storyboardVtt } from '../media/storyboard-plan.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { clearScratch, moveInto, withScratch } from './task-scratch.ts';
import type { VideoRow, VideoStore } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** What tasks make files of videos with. */
export type MediaTaskParts = {
  readonly content: Pick<ContentDirectory, 'tmpDir' | 'videoDir' | 'videoFile'>;
  readonly videos: Pick<VideoStore, 'update'>;
  readonly run: Omit<RunSettings, 'signal'>;
};

const leastLimitSeconds = 300;
/** Stills are looked for around this share of the video; a title or a fade is mostly over by then. */
const stillShare = 0.1;
const mostWindowSeconds = 8;
const stillCount = 12;
const sheetFile = /^storyboard\.(\d+)\.jpg$/;

/** Makes `thumbnail.jpg`: the sharpest of several pictures around a tenth of the video. */
export function thumbnailTask({ content, videos, run }: MediaTaskParts): VideoTaskHandler {
  return fileTask(content, 'thumbnail', async ({ id, durationSeconds }, folder, { signal }) => {
    const length = durationSeconds ?? 0;
    const lastsSeconds = Math.min(mostWindowSeconds, Math.max(0.5, length * stillShare));
    const fromSeconds = Math.max(0, length * stillShare - lastsSeconds / 2);
    const settings = { ...run, signal };
    const file = content.videoFile(id);
    let looks = await takeStills(settings, file, { fromSeconds, lastsSeconds, count: stillCount }, folder);
    // A picture that stood still for long began before the window: the first one is there in any case.
    if (looks.length === 0)
      looks = await takeStills(settings, file, { fromSeconds: 0, lastsSeconds: 3_600, count: 1 }, folder);
    if (looks.length === 0) throw new LivereelError('media-unusable', 'There is no picture in this video.');
    const scores = looks.map(look => sharpnessOf(look, lookSize.width, lookSize.height));
    const best = scores.indexOf(Math.max(...scores));
    await rename(join(folder, `${best + 1}.jpg`), join(folder, 'thumbnail.jpg'));
    signal.throwIfAborted();
    await moveInto(folder, content.videoDir(id), 'thumbnail.jpg');
    await videos.update(id, { hasThumbnail: true });
  });
}

/** Makes `preview.webp`: some seconds of the video, animated, for feeds. */
export function previewTask({ content, videos, run }: MediaTaskParts): VideoTaskHandler {
  return fileTask(content, 'preview', async ({ id, durationSeconds }, folder, { signal }) => {
    const output = join(folder, 'preview.webp');
    await writePreview({ ...run, signal }, content.videoFile(id), durationSeconds ?? 1, output);
    signal.throwIfAborted();
    await moveInto(folder, content.videoDir(id), 'preview.webp');
    await videos.update(id, { hasPreview: true });
  });
}

/** Makes `storyboard.vtt` and its sheets `storyboard.<n>.jpg`: what a scrub bar shows. */
export function storyboardTask({ content, videos, run }: MediaTaskParts): VideoTaskHandler {
  return fileTask(content, 'storyboard', async ({ id, ...video }, folder, { signal, threads }) => {
    const durationSeconds = video.durationSeconds ?? 0;
    const plan = planStoryboard(durationSeconds, video.width ?? 16, video.height ?? 9);
    const options = { durationSeconds, folder, threads };
    await writeStoryboard({ ...run, signal }, content.videoFile(id), plan, options);
    const sheets = (await readdir(folder)).filter(name => sheetFile.test(name));
    // ffmpeg leaves out sheets only when it ran out of pictures.
    if (sheets.length < plan.sheets)
      throw new LivereelError('media-unusable', 'There are fewer pictures than the video is long.');
    await writeFile(join(folder, 'storyboard.vtt'), storyboardVtt(plan, durationSeconds));
    signal.throwIfAborted();
    const names = Array.from({ length: plan.sheets }, (_, sheet) => sheetName(sheet));
    // The text last: what it names is there.
    await moveInto(folder, content.videoDir(id), ...names, 'storyboard.vtt');
    await removeSheetsFrom(content.videoDir(id), plan.sheets);
    await videos.update(id, { hasStoryboard: true });
  });
}

/** A task that makes files in a folder of its own before it moves them to the video's. */
function fileTask(
  content: MediaTaskParts['content'],
  task: TaskName,
  make: (video: VideoRow, folder: string, context: TaskContext) => Promise<void>,
): VideoTaskHandler {
  return {
    task,
    limitSeconds: limitOf,
    failed: ({ id }) => clearScratch(content, task, id),
    run: (video, context) => withScratch(content, task, video.id, folder => make(video, folder, context)),
  };
}

/** A video that was cut may have had more. */
async function removeSheetsFrom(videoDir: string, count: number): Promise<void> {
  for (const name of await readdir(videoDir)) {
    const sheet = sheetFile.exec(name)?.[1];
    if (sheet !== undefined && Number(sheet) >= count) await rm(join(videoDir, name), { force: true });
  }
}

/** Decoding is far quicker than playing; a machine that is busy with what is live may still take its time. */
function limitOf({ durationSeconds }: VideoRow): number {
  return leastLimitSeconds + 4 * (durationSeconds ?? 0);
}
