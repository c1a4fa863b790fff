import PgBoss from 'pg-boss';
import type { SqlExecutor } from '../store/sql-executor.ts';
import { type Lane, laneNames } from './lanes.ts';

/** What an attempt is about; the table `video_tasks` holds the rest. */
export type Job = { readonly id: string; readonly videoId: string; readonly task: string };

/** pg-boss' own limit, less a second; that an attempt is lost is told by its heartbeat long before. */
const expireInSeconds = 86_399;
const retentionDays = 3_650;

/**
 * The queue proper (pg-boss, in a schema of its own of the same database): which attempt is due, and who gets it. One
 * job is one attempt. Its timers are off: nothing of it is kept when an attempt is over, and lost ones are found by
 * `TaskStore.sweep`.
 */
export class JobBoard {
  readonly #boss: PgBoss;
  readonly #schema: string;

  private constructor(boss: PgBoss, schema: string) {
    this.#boss = boss;
    this.#schema = schema;
  }

  /** Makes or migrates the queue's tables; processes that do so at once wait for each other. */
  static async open(database: SqlExecutor): Promise<JobBoard> {
    const { rows } = await database.executeSql('select current_schema() as schema');
    // pg-boss takes letters, digits and underscores.
    const schema = `livereel_tasks_${String(rows[0]?.schema ?? '').replace(/\W/g, '_')}`.slice(0, 50);
    const boss = new PgBoss({
      db: { executeSql: (text, values) => database.executeSql(text, values) },
      schema,
      supervise: false,
      schedule: false,
    });
    boss.on('error', () => undefined);
    await boss.start();
    for (const lane of laneNames) await boss.createQueue(lane);
    return new JobBoard(boss, schema);
  }

  /** Puts up an attempt that is due at `dueAt`, now without one; resolves with its id. */
  async send(
    db: SqlExecutor,
    lane: Lane,
    { videoId, task }: Omit<Job, 'id'>,
    { priority, delaySeconds }: { readonly priority: number; readonly delaySeconds: number },
  ): Promise<string> {
    const id = await this.#boss.send(
      lane,
      { videoId, task },
      {
        db: bossDb(db),
        priority,
        ...(delaySeconds > 0 && { startAfter: delaySeconds }),
        retryLimit: 0,
        expireInSeconds,
        retentionDays,
      },
    );
    if (id === null) throw new Error('pg-boss took no job');
    return id;
  }

  /** Takes the attempt that is due first; undefined when none is. */
  async fetch(db: SqlExecutor, lane: Lane): Promise<Job | undefined> {
    const [job] = await this.#boss.fetch<{ videoId: string; task: string }>(lane, {
      db: bossDb(db),
      batchSize: 1,
    });
    return job === undefined ? undefined : { id: job.id, ...job.data };
  }

  /** Takes an attempt down, wherever it is; nothing happens when it is gone. */
  async remove(db: SqlExecutor, lane: Lane, id: string): Promise<void> {
    await this.#boss.deleteJob(lane, id, { db: bossDb(db) });
  }

  /** A condition in SQL: no attempt with the id in `column` waits. */
  noneWaits(column: string): string {
    return `not exists (select 1 from "${this.#schema}".job where id = ${column} and state < 'active')`;
  }
}

function bossDb(db: SqlExecutor): PgBoss.Db {
  return { executeSql: (text, values) => db.executeSql(text, values) };
}
