import type { Knex } from 'knex';
import type { VideoInput, VideoState, Visibility } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { isRefusal } from '../store/postgres-errors.ts';
import { titleKey } from '../store/title-key.ts';
import { titleWords } from '../store/title-words.ts';
import { listVideoRows, type VideoListing } from './video-list-store.ts';

export type { VideoListing } from './video-list-store.ts';

/** A video as the table `videos` holds it. Times are whole milliseconds: a page's cursor relies on it. */
export type VideoRow = {
  readonly id: string;
  readonly state: VideoState;
  readonly title: string;
  readonly description: string;
  readonly visibility: Visibility;
  readonly input: VideoInput;
  /** What the recorder said it sends; a hint. */
  readonly mimeType: string | null;
  /** Frames only: play at this constant rate; null keeps the capture times. */
  readonly frameRate: number | null;
  readonly replyTo: string | null;
  /** BCP-47, or `auto`. */
  readonly language: string;
  readonly captions: boolean;
  /** Null for what was never published by a session. */
  readonly ingestTokenHash: Buffer | null;
  readonly createdAt: Date;
  /** When the first byte arrived. */
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly durationSeconds: number | null;
  readonly sizeBytes: number | null;
  readonly videoCodec: string | null;
  readonly audioCodec: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly frameCount: number | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** The finished video did not pass its check, so its journal was not deleted. */
  readonly journalKept: boolean;
  readonly clientAddress: string | null;
  /** Something is said in it, and the files that tell it are there. */
  readonly hasCaptions: boolean;
  /** The account that made it; null: made without one, nobody's. */
  readonly ownerId: string | null;
  readonly hasThumbnail: boolean;
  readonly hasPreview: boolean;
  readonly hasStoryboard: boolean;
  /** EBU R128: integrated loudness, its range, and the true peak. Null: not measured, or nothing to hear. */
  readonly loudnessLufs: number | null;
  readonly loudnessRangeLu: number | null;
  readonly truePeakDbtp: number | null;
  /** What that account is called now. */
  readonly ownerName: string | null;
  /** Playback tokens of earlier epochs hold no longer: one more whenever it is made private, or tokens are ended. */
  readonly playbackEpoch: number;
  readonly updatedAt: Date;
};

/** What only a video's session, or its change, asks for: lists leave it where it is. */
const unlisted = [
  'mimeType',
  'frameRate',
  'captions',
  'ingestTokenHash',
  'startedAt',
  'endedAt',
  'frameCount',
  'clientAddress',
  'updatedAt',
] as const satisfies (keyof VideoRow)[];

/** A video as lists know it. */
export type ListedVideo = Omit<VideoRow, (typeof unlisted)[number]>;

/** What a new video must say; the rest has defaults. */
export type NewVideo = Pick<
  VideoRow,
  'id' | 'state' | 'title' | 'visibility' | 'input' | 'language' | 'captions'
> &
  Partial<VideoRow>;

/** What may change in a video's life. `updatedAt` changes by itself. */
export type VideoChanges = Partial<Omit<VideoRow, 'id' | 'createdAt' | 'updatedAt'>>;

const columns = {
  id: 'id',
  state: 'state',
  title: 'title',
  description: 'description',
  visibility: 'visibility',
  input: 'input',
  mimeType: 'mime_type',
  frameRate: 'frame_rate',
  replyTo: 'reply_to',
  language: 'language',
  captions: 'captions',
  ingestTokenHash: 'ingest_token_hash',
  createdAt: 'created_at',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  durationSeconds: 'duration_seconds',
  sizeBytes: 'size_bytes',
  videoCodec: 'video_codec',
  audioCodec: 'audio_codec',
  width: 'width',
  height: 'height',
  frameCount: 'frame_count',
  errorCode: 'error_code',
  errorMessage: 'error_message',
  journalKept: 'journal_kept',
  clientAddress: 'client_address',
  hasCaptions: 'has_captions',
  ownerId: 'owner_id',
  hasThumbnail: 'has_thumbnail',
  hasPreview: 'has_preview',
  hasStoryboard: 'has_storyboard',
  loudnessLufs: 'loudness_lufs',
  loudnessRangeLu: 'loudness_range_lu',
  truePeakDbtp: 'true_peak_dbtp',
  playbackEpoch: 'playback_epoch',
  updatedAt: 'updated_at',
} as const satisfies Record<Exclude<keyof VideoRow, 'ownerName'>, string>;
type Column = keyof typeof columns;

