import type { Knex } from 'knex';
import type { VideoState, Visibility } from '../api/session.ts';
import type { VideoSort } from '../api/video.ts';
import { type KeyKind, readCursor, writeCursor } from '../store/list-cursor.ts';
import { titleWordPattern } from '../store/title-words.ts';

/** Which page of which videos. */
export type VideoListing = {
  /** 1-100. */
  readonly limit: number;
  /** `nextCursor` of the page before; of the same sort and filters. */
  readonly cursor?: string | undefined;
  /** Without it the newest first. */
  readonly sort?: VideoSort | undefined;
  readonly state?: VideoState | undefined;
  /** Without it videos of every visibility are listed. */
  readonly visibility?: Visibility | undefined;
  /** Whether those that came to nothing are listed; without it they are. */
  readonly isFailedShown?: boolean | undefined;
  /** An account's; null: nobody's. */
  readonly ownerId?: string | null | undefined;
  /** Words that are all in the title, in any order, as `titleWordPattern` finds them. */
  readonly title?: string | undefined;
  /** Answers to this video. */
  readonly replyTo?: string | undefined;
};

/** The raw rows of a page. `nextCursor` is null on the last one. */
export type ListedRows = {
  readonly rows: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
};

/** More say nothing about a title. */
const mostWords = 10;

type Order = {
  /** As the indexes of the migration `0011-video-orders` have it. */
  readonly key: string;
  readonly kind: KeyKind;
  readonly direction: 'asc' | 'desc';
  /** Between equals; turned round where the order is an index read backwards. */
  readonly idDirection: 'asc' | 'desc';
  /** What the cursor holds of a row. */
  readonly placeOf: (row: Record<string, unknown>) => string | number;
  readonly toSql?: (key: string | number) => Date;
};

const time = {
  key: 'created_at',
  kind: 'integer',
  placeOf: (row: Record<string, unknown>) => (row.created_at as Date).getTime(),
  toSql: (key: string | number) => new Date(clampedMillis(Number(key))),
} as const;

const orders: Readonly<Record<VideoSort, Order>> = {
  newest: { ...time, direction: 'desc', idDirection: 'asc' },
  oldest: { ...time, direction: 'asc', idDirection: 'desc' },
  longest: largestFirst('duration_seconds', 'number'),
  largest: largestFirst('size_bytes', 'integer'),
  title: {
    key: 'title_key',
    kind: 'string',
    direction: 'asc',
    idDirection: 'asc',
    placeOf: row => row.title_key as string,
  },
};

/**
 * A page of videos in an order of `VideoSort`. Each page begins where the one before ended, in the index: a video
 * that comes or goes between two pages shifts none of the others, and the thousandth page costs what the first does.
 * @throws LivereelError `validation-failed` when the cursor is not one of ours, or of another list.
 */
export async function listVideoRows(videos: Knex.QueryBuilder, listing: VideoListing): Promise<ListedRows> {
  const {
    limit,
    cursor,
    sort = 'newest',
    state,
    visibility,
    ownerId,
    replyTo,
    isFailedShown = true,
    title = '',
  } = listing;
  const list = JSON.stringify([sort, state, visibility, ownerId === null ? '' : ownerId, replyTo, title]);
  const order = orders[sort];
  const after = cursor === undefined ? undefined : readCursor(list, cursor, order.kind);
  // One row more than asked for tells whether there is a next page.
  const query = videos
    .orderByRaw(`${order.key} ${order.direction}, id ${order.idDirection}`)
    .limit(limit + 1);
  if (state !== undefined) query.where({ state });
  if (visibility !== undefined) query.where({ visibility });
  if (!isFailedShown) query.whereNot({ state: 'failed' });
  if (ownerId !== undefined) query.whereRaw("coalesce(owner_id, '') = ?", [ownerId ?? '']);
  if (replyTo !== undefined) query.where({ reply_to: replyTo });
  for (const word of wordsOf(title)) {
    const pattern = titleWordPattern(word);
    // Signs alone are looked for as they stand, in every title: the index has none.
    if (pattern === undefined) query.whereRaw('title like ?', [held(word)]);
    else query.whereRaw('title_words like ?', [pattern]);
  }
  if (after) {
    const key = order.toSql?.(after.key) ?? after.key;
    const [past, pastId] = [order.direction, order.idDirection].map(way => (way === 'asc' ? '>' : '<'));
    // Said in this way the index finds the place; "past, or equal and ..." would read all that is before.
    query.whereRaw(`${order.key} ${past}= ? and (${order.key} ${past} ? or id ${pastId} ?)`, [
      key,
      key,
      after.id,
    ]);
  }
  const found: Record<string, unknown>[] = await query;
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const isMore = found.length > rows.length && last !== undefined;
  return {
    rows,
    nextCursor: isMore ? writeCursor(list, { key: order.placeOf(last), id: last.id as string }) : null,
  };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean).slice(0, mostWords);
}

/** A pattern of `like`: the signs anywhere in it, none of them meaning anything. */
function held(word: string): string {
  return `%${word.replace(/[\\%_]/g, '\\$&')}%`;
}

/** What is not known yet comes last. */
function largestFirst(column: string, kind: KeyKind): Order {
  return {
    key: `coalesce(${column}, -1)`,
    kind,
    direction: 'desc',
    idDirection: 'asc',
    placeOf: row => (row[column] as number | null) ?? -1,
  };
}

/** Within what both JavaScript and Postgres take for a time, whatever a forged cursor says. */
function clampedMillis(millis: number): number {
  return Math.min(Math.max(Math.trunc(millis), 0), 8.64e15);
}
