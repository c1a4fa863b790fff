import type { Knex } from 'knex';
import type { Visibility } from '../api/session.ts';
import type { Database } from '../store/database.ts';
import type { GatedVideo, GatedVideos } from './playback-gate.ts';

type Row = { readonly id: string; readonly visibility: Visibility; readonly playback_epoch: number };

/** What the table `videos` says about who may watch. */
export class GatedVideoStore implements GatedVideos {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  async find(id: string): Promise<GatedVideo | undefined> {
    const [video] = await this.findAll([id]);
    return video;
  }

  async findAll(ids: readonly string[]): Promise<GatedVideo[]> {
    const rows = await this.#database.run<Row[]>((knex: Knex) =>
      knex('videos')
        .select('id', 'visibility', 'playback_epoch')
        .whereRaw('id = any(?::char(12)[])', [[...ids]]),
    );
    return rows.map(({ id, visibility, playback_epoch }) => ({
      id,
      visibility,
      playbackEpoch: playback_epoch,
    }));
  }

  /** Ends all playback tokens that were given out for a video. False: there is no such video. */
  async endTokens(id: string): Promise<boolean> {
    const changed = await this.#database.run((knex: Knex) =>
      knex('videos').where({ id }).increment('playback_epoch', 1),
    );
    return changed > 0;
  }
}
