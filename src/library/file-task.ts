import type { TaskName } from '../api/task.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { clearScratch, withScratch } from './task-scratch.ts';
import type { VideoRow, VideoStore } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** What tasks make files of videos with. */
export type MediaTaskParts = {
  readonly content: Pick<ContentDirectory, 'tmpDir' | 'videoDir' | 'videoFile'>;
  readonly videos: Pick<VideoStore, 'update'>;
  readonly run: Omit<RunSettings, 'signal'>;
};

const leastLimitSeconds = 300;

/** A task that makes files in a folder of its own before it moves them to the video's. */
export function fileTask(
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

/** Decoding is far quicker than playing; a machine that is busy with what is live may still take its time. */
function limitOf({ durationSeconds }: VideoRow): number {
  return leastLimitSeconds + 4 * (durationSeconds ?? 0);
}
