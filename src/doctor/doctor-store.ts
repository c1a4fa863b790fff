import type { VideoState } from '../api/session.ts';
import { runningTaskOf } from '../jobs/task-store.ts';
import type { Database } from '../store/database.ts';

/** What the doctor asks the database. @throws LivereelError `database-unavailable`. */
export class DoctorStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Of all videos. */
  async ids(): Promise<string[]> {
    return await this.#database.run(knex => knex('videos').pluck('id'));
  }

  /** Finished videos on which nothing is at work, by their ids after `after`, at most `limit`. */
  async settledIds(after: string, limit: number): Promise<string[]> {
    return await this.#database.run(knex =>
      knex('videos')
        .where({ state: 'ready' })
        .where('id', '>', after)
        .whereNotExists(runningTaskOf(knex))
        .orderBy('id')
        .limit(limit)
        .pluck('id'),
    );
  }

  /** Tasks that are called running, without a word for so long. */
  async silentTasks(seconds: number): Promise<{ videoId: string; task: string }[]> {
    const before = new Date(Date.now() - seconds * 1_000);
    const rows = await this.#database.run(knex =>
      knex('video_tasks').where({ state: 'running' }).where('updated_at', '<', before).limit(1_000),
    );
    return rows.map((row: { video_id: string; task: string }) => ({ videoId: row.video_id, task: row.task }));
  }

  /** Videos that are being made, without a change for so long. */
  async silentVideos(seconds: number): Promise<{ id: string; state: VideoState }[]> {
    const before = new Date(Date.now() - seconds * 1_000);
    return await this.#database.run(knex =>
      knex('videos')
        .select('id', 'state')
        .whereIn('state', ['processing', 'uploading'])
        .where('updated_at', '<', before)
        .limit(1_000),
    );
  }
}
