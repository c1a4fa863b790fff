import type { Knex } from 'knex';
import type { Database } from '../store/database.ts';

/** An upload that is not over yet; its video is `uploading`. */
export type Upload = {
  readonly videoId: string;
  /** Who knows it may go on with the upload; empty: it cannot be resumed. */
  readonly secret: string;
  /** Null while the client has not told it. */
  readonly sizeBytes: number | null;
  /** Whose it is for the limits: an account, or an address. */
  readonly uploader: string;
  /** As the client sent it (tus, `Upload-Metadata`). */
  readonly metadata: string | null;
  readonly createdAt: Date;
  /** When the newest bytes came. */
  readonly activeAt: Date;
};

/** How many uploads are open, and how large they will become. */
export type OpenUploads = { readonly count: number; readonly ofUploader: number; readonly sizeBytes: number };

/**
 * The SQL of the table `uploads`: what a restart must know of files that are still arriving. Queries wait for a
 * database that restarts; what is away for longer throws LivereelError `database-unavailable`.
 */
export class UploadStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** Its video is there already. */
  async insert(upload: Omit<Upload, 'createdAt' | 'activeAt'>): Promise<void> {
    const record = {
      video_id: upload.videoId,
      secret: upload.secret,
      size_bytes: upload.sizeBytes,
      uploader: upload.uploader,
      metadata: upload.metadata,
    };
    // Stored by the try before this one, perhaps, whose answer was lost with the connection.
    await this.#run(uploads => uploads().insert(record).onConflict('video_id').ignore());
  }

  /** Undefined when there is none, or it is over. */
  async find(videoId: string): Promise<Upload | undefined> {
    const row = await this.#run(uploads => uploads().where({ video_id: videoId }).first());
    return row === undefined ? undefined : toUpload(row);
  }

  /** Bytes have come. */
  async touch(videoId: string): Promise<void> {
    await this.#run(uploads => uploads().where({ video_id: videoId }).update({ active_at: new Date() }));
  }

  /** The client has told how large the file is. */
  async setSize(videoId: string, sizeBytes: number): Promise<void> {
    await this.#run(uploads => uploads().where({ video_id: videoId }).update({ size_bytes: sizeBytes }));
  }

  /** It is over; nothing happens when it was. */
  async remove(videoId: string): Promise<void> {
    await this.#run(uploads => uploads().where({ video_id: videoId }).delete());
  }

  /** What is open now, of everybody and of one. */
  async open(uploader: string): Promise<OpenUploads> {
    const [row] = await this.#database.run(knex =>
      knex('uploads').select(
        knex.raw('count(*) as count'),
        knex.raw('count(*) filter (where uploader = ?) as own', [uploader]),
        knex.raw('coalesce(sum(size_bytes), 0) as size_bytes'),
      ),
    );
    return {
      count: Number(row?.count ?? 0),
      ofUploader: Number(row?.own ?? 0),
      sizeBytes: Number(row?.size_bytes ?? 0),
    };
  }

  /** All that are open, those that were left alone for longest first. */
  async all(limit: number): Promise<Upload[]> {
    const rows = await this.#run(uploads => uploads().orderBy('active_at').limit(limit));
    return rows.map(toUpload);
  }

  /** Videos that wait for an upload which nobody knows of any more: made before `time`, by a server that died at once. */
  async orphans(time: Date): Promise<string[]> {
    const rows = await this.#database.run(knex =>
      knex('videos')
        .where({ state: 'uploading', input: 'upload' })
        .where('created_at', '<', time)
        .whereNotExists(knex('uploads').whereRaw('uploads.video_id = videos.id'))
        .select('id'),
    );
    return rows.map(({ id }) => id as string);
  }

  async #run<T>(work: (uploads: () => Knex.QueryBuilder) => Promise<T>): Promise<T> {
    return await this.#database.run(knex => work(() => knex('uploads')));
  }
}

function toUpload(row: Record<string, unknown>): Upload {
  return {
    videoId: row.video_id as string,
    secret: row.secret as string,
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
    uploader: row.uploader as string,
    metadata: row.metadata as string | null,
    createdAt: row.created_at as Date,
    activeAt: row.active_at as Date,
  };
}
