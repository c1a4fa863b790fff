import type { TaskName } from '../api/task.ts';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Database } from '../store/database.ts';
import { Notices } from '../store/notices.ts';
import { executorOf } from '../store/sql-executor.ts';
import { JobBoard } from './job-board.ts';
import { makingTasks } from './lanes.ts';
import { cancelTopic, type TaskCount, TaskStore, type VideoTask } from './task-store.ts';

/**
 * Where work on videos is asked for; whoever has a `TaskRunner` for its lane does it, in this process or another.
 * One per process; owned and closed by the composition root, before the database.
 */
export class TaskQueue {
  /** What runners take from. */
  readonly store: TaskStore;
  /** Between this process and the others. */
  readonly notices: Notices;

  readonly #log: Log;

  private constructor(store: TaskStore, notices: Notices, log: Log) {
    this.#log = log;
    this.store = store;
    this.notices = notices;
  }

  /** Makes the queue's tables if they are not there. @throws LivereelError `database-unavailable`. */
  static async open(database: Database, log: Log): Promise<TaskQueue> {
    const notices = new Notices(database, log);
    const board = await database.run(knex => JobBoard.open(executorOf(knex)));
    return new TaskQueue(new TaskStore(database, board, notices), notices, log);
  }

  /**
   * Wants tasks of a video, in this order; nothing happens with those that were wanted before, or when the video is gone.
   * `import` and `process` are due at once, all others once the video is ready.
   */
  async enqueue(videoId: string, ...tasks: readonly TaskName[]): Promise<void> {
    await this.store.add(videoId, ...tasks);
  }

  /** To be called when a video has become ready: what waits for that begins now, else within seconds. */
  async release(videoId: string): Promise<void> {
    await this.store.release(videoId);
  }

  /** Makes a task anew from its beginning, whatever came of it. False: it was never wanted. */
  async again(videoId: string, task: TaskName): Promise<boolean> {
    return (await this.store.again(videoId, task)) !== undefined;
  }

  /**
   * The same for people, who do not wait for what they see go on: only what is over begins again, and once when two ask
   * at the same moment. What made the video is not: an import is more than its task, and the file that a video was made
   * of is gone.
   * @throws LivereelError `task-not-found`, `task-not-over`, `task-not-repeatable`.
   */
  async retry(videoId: string, task: TaskName): Promise<void> {
    if (makingTasks.includes(task)) {
      const message = `A video is made once; its task "${task}" cannot be begun again in this way.`;
      throw new LivereelError('task-not-repeatable', message);
    }
    const state = await this.store.again(videoId, task, ['done', 'failed']);
    if (state === undefined)
      throw new LivereelError('task-not-found', `Nothing of the kind "${task}" is made of this video.`);
    if (state === 'waiting' || state === 'running') {
      const message = `The task "${task}" of this video is ${state === 'running' ? 'being done' : 'due already'}.`;
      throw new LivereelError('task-not-over', message);
    }
  }

  /**
   * Ends a video's tasks, or one of them, with a reason for people: those that wait at once, those under way within
   * a second or two. Each becomes `failed` with that reason.
   */
  async cancel(videoId: string, reason: string, task?: TaskName): Promise<void> {
    await this.store.cancel(videoId, reason, task);
  }

  /** Whoever works on this video looks at once whether that is still wanted, not only at the next heartbeat. Never throws. */
  hurry(videoId: string): void {
    this.notices
      .send(cancelTopic, { videoId })
      .catch(error => this.#log.debug({ err: error }, 'work on a video is broken off a second later'));
  }

  /** All of a video's tasks, in the order in which they were wanted. */
  async list(videoId: string): Promise<VideoTask[]> {
    return await this.store.list(videoId);
  }

  /** How many tasks wait, run and failed, of all videos. */
  async counts(): Promise<TaskCount[]> {
    return await this.store.counts();
  }

  /** How many tasks of the same kind are due before this one: 0 is next. Null when it does not wait. */
  async position(videoId: string, task: TaskName): Promise<number | null> {
    return await this.store.position(videoId, task);
  }

  /** Safe to call twice, never throws. */
  async close(): Promise<void> {
    await this.notices.close();
  }
}
