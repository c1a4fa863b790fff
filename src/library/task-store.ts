import type { Knex } from 'knex';
import type { taskStates } from '../api/task.ts';
import type { Database } from '../store/database.ts';

type TaskState = (typeof taskStates)[number];

/** Something that is to be made of a video. */
export type VideoTask = {
  readonly videoId: string;
  readonly task: string;
  readonly state: TaskState;
  /** 0 to 100. */
  readonly percent: number;
  /** How often it was begun. */
  readonly attempts: number;
  /** Why it failed, or why it waits for another try. */
  readonly error: string | null;
  readonly dueAt: Date;
};

/**
 * The SQL of the table `video_tasks`: what is to be made of videos outlives the server here. One runner a kind of
 * task. Queries wait for a database that restarts; what is away for longer throws LivereelError `database-unavailable`.
 */
export class TaskStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Makes the task, if it was never made. */
  async add(videoId: string, task: string): Promise<void> {
    await this.#run(tasks =>
      tasks().insert({ video_id: videoId, task }).onConflict(['video_id', 'task']).ignore(),
    );
  }

  /** Makes the task once more from its beginning, also when it is being worked on; nothing happens when it never was. */
  async again(videoId: string, task: string): Promise<void> {
    await this.#change(videoId, task, {
      state: 'waiting',
      percent: 0,
      attempts: 0,
      error: null,
      due_at: new Date(),
    });
  }

  /** What is due first of videos that are ready; undefined when nothing waits. It may be due later. */
  async next(task: string): Promise<VideoTask | undefined> {
    const row = await this.#run(tasks =>
      tasks()
        .select('video_tasks.*')
        .join('videos', 'videos.id', 'video_tasks.video_id')
        .where({ task, 'video_tasks.state': 'waiting', 'videos.state': 'ready' })
        .orderBy(['due_at', 'video_tasks.created_at', 'video_id'])
        .first(),
    );
    return row === undefined ? undefined : toTask(row);
  }

  /** It is begun: counted before anything else, so that what takes the server along does so a few times at most. */
  async begin({ videoId, task, attempts }: VideoTask): Promise<void> {
    await this.#change(videoId, task, { state: 'running', percent: 0, attempts: attempts + 1 });
  }

  async progress(videoId: string, task: string, percent: number): Promise<void> {
    await this.#changeRunning(videoId, task, { percent });
  }

  async finish(videoId: string, task: string): Promise<void> {
    await this.#changeRunning(videoId, task, { state: 'done', percent: 100, error: null });
  }

  /** It did not work, and is tried again at `dueAt`. */
  async retry(videoId: string, task: string, error: string, dueAt: Date): Promise<void> {
    await this.#changeRunning(videoId, task, { state: 'waiting', error, due_at: dueAt });
  }

  /** It did not work and never will. */
  async fail(videoId: string, task: string, error: string): Promise<void> {
    await this.#changeRunning(videoId, task, { state: 'failed', error });
  }

  /** The server stops while it works: this was no attempt. */
  async release({ videoId, task, attempts }: VideoTask): Promise<void> {
    await this.#changeRunning(videoId, task, { state: 'waiting', attempts });
  }

  /** What was being worked on when the server died; to be called before the task's runner starts. */
  async interrupted(task: string): Promise<VideoTask[]> {
    const rows = await this.#run(tasks => tasks().where({ task, state: 'running' }).orderBy('video_id'));
    return rows.map(toTask);
  }

  /** All of a video's tasks, in the order in which they were made. */
  async list(videoId: string): Promise<VideoTask[]> {
    const rows = await this.#run(tasks =>
      tasks().where({ video_id: videoId }).orderBy(['created_at', 'task']),
    );
    return rows.map(toTask);
  }

  async #change(videoId: string, task: string, changes: Record<string, unknown>): Promise<void> {
    await this.#run(tasks => tasks().where({ video_id: videoId, task }).update(stamped(changes)));
  }

  /** One that was asked for anew meanwhile is not changed by how its last run ended. */
  async #changeRunning(videoId: string, task: string, changes: Record<string, unknown>): Promise<void> {
    const running = { video_id: videoId, task, state: 'running' };
    await this.#run(tasks => tasks().where(running).update(stamped(changes)));
  }

  async #run<T>(work: (tasks: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    return await this.#database.run(knex => work(() => knex('video_tasks')));
  }
}

function stamped(changes: Record<string, unknown>): Record<string, unknown> {
  return { ...changes, updated_at: new Date() };
}

function toTask(row: Record<string, unknown>): VideoTask {
  return {
    videoId: row.video_id as string,
    task: row.task as string,
    state: row.state as TaskState,
    percent: row.percent as number,
    attempts: row.attempts as number,
    error: row.error as string | null,
    dueAt: row.due_at as Date,
  };
}
