import type { Knex } from 'knex';
import type { ImportState } from '../api/import.ts';
import type { Database } from '../store/database.ts';

/** An import as the tables `imports` and `video_tasks` hold it. */
export type ImportRow = {
  readonly videoId: string;
  /** As it was given, credentials included. */
  readonly url: string;
  readonly importer: string;
  readonly hasTitle: boolean;
  readonly state: ImportState;
  /** Somebody fetches it now, also when it was cancelled a moment ago. */
  readonly isWorkedOn: boolean;
  /** 1 for the next one, 0 when it does not wait. */
  readonly queuePosition: number;
  /** 0 to 100. */
  readonly percent: number;
  readonly bytes: number;
  readonly totalBytes: number | null;
  readonly attempts: number;
  readonly error: string | null;
};

/** The name of the task that fetches. */
export const importTask = 'import';

/**
 * The SQL of the table `imports`. How far an import is as work is told by its task; a cancelled one waits for
 * nobody, whatever its task says.
 */
export class ImportStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  async insert(row: Pick<ImportRow, 'videoId' | 'url' | 'importer' | 'hasTitle'>): Promise<void> {
    const record = { video_id: row.videoId, url: row.url, importer: row.importer, has_title: row.hasTitle };
    await this.#database.run(knex => knex('imports').insert(record).onConflict('video_id').ignore());
  }

  /** Undefined when the video is no import. */
  async find(videoId: string): Promise<ImportRow | undefined> {
    const row = await this.#database.run(knex =>
      knex('imports')
        .leftJoin('video_tasks', joined)
        .where({ 'imports.video_id': videoId })
        .first('imports.*', 'state', 'percent', 'attempts', 'error', ahead(knex)),
    );
    return row === undefined ? undefined : toImport(row);
  }

  /** How many of an importer's wait or are being fetched. */
  async countOpen(importer: string): Promise<number> {
    const row = await this.#database.run(knex =>
      knex('imports')
        .leftJoin('video_tasks', joined)
        .where({ importer })
        .whereNull('cancelled_at')
        // One whose task is not there yet was made a moment ago.
        .where(which => which.whereIn('state', ['waiting', 'running']).orWhereNull('state'))
        .count({ count: '*' })
        .first(),
    );
    return Number(row?.count ?? 0);
  }

  /** Videos whose import has no task. */
  async unqueued(): Promise<string[]> {
    const rows = await this.#database.run(knex =>
      knex('imports')
        .leftJoin('video_tasks', joined)
        .whereNull('task')
        .whereNull('cancelled_at')
        .select('imports.video_id'),
    );
    return rows.map((row: { video_id: string }) => row.video_id);
  }

  /** How far it is. Answers whether it is still wanted: false once it was cancelled or deleted. */
  async progress(videoId: string, bytes: number, totalBytes: number | null): Promise<boolean> {
    const changed = await this.#database.run(knex =>
      knex('imports')
        .where({ video_id: videoId })
        .whereNull('cancelled_at')
        .update({ bytes, total_bytes: totalBytes }),
    );
    return changed > 0;
  }

  /** False when it was cancelled before. */
  async cancel(videoId: string): Promise<boolean> {
    const changed = await this.#database.run(knex =>
      knex('imports')
        .where({ video_id: videoId })
        .whereNull('cancelled_at')
        .update({ cancelled_at: new Date() }),
    );
    return changed > 0;
  }

  /** Wanted again, at the end of the queue. */
  async requeue(videoId: string): Promise<void> {
    const changes = { cancelled_at: null, queued_at: new Date(), bytes: 0, total_bytes: null };
    await this.#database.run(knex => knex('imports').where({ video_id: videoId }).update(changes));
  }
}

function joined(join: Knex.JoinClause): void {
  join.on('video_tasks.video_id', 'imports.video_id').andOnVal('video_tasks.task', importTask);
}

/** How many wait that were queued before it. */
function ahead(knex: Knex): Knex.Raw {
  const sql = `(select count(*) from imports other
    join video_tasks task on task.video_id = other.video_id and task.task = ?
    where task.state = 'waiting' and other.cancelled_at is null
    and (other.queued_at, other.video_id) < (imports.queued_at, imports.video_id)) as ahead`;
  return knex.raw(sql, [importTask]);
}

function toImport(row: Record<string, unknown>): ImportRow {
  const taskState = (row.state as ImportState | null) ?? 'waiting';
  const isCancelled = row.cancelled_at !== null;
  return {
    videoId: row.video_id as string,
    url: row.url as string,
    importer: row.importer as string,
    hasTitle: row.has_title as boolean,
    state: isCancelled ? 'cancelled' : taskState,
    isWorkedOn: taskState === 'running',
    queuePosition: !isCancelled && taskState === 'waiting' ? Number(row.ahead) + 1 : 0,
    percent: (row.percent as number | null) ?? 0,
    bytes: row.bytes as number,
    totalBytes: row.total_bytes as number | null,
    attempts: (row.attempts as number | null) ?? 0,
    error: row.error as string | null,
  };
}