/** A row's owner's name: by the primary key of `accounts`, one of a few that are in memory. */
const ownerName = '(select name from accounts where accounts.id = videos.owner_id) as owner_name';
const withOwner = `videos.*, ${ownerName}`;
const fields = Object.entries({ ...columns, ownerName: 'owner_name' });

const listedColumns = Object.entries(columns).filter(([key]) => !unlisted.some(each => each === key));
const listedFields = [...listedColumns, ['ownerName', 'owner_name'] as const];
/** The title's key is a place in the list. */
const listed = `${listedColumns.map(([, column]) => column).join(', ')}, title_key, ${ownerName}`;

/** The states of a session's video whose recording or making is not over: what a start has to recover. */
const unfinishedStates: readonly VideoState[] = ['created', 'live', 'interrupted', 'processing'];
/** The states in which a session takes part of the server's room. */
const activeStates: readonly VideoState[] = ['created', 'live', 'interrupted'];

/**
 * The SQL of the table `videos`. Ids are checked already (`videoId` of `api/session.ts`).
 * Queries wait for a database that restarts; what is away for longer throws LivereelError `database-unavailable`.
 */
export class VideoStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /** @throws LivereelError `validation-failed` when `replyTo` names no video, `unauthorized` when the owner is gone. */
  async insert(video: NewVideo): Promise<VideoRow> {
    const now = new Date();
    const record = toRecord({ createdAt: now, ...video, updatedAt: now });
    let tries = 0;
    const stored = await this.#run(async videos => {
      tries += 1;
      try {
        return await returned(videos().insert(record));
      } catch (error) {
        // Stored by the try before this one, whose answer was lost with the connection.
        if (tries > 1 && isRefusal(error, 'uniqueViolation'))
          return selected(videos().where({ id: video.id }));
        throw error;
      }
    });
    return toVideo(stored[0]);
  }

  /** Undefined when there is no such video. */
  async find(id: string): Promise<VideoRow | undefined> {
    const [row] = await this.#run(videos => selected(videos().where({ id })));
    return row === undefined ? undefined : toVideo(row);
  }

  /**
   * Changes a video and answers what it is then; undefined when there is no such video.
   * @throws LivereelError `validation-failed` when `replyTo` names no video.
   */
  async update(id: string, changes: VideoChanges, unchangedSince?: Date): Promise<VideoRow | undefined> {
    const record = toRecord({ ...changes, updatedAt: new Date() });
    const rows = await this.#run((videos, knex) => {
      // Made private: links that were given out when it was private before lead nowhere any more.
      const epoch = knex.raw("playback_epoch + (visibility <> 'private')::int");
      const isHiding = changes.visibility === 'private';
      const all = isHiding ? { ...record, playback_epoch: epoch } : record;
      const updated = videos().where({ id });
      // Times are whole milliseconds here, Postgres' own are finer.
      if (unchangedSince) updated.whereRaw("date_trunc('milliseconds', updated_at) = ?", [unchangedSince]);
      return returned(updated.update(all));
    });
    return rows[0] === undefined ? undefined : toVideo(rows[0]);
  }

  /**
   * The file of an `uploading` video is whole: it is `processing` from now on, with these changes. One that is further
   * stays as it is: what a crash has repeated takes nothing back. Undefined: there is no such video.
   */
  async received(
    id: string,
    changes: VideoChanges = {},
  ): Promise<{ readonly video: VideoRow; readonly isNews: boolean } | undefined> {
    const record = toRecord({ ...changes, state: 'processing', updatedAt: new Date() });
    const [row] = await this.#run(videos =>
      returned(videos().where({ id, state: 'uploading' }).update(record)),
    );
    if (row !== undefined) return { video: toVideo(row), isNews: true };
    const video = await this.find(id);
    return video && { video, isNews: false };
  }

  /** What is spoken was found out; what a person said meanwhile stays. */
  async heardLanguage(id: string, language: string): Promise<void> {
    const change = { language, updated_at: new Date() };
    await this.#run(videos => videos().where({ id, language: 'auto' }).update(change));
  }

  /** False when there was no such video. */
  async remove(id: string): Promise<boolean> {
    return (await this.#run(videos => videos().where({ id }).delete())) > 0;
  }

  /** A page of videos. @throws LivereelError `validation-failed` when the cursor is not one of this list. */
  async list(listing: VideoListing): Promise<{ items: ListedVideo[]; nextCursor: string | null }> {
    const { rows, nextCursor } = await this.#run((videos, knex) =>
      listVideoRows(videos().select(knex.raw(listed)), listing),
    );
    return { items: rows.map(row => named(row, listedFields) as ListedVideo), nextCursor };
  }

  /** Every session's video whose recording or making is not over, oldest first: what a start has to recover. */
  async unfinished(): Promise<VideoRow[]> {
    const rows = await this.#run(videos =>
      selected(videos())
        .whereIn('state', unfinishedStates)
        // Files have no journal to recover: their task goes on by itself.
        .whereNotIn('input', ['upload', 'import'])
        .orderBy(['created_at', 'id']),
    );
    return rows.map(toVideo);
  }

  /** How many sessions take part of the server's room. */
  async countActive(): Promise<number> {
    const rows = await this.#run(videos => videos().whereIn('state', activeStates).count({ count: '*' }));
    return Number(rows[0]?.count ?? 0);
  }

  /** How many sessions are live at this moment. */
  async countLive(): Promise<number> {
    const rows = await this.#run(videos => videos().where({ state: 'live' }).count({ count: '*' }));
    return Number(rows[0]?.count ?? 0);
  }

  async #run<T>(work: (videos: () => Knex.QueryBuilder, knex: Knex) => Promise<T>): Promise<T> {
    try {
      return await this.#database.run(knex => work(() => knex('videos'), knex));
    } catch (error) {
      throw brokenReference(error) ?? error;
    }
  }
}

