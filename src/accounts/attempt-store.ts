import type { Database } from '../store/database.ts';

/** What was counted of a subject in the window that runs. */
export type AttemptCount = { readonly count: number; readonly endsAt: Date };

/** The SQL of the table `attempts`: counted in the database, so that neither a restart nor a second server forgets. */
export class AttemptStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Counts one more; the first opens a window of `windowSeconds`. */
  async add(subject: string, windowSeconds: number): Promise<AttemptCount> {
    const now = new Date();
    const endsAt = new Date(now.getTime() + windowSeconds * 1_000);
    const answer = await this.#database.run(knex =>
      knex.raw(
        `insert into attempts (subject, count, ends_at) values (:subject, 1, :endsAt)
         on conflict (subject) do update set
           count = case when attempts.ends_at <= :now then 1 else attempts.count + 1 end,
           ends_at = case when attempts.ends_at <= :now then :endsAt else attempts.ends_at end
         returning count, ends_at`,
        { subject, now, endsAt },
      ),
    );
    const row = answer.rows[0] as { count: number; ends_at: Date };
    return { count: row.count, endsAt: row.ends_at };
  }

  /** It was none: one less. */
  async giveBack(subject: string): Promise<void> {
    await this.#database.run(knex =>
      knex('attempts').where({ subject }).where('count', '>', 0).decrement('count', 1),
    );
  }

  /** Starts counting anew. */
  async clear(subject: string): Promise<void> {
    await this.#database.run(knex => knex('attempts').where({ subject }).delete());
  }

  /** Deletes windows that are over. */
  async forget(): Promise<void> {
    await this.#database.run(knex => knex('attempts').where('ends_at', '<', new Date()).delete());
  }
}
