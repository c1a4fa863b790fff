import type { TaskName } from '../api/task.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { VideoRow } from './video-store.ts';

/** What decides what is made of a video. */
type Made = Pick<VideoRow, 'id' | 'captions' | 'ingestTokenHash'> & {
  readonly hasPicture: boolean;
  readonly hasSound: boolean;
};

/**
 * Wants all that is made of a video besides the video itself: stills, loudness, the transcript, renditions. To be called
 * before the video is `ready`, so that a crash in between repeats it and does not forget it; `TaskQueue.release`
 * afterwards makes them begin at once. Safe to repeat.
 */
export async function wantFollowUps(
  queue: Pick<TaskQueue, 'enqueue'>,
  video: Made,
  { hasRecogniser }: { readonly hasRecogniser: boolean },
): Promise<void> {
  await queue.enqueue(video.id, ...followUpsOf(video, hasRecogniser));
}

/** The tasks, in the order in which they are wanted most. */
export function followUpsOf(
  { captions, ingestTokenHash, hasPicture, hasSound }: Omit<Made, 'id'>,
  hasRecogniser: boolean,
): TaskName[] {
  const tasks: TaskName[] = [];
  if (hasPicture) tasks.push('thumbnail', 'storyboard', 'preview');
  if (hasSound) tasks.push('loudness');
  if (hasSound && captions && hasRecogniser) tasks.push('transcript');
  // Recordings came in at a rate that somebody could watch live; files may come at any.
  if (hasPicture && ingestTokenHash === null) tasks.push('ladder');
  return tasks;
}
