import { runningTaskOf } from '../jobs/task-store.ts';
import type { Database } from '../store/database.ts';

/** A video whose files are to be counted. */
export type UncountedVideo = { readonly id: string };

/**
 * How much of the disk videos take, in the table `videos`.
 * @throws LivereelError `database-unavailable`.
 */
export class StorageStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Notes what a video takes. */
  async counted(id: string, bytes: number): Promise<void> {
    const changes = { stored_bytes: bytes, stored_bytes_at: new Date() };
    await this.#database.run(knex => knex('videos').where({ id }).update(changes));
  }

  /**
   * Videos whose files have changed since they were counted, or may have: their row or a task of theirs changed, or
   * they grow now and were counted before `growingBefore`. At most `limit`.
   */
  async uncounted(growingBefore: Date, limit: number): Promise<UncountedVideo[]> {
    return await this.#database.run(knex =>
      knex('videos')
        .select('id')
        .where(stale =>
          stale
            .whereNull('stored_bytes_at')
            .orWhereRaw('stored_bytes_at < updated_at')
            .orWhereRaw(
              'exists (select 1 from video_tasks task where task.video_id = videos.id and task.updated_at > stored_bytes_at)',
            )
            .orWhere(growing =>
              growing
                .whereIn('state', ['live', 'interrupted', 'uploading', 'processing'])
                .where('stored_bytes_at', '<', growingBefore),
            ),
        )
        .orderByRaw('stored_bytes_at nulls first')
        .limit(limit),
    );
  }

  /** Bytes of all videos of an account; those that were not counted yet by the size of their file. */
  async usedBy(ownerId: string): Promise<number> {
    const rows = await this.#database.run(knex =>
      knex('videos')
        .where({ owner_id: ownerId })
        .select(knex.raw('coalesce(sum(coalesce(stored_bytes, size_bytes)), 0)::float8 as bytes')),
    );
    return rows[0].bytes;
  }

  /** Videos that are over and were made before then, oldest first, at most `limit`; never what is live or in work. */
  async overBefore(before: Date, limit: number): Promise<string[]> {
    const rows = await this.#database.run(knex =>
      knex('videos')
        .select('id')
        .whereIn('state', ['ready', 'failed'])
        .whereRaw('coalesce(ended_at, created_at) < ?', [before])
        .where('created_at', '<', before)
        .whereNotExists(runningTaskOf(knex))
        .orderBy('created_at')
        .limit(limit),
    );
    return rows.map((row: { id: string }) => row.id);
  }
}