function toRecord(video: Partial<VideoRow>): Record<string, unknown> {
  const known = Object.entries(video).filter(([key, value]) => key in columns && value !== undefined);
  const record = Object.fromEntries(known.map(([key, value]) => [columns[key as Column], value]));
  const { title } = video;
  if (title === undefined) return record;
  return { ...record, title_key: titleKey(title), title_words: titleWords(title) };
}

function toVideo(row: Record<string, unknown>): VideoRow {
  return named(row, fields) as VideoRow;
}

/** Of a page of a list that is 600 fields: `Object.fromEntries` takes twice as long, and leaves much to be collected. */
function named(row: Record<string, unknown>, names: readonly (readonly [key: string, column: string])[]) {
  const video: Record<string, unknown> = {};
  for (const [key, column] of names) video[key] = row[column] ?? null;
  return video;
}

function selected(query: Knex.QueryBuilder): Knex.QueryBuilder {
  return query.select(query.client.raw(withOwner));
}

function returned(query: Knex.QueryBuilder): Knex.QueryBuilder {
  return query.returning(query.client.raw(withOwner));
}

/** A row that was kept as JSON (Postgres' `to_jsonb`), where times are text. */
export function videoOfRecord(record: Record<string, unknown>): VideoRow {
  const times = Object.entries(record).filter(([column, value]) => column.endsWith('_at') && value !== null);
  return toVideo({
    ...record,
    ...Object.fromEntries(times.map(([column, value]) => [column, new Date(String(value))])),
  });
}

function brokenReference(error: unknown): LivereelError | undefined {
  if (!isRefusal(error, 'foreignKeyViolation')) return undefined;
  if ((error as { constraint?: string }).constraint === 'videos_owner_id_foreign') {
    return new LivereelError('unauthorized', 'There is no such account any more.', { cause: error });
  }
  return new LivereelError(
    'validation-failed',
    'This cannot be a reply: the video it names does not exist.',
    {
      cause: error,
      errors: [{ path: 'replyTo', message: 'there is no such video' }],
    },
  );
}
