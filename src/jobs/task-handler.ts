import type { TaskName } from '../api/task.ts';

/** What a handler is told about the attempt that it makes. */
export type TaskContext = {
  /**
   * Aborts when the attempt shall end: the process stops, the task was cancelled, or it takes too long. A handler
   * then rejects soon, and leaves nothing behind.
   */
  readonly signal: AbortSignal;
  /** 0 to 100; told to viewers and kept, once a second at the most. */
  readonly progress: (percent: number) => void;
  /** 1 for the first. */
  readonly attempt: number;
  /** How many threads a program of the task may use; 0: as it likes. One while sessions are live. */
  readonly threads: number;
};

/**
 * How one kind of task is made. It may run twice, and be killed at any moment: its output is written aside
 * (`ContentDirectory.tmpDir`) and renamed when it is whole.
 *
 * A thrown LivereelError whose code says that the file is at fault (`isFinal` of `task-failures.ts`) fails the task
 * for good; everything else is tried again with back-off.
 */
export type TaskHandler<Video> = {
  readonly task: TaskName;
  /** How long one attempt may take, seconds of a machine that has nothing else to do. */
  readonly limitSeconds: (video: Video) => number;
  readonly run: (video: Video, context: TaskContext) => Promise<void>;
  /** Told once when the task has failed for good, after the reason was kept; safe to repeat. */
  readonly failed?: (video: Video, error: Error) => Promise<void>;
};
