import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { writePreview } from '../ffmpeg/preview.ts';
import { lookSize, takeStills } from '../ffmpeg/stills.ts';
import { sharpnessOf } from '../media/sharpness.ts';
import { fileTask, type MediaTaskParts } from './file-task.ts';
import { moveInto } from './task-scratch.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** Stills are looked for around this share of the video; a title or a fade is mostly over by then. */
const stillShare = 0.1;
const mostWindowSeconds = 8;
const stillCount = 12;

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
