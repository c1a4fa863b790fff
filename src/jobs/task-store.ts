import type { Knex } from 'knex';
import { type TaskName, taskStates } from '../api/task.ts';
import type { Database } from '../store/database.ts';
import type { Notices } from '../store/notices.ts';
import { executorOf } from '../store/sql-executor.ts';
import type { JobBoard } from './job-board.ts';
import { type Lane, laneOf, makingTasks, priorityOf } from './lanes.ts';

/** How far a task is. */
export type TaskState = (typeof taskStates)[number];

/** Something that is to be made of a video. */
export type VideoTask = {
  readonly videoId: string;
  readonly task: TaskName;
  readonly state: TaskState;
  /** 0 to 100. */
  readonly percent: number;
  /** How often it was begun. */
  readonly attempts: number;
  /** Why it failed, or why it waits for another try. */
  readonly error: string | null;
  readonly dueAt: Date;
};

/** An attempt that was taken by a runner. */
export type Attempt = {
  readonly videoId: string;
  readonly task: TaskName;
  readonly jobId: string;
  /** 1 for the first. */
  readonly attempts: number;
};

/** How many tasks of a kind are in a state. `oldestSeconds`: for how long the oldest of them is due; 0 unless it waits. */
export type TaskCount = {
  readonly task: TaskName;
  readonly state: TaskState;
  readonly count: number;
  readonly oldestSeconds: number;
};

/** The topic of `Notices` on which a lane's name is told when something is due in it. */
export const dueTopic = 'task-due';
/** The topic of `Notices` on which `{videoId, task}` is told when an attempt shall end. */
export const cancelTopic = 'task-cancel';

/**
 * The SQL of the table `video_tasks`, which people see, and of its ties to the queue: each change of both is one
 * transaction. A task that waits has a job, unless its video is not ready yet; one that runs has the job of its
 * attempt, and a heartbeat. Queries wait for a database that restarts; what is away for longer throws LivereelError
 * `database-unavailable`.
 */
export class TaskStore {
  readonly #database: Pick<Database, 'run'>;
  readonly #board: JobBoard;
  readonly #notices: Pick<Notices, 'send'>;

  constructor(database: Pick<Database, 'run'>, board: JobBoard, notices: Pick<Notices, 'send'>) {
    this.#database = database;
    this.#board = board;
    this.#notices = notices;
  }

