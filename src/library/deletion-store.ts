import type { Knex } from 'knex';
import type { Database } from '../store/database.ts';

/** A video that was deleted, as far as it is still known. */
export type Deletion = {
  readonly videoId: string;
  readonly ownerId: string | null;
  readonly ingestTokenHash: Buffer | null;
};

/**
 * The SQL of the table `deletions`. A video is deleted at the moment in which its row becomes one of these, in one
 * transaction: from then on nobody finds it. Its files go after that, and are looked for until the row is forgotten.
 */
export class DeletionStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /**
   * Takes a video out of the library for good, with all that hangs on its row. False: there is no such video, or it
   * was changed after `unchangedSince`.
   */
  async mark(videoId: string, unchangedSince?: Date): Promise<boolean> {
    const marked = await this.#database.run(knex =>
      markVideos(knex, videos => {
        const found = videos.where({ id: videoId });
        if (unchangedSince === undefined) return found;
        // Times are whole milliseconds here, Postgres' own are finer.
        return found.whereRaw("date_trunc('milliseconds', updated_at) = ?", [unchangedSince]);
      }),
    );
    return marked.length > 0;
  }

  /** As `mark`, all videos of an account at once; gives their ids. */
  async markOwned(ownerId: string): Promise<string[]> {
    return await this.#database.run(knex => markVideos(knex, videos => videos.where({ owner_id: ownerId })));
  }

  /** Videos whose files may still be there. */
  async unfinished(): Promise<string[]> {
    return await this.#ids(rows => rows.whereNull('files_removed_at').orderBy('deleted_at'));
  }

  /** Videos whose files were removed before `before`, at most `limit`. */
  async finishedBefore(before: Date, limit: number): Promise<string[]> {
    return await this.#ids(rows =>
      rows.where('files_removed_at', '<', before).orderBy('deleted_at').limit(limit),
    );
  }

  /** Whether a video was deleted, and by what it was known; undefined when nobody knows any more. */
  async find(videoId: string): Promise<Deletion | undefined> {
    const row = await this.#database.run(knex => knex('deletions').where({ video_id: videoId }).first());
    if (row === undefined) return undefined;
    return { videoId, ownerId: row.owner_id, ingestTokenHash: row.ingest_token_hash };
  }

  async filesRemoved(videoId: string): Promise<void> {
    const changes = { files_removed_at: new Date() };
    await this.#database.run(knex => knex('deletions').where({ video_id: videoId }).update(changes));
  }

  async forget(videoIds: readonly string[]): Promise<void> {
    await this.#database.run(knex => knex('deletions').whereIn('video_id', videoIds).delete());
  }

  async #ids(select: (rows: Knex.QueryBuilder) => Knex.QueryBuilder): Promise<string[]> {
    const rows = await this.#database.run(async knex => await select(knex('deletions').select('video_id')));
    return rows.map((row: { video_id: string }) => row.video_id);
  }
}

/** One statement, so one transaction: a row is in `videos` or in `deletions`, at every moment. Safe to repeat. */
async function markVideos(
  knex: Knex,
  which: (videos: Knex.QueryBuilder) => Knex.QueryBuilder,
): Promise<string[]> {
  const gone = which(knex('videos')).delete().returning(['id', 'owner_id', 'ingest_token_hash']);
  const rows: { video_id: string }[] = await knex
    .with('gone', gone)
    .into(knex.raw('?? (??, ??, ??)', ['deletions', 'video_id', 'owner_id', 'ingest_token_hash']))
    .insert(knex('gone').select('id', 'owner_id', 'ingest_token_hash'))
    .returning('video_id');
  return rows.map(row => row.video_id);
}
