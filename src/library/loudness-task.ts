import { measureLoudness } from '../ffmpeg/loudness.ts';
import type { MediaTaskParts } from './file-task.ts';
import type { VideoTaskHandler } from './video-task.ts';

const leastLimitSeconds = 300;

/** Measures how loud a video is (EBU R128), and keeps that with its record. */
export function loudnessTask({ content, videos, run }: MediaTaskParts): VideoTaskHandler {
  return {
    task: 'loudness',
    limitSeconds: ({ durationSeconds }) => leastLimitSeconds + 2 * (durationSeconds ?? 0),
    run: async ({ id, durationSeconds }, { signal }) => {
      const measured = await measureLoudness({ ...run, signal }, content.videoFile(id), durationSeconds ?? 0);
      await videos.update(id, {
        loudnessLufs: measured?.integratedLufs ?? null,
        loudnessRangeLu: measured?.rangeLu ?? null,
        truePeakDbtp: measured?.truePeakDbtp ?? null,
      });
    },
  };
}