  /**
   * Makes the tasks that were never made, in their order; due now, or once the video is ready. Nothing happens when
   * there is no video.
   */
  async add(videoId: string, ...tasks: readonly TaskName[]): Promise<void> {
    await this.#transaction(async trx => {
      await trx.raw(
        `insert into video_tasks (video_id, task, created_at)
         select id, wanted.task, now() + wanted.place * interval '1 microsecond'
         from videos cross join unnest(?::text[]) with ordinality as wanted (task, place)
         where id = ? for key share of videos
         on conflict do nothing`,
        [[...tasks], videoId],
      );
      await this.#sendWaiting(trx, videoId);
    });
  }

  /** The video is ready: what waited for that is due now. */
  async release(videoId: string): Promise<void> {
    await this.#transaction(trx => this.#sendWaiting(trx, videoId));
  }

  /**
   * Makes the task once more from its beginning, if it is in one of the states `from`. Resolves with the state it was
   * in; undefined: it never was.
   */
  async again(
    videoId: string,
    task: TaskName,
    from: readonly TaskState[] = taskStates,
  ): Promise<TaskState | undefined> {
    return await this.#transaction(async trx => {
      const row = await lock(trx, videoId, task);
      if (row === undefined || !from.includes(row.state)) return row?.state;
      if (row.job_id !== null) await this.#board.remove(executorOf(trx), laneOf(task), row.job_id);
      await change(trx, videoId, task, { ...fresh, state: 'waiting', due_at: trx.fn.now(), attempts: 0 });
      await this.#notices.send(cancelTopic, { videoId, task }, trx);
      await this.#sendWaiting(trx, videoId);
      return row.state;
    });
  }

  /** Takes what is due first in a lane; undefined when nothing is. Counted before anything else, so that what takes the process along does so a few times at most. */
  async take(lane: Lane, workerId: string): Promise<Attempt | undefined> {
    return await this.#transaction(async trx => {
      for (;;) {
        const job = await this.#board.fetch(executorOf(trx), lane);
        if (job === undefined) return undefined;
        const { videoId, id: jobId } = job;
        const task = job.task as TaskName;
        const [row] = await trx('video_tasks')
          .where({ video_id: videoId, task, job_id: jobId, state: 'waiting' })
          .update({
            state: 'running',
            percent: 0,
            attempts: trx.raw('attempts + 1'),
            worker_id: workerId,
            heartbeat_at: trx.fn.now(),
            started_at: trx.fn.now(),
            updated_at: trx.fn.now(),
          })
          .returning('attempts');
        if (row !== undefined) return { videoId, task, jobId, attempts: row.attempts };
        // Its task was cancelled, begun anew or deleted with its video.
        await this.#board.remove(executorOf(trx), lane, jobId);
      }
    });
  }

  /** The attempts' process lives. Resolves with those that are still wanted, and why the others shall end. */
  async beat(attempts: readonly Attempt[]): Promise<Map<string, string | null>> {
    if (attempts.length === 0) return new Map();
    const ids = attempts.map(({ jobId }) => jobId);
    const rows = await this.#database.run(knex =>
      knex('video_tasks')
        .whereIn('job_id', ids)
        .andWhere({ state: 'running' })
        .update({ heartbeat_at: knex.fn.now() })
        .returning(['job_id', 'cancel_reason']),
    );
    return new Map(rows.map(row => [row.job_id as string, row.cancel_reason as string | null]));
  }

  async progress(attempt: Attempt, percent: number): Promise<void> {
    await this.#database.run(knex => running(knex, attempt).update({ percent, updated_at: knex.fn.now() }));
  }

  /** It is made. False: it was begun anew or deleted meanwhile. */
  async finish(attempt: Attempt): Promise<boolean> {
    return await this.#end(attempt, { state: 'done', percent: 100, error: null });
  }

  /** It did not work and never will. */
  async fail(attempt: Attempt, error: string): Promise<boolean> {
    return await this.#end(attempt, { state: 'failed', error });
  }

  /** It did not work, and is tried again after `delaySeconds`. */
  async retry(attempt: Attempt, error: string, delaySeconds: number): Promise<void> {
    await this.#transaction(trx => this.#waitAgain(trx, attempt, { error }, delaySeconds));
  }

  /** It could not be tried (the process stops, the machine lacks something): this was no attempt. */
  async putBack(attempt: Attempt, delaySeconds = 0, error: string | null = null): Promise<void> {
    const before = { attempts: attempt.attempts - 1, percent: 0, error };
    await this.#transaction(trx => this.#waitAgain(trx, attempt, before, delaySeconds));
  }

  /** Ends a video's tasks (or one of them) with a reason, those under way as soon as they can. */
  async cancel(videoId: string, reason: string, task?: TaskName): Promise<void> {
    await this.#transaction(async trx => {
      const rows = await trx('video_tasks')
        .where({ video_id: videoId, ...(task && { task }) })
        .whereIn('state', ['waiting', 'running'])
        .forUpdate();
      for (const { task: name, state, job_id } of rows) {
        if (state === 'running') {
          await change(trx, videoId, name, { cancel_reason: reason });
          await this.#notices.send(cancelTopic, { videoId, task: name }, trx);
        } else {
          if (job_id !== null) await this.#board.remove(executorOf(trx), laneOf(name), job_id);
          await change(trx, videoId, name, { ...fresh, state: 'failed', error: reason });
        }
      }
    });
  }

  /** All that is not done, of every kind; by the indexes `video_tasks_open` and `video_tasks_failed`. */
  async counts(): Promise<TaskCount[]> {
    // What waits for its video to be ready has no job, and keeps nobody waiting.
    const sql = `select task, state, count(*)::int as count,
        coalesce(extract(epoch from now() - min(due_at) filter (where job_id is not null)), 0)::float8 as seconds
      from video_tasks where state in ('waiting', 'running') group by task, state
      union all select task, state, count(*)::int, 0 from video_tasks where state = 'failed' group by task, state`;
    const { rows } = await this.#database.run(knex => knex.raw(sql));
    return rows.map(({ task, state, count, seconds }: Record<string, unknown>) => ({
      task: task as TaskName,
      state: state as TaskState,
      count: count as number,
      oldestSeconds: state === 'waiting' ? Math.max(0, seconds as number) : 0,
    }));
  }

  /**
   * Attempts that were not heard of for `silentSeconds`: their processes are gone. Each is taken once, by whoever
   * looks first; the caller says how it goes on (`retry` or `fail`).
   */
  async lost(silentSeconds: number): Promise<Attempt[]> {
    const rows = await this.#database.run(knex =>
      knex('video_tasks')
        .where({ state: 'running' })
        .whereRaw("coalesce(heartbeat_at, 'epoch') < now() - make_interval(secs => ?)", [silentSeconds]),
    );
    return rows.map(toAttempt);
  }

  /** What one process was at, which is known to be gone. */
  async leftBy(workerId: string): Promise<Attempt[]> {
    const rows = await this.#database.run(knex =>
      knex('video_tasks').where({ state: 'running', worker_id: workerId }),
    );
    return rows.map(toAttempt);
  }

  /** Puts up what should be due and is not: a video became ready while its server died, or the queue was lost. */
  async mend(): Promise<void> {
    const found = await this.#database.run(knex =>
      knex('video_tasks')
        .distinct('video_id')
        .where({ state: 'waiting' })
        .whereRaw(`(job_id is null or ${this.#board.noneWaits('job_id')})`),
    );
    for (const { video_id } of found) await this.release(video_id);
  }

  /** All of a video's tasks, in the order in which they were made. */
  async list(videoId: string): Promise<VideoTask[]> {
    const rows = await this.#database.run(knex =>
      knex('video_tasks').where({ video_id: videoId }).orderBy(['created_at', 'task']),
    );
    return rows.map(toTask);
  }

  /** How many tasks of the same kind are due before this one; null when it does not wait. */
  async position(videoId: string, task: TaskName): Promise<number | null> {
    const rows = await this.#database.run(knex =>
      knex('video_tasks as mine')
        .where({ 'mine.video_id': videoId, 'mine.task': task, 'mine.state': 'waiting' })
        .select(
          knex.raw(`(select count(*) from video_tasks other where other.task = mine.task
            and other.state = 'waiting' and (other.due_at, other.created_at, other.video_id)
              < (mine.due_at, mine.created_at, mine.video_id))::int as position`),
        ),
    );
    return (rows[0] as { position: number } | undefined)?.position ?? null;
  }

  async #end(attempt: Attempt, changes: Record<string, unknown>): Promise<boolean> {
    return await this.#transaction(async trx => {
      const ended = await running(trx, attempt).update({
        ...changes,
        ...over(trx),
        finished_at: trx.fn.now(),
      });
      await this.#board.remove(executorOf(trx), laneOf(attempt.task), attempt.jobId);
      return ended > 0;
    });
  }

  async #waitAgain(
    trx: Knex.Transaction,
    attempt: Attempt,
    changes: Record<string, unknown>,
    delaySeconds: number,
  ): Promise<void> {
    const { videoId, task } = attempt;
    const changed = await running(trx, attempt).update({
      ...changes,
      ...over(trx),
      state: 'waiting',
      due_at: trx.raw('now() + make_interval(secs => ?)', [delaySeconds]),
    });
    await this.#board.remove(executorOf(trx), laneOf(task), attempt.jobId);
    if (changed > 0) await this.#sendWaiting(trx, videoId);
  }

  /** Puts up a job for each task of the video that may begin and has none. */
  async #sendWaiting(trx: Knex.Transaction, videoId: string): Promise<void> {
    const rows = await trx('video_tasks')
      .select('task')
      .select(trx.raw('greatest(0, extract(epoch from due_at - now()))::float as delay'))
      .where({ video_id: videoId, state: 'waiting' })
      .whereRaw(`(job_id is null or ${this.#board.noneWaits('job_id')})`)
      .where(either =>
        either
          .whereIn('task', makingTasks)
          .orWhereExists(trx('videos').where({ id: videoId, state: 'ready' })),
      )
      .forUpdate('video_tasks')
      .skipLocked();
    for (const { task, delay } of rows as { task: TaskName; delay: number }[]) {
      const lane = laneOf(task);
      const due = { priority: priorityOf(task), delaySeconds: delay };
      const jobId = await this.#board.send(executorOf(trx), lane, { videoId, task }, due);
      await change(trx, videoId, task, { job_id: jobId });
      await this.#notices.send(dueTopic, lane, trx);
    }
  }

  #transaction<T>(work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
    return this.#database.run(knex => knex.transaction(work));
  }
}

