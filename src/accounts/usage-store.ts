import type { Database } from '../store/database.ts';

/** What somebody's videos take up. */
export type Usage = {
  /** Of all videos together. */
  readonly durationSeconds: number;
  readonly sizeBytes: number;
  /** Sessions that are not over. */
  readonly sessions: number;
};

/** What the videos of an account take up, from the table `videos`. */
export class UsageStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** By the index `videos_owner`; without one video, whose own part is known better. */
  async of(accountId: string, exceptVideoId = ''): Promise<Usage> {
    const rows = await this.#database.run(knex =>
      knex('videos')
        .where({ owner_id: accountId })
        .whereNot({ id: exceptVideoId })
        .select(
          knex.raw('coalesce(sum(duration_seconds), 0)::float8 as duration'),
          knex.raw('coalesce(sum(coalesce(stored_bytes, size_bytes)), 0)::float8 as size'),
          knex.raw("count(*) filter (where state in ('created', 'live', 'interrupted')) as sessions"),
        ),
    );
    const row = rows[0] as { duration: number; size: number; sessions: number };
    return { durationSeconds: row.duration, sizeBytes: row.size, sessions: Number(row.sessions) };
  }
}
