import type { Knex } from 'knex';
import type { Transcript } from '../api/transcript.ts';
import type { Database } from '../store/database.ts';
import { isRefusal } from '../store/postgres-errors.ts';

/** A video's transcript as it is kept. */
export type KeptTranscript = Transcript & {
  /** What heard it; null for what was heard live. */
  readonly model: string | null;
};

/**
 * The SQL of the table `transcripts`. Queries wait for a database that restarts; what is away for longer throws
 * LivereelError `database-unavailable`.
 */
export class TranscriptStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /**
   * Keeps a video's transcript in place of the one before; corrected words are never replaced by what was heard live.
   * False when it was not kept: there is a better one, or no such video any more.
   */
  async keep(videoId: string, { language, final, model, segments }: KeptTranscript): Promise<boolean> {
    const row = {
      video_id: videoId,
      language,
      final,
      model,
      segments: JSON.stringify(segments, storable),
      updated_at: new Date(),
    };
    try {
      const kept = await this.#run(transcripts =>
        transcripts()
          .insert(row)
          .onConflict('video_id')
          .merge()
          .whereRaw('excluded.final or not transcripts.final')
          .returning('video_id'),
      );
      return kept.length > 0;
    } catch (error) {
      if (isRefusal(error, 'foreignKeyViolation')) return false;
      throw error;
    }
  }

  /** Undefined when there is none. */
  async find(videoId: string): Promise<KeptTranscript | undefined> {
    const row = await this.#run(transcripts => transcripts().where({ video_id: videoId }).first());
    if (row === undefined) return undefined;
    const { language, final, model, segments } = row;
    return { language, final, model, segments };
  }

  async #run<T>(work: (transcripts: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    return await this.#database.run(knex => work(() => knex('transcripts')));
  }
}

/** Postgres' text has no zero characters. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '') : value;
}