const fresh = {
  percent: 0,
  error: null,
  job_id: null,
  worker_id: null,
  heartbeat_at: null,
  cancel_reason: null,
} as const;

function over(knex: Knex): Record<string, unknown> {
  return {
    job_id: null,
    worker_id: null,
    heartbeat_at: null,
    cancel_reason: null,
    updated_at: knex.fn.now(),
  };
}

/** Whether something is at work on the video of an outer query of `videos`: for `where exists`. */
export function runningTaskOf(knex: Knex): Knex.QueryBuilder {
  return knex('video_tasks')
    .select(knex.raw('1'))
    .whereRaw("video_tasks.video_id = videos.id and video_tasks.state = 'running'");
}

/** One that was asked for anew meanwhile is not changed by how its last run ended. */
function running(knex: Knex, { videoId, task, jobId }: Attempt): Knex.QueryBuilder {
  return knex('video_tasks').where({ video_id: videoId, task, job_id: jobId, state: 'running' });
}

async function lock(trx: Knex.Transaction, videoId: string, task: TaskName) {
  return await trx('video_tasks').where({ video_id: videoId, task }).forUpdate().first();
}

async function change(
  trx: Knex.Transaction,
  videoId: string,
  task: string,
  changes: Record<string, unknown>,
): Promise<void> {
  await trx('video_tasks')
    .where({ video_id: videoId, task })
    .update({ ...changes, updated_at: trx.fn.now() });
}

function toAttempt(row: Record<string, unknown>): Attempt {
  return {
    videoId: row.video_id as string,
    task: row.task as TaskName,
    jobId: row.job_id as string,
    attempts: row.attempts as number,
  };
}

function toTask(row: Record<string, unknown>): VideoTask {
  return {
    videoId: row.video_id as string,
    task: row.task as TaskName,
    state: row.state as TaskState,
    percent: row.percent as number,
    attempts: row.attempts as number,
    error: row.error as string | null,
    dueAt: row.due_at as Date,
  };
}
