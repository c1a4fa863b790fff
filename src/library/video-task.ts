import type { TaskHandler } from '../jobs/task-handler.ts';
import type { VideoRow } from './video-store.ts';

/** How one kind of task is made of a stored video. */
export type VideoTaskHandler = TaskHandler<VideoRow>;
