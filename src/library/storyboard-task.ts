import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { writeStoryboard } from '../ffmpeg/storyboard.ts';
import { planStoryboard, sheetName, storyboardVtt } from '../media/storyboard-plan.ts';
import { fileTask, type MediaTaskParts } from './file-task.ts';
import { moveInto } from './task-scratch.ts';
import type { VideoTaskHandler } from './video-task.ts';

const sheetFile = /^storyboard\.(\d+)\.jpg$/;

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

/** A video that was cut may have had more. */
async function removeSheetsFrom(videoDir: string, count: number): Promise<void> {
  for (const name of await readdir(videoDir)) {
    const sheet = sheetFile.exec(name)?.[1];
    if (sheet !== undefined && Number(sheet) >= count) await rm(join(videoDir, name), { force: true });
  }
}
