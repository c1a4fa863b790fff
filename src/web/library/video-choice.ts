import type { VideoSort } from '../../api/video.ts';

/** Which videos the library shows, and in which order. */
export type VideoChoice = {
  /** One's own, else the public ones of everybody. */
  readonly isOwn: boolean;
  readonly sort: VideoSort;
  /** Words of the title; empty: whatever they are called. */
  readonly title: string;
};

/** The orders, as people call them. */
export const sortWords: Readonly<Record<VideoSort, string>> = {
  newest: 'Newest',
  oldest: 'Oldest',
  longest: 'Longest',
  largest: 'Largest',
  title: 'A to Z',
};

/** What the query of the page's address asks for; what makes no sense is as if it were not there. */
export function choiceIn(query: URLSearchParams): VideoChoice {
  const sort = query.get('sort') ?? '';
  return {
    isOwn: query.get('show') !== 'public',
    sort: sort in sortWords ? (sort as VideoSort) : 'newest',
    title: (query.get('title') ?? '').replace(/\p{Cc}/gu, ' ').slice(0, 200),
  };
}

/** The same as a query, short where it is what one sees anyway; with its `?`, or empty. */
export function queryOf({ isOwn, sort, title }: VideoChoice): string {
  const query = new URLSearchParams({
    ...(!isOwn && { show: 'public' }),
    ...(sort !== 'newest' && { sort }),
    ...(title.trim() !== '' && { title: title.trim() }),
  });
  return query.size === 0 ? '' : `?${query}`;
}
