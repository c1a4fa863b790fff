import { randomBytes } from 'node:crypto';
import type { VideoEvent } from '../api/event.ts';
import type { VideoEvents } from '../events/video-events.ts';

/** An event with the id that a viewer names when it comes back. */
export type FedEvent = { readonly eventId: string; readonly event: VideoEvent };

/** One viewer's place at a feed; `leave` when it goes. */
export type FeedPlace = {
  /** The newest event's id when the viewer came. */
  readonly newestId: string;
  /** What came after the event that the viewer saw last; null when that is not known any more. */
  readonly missed: readonly FedEvent[] | null;
  leave(): void;
};

// With a caption a second: a connection that is back in four minutes misses nothing.
const keptEvents = 256;
// EventSource comes back after a second or so; a phone in a tunnel later.
const keptUnwatchedMillis = 60_000;
const mostUnwatched = 1_000;

type Feed = {
  /** Of this feed alone: an id of another one, or of another life of the server, is never taken for ours. */
  readonly name: string;
  readonly kept: FedEvent[];
  readonly listeners: Set<(event: FedEvent) => void>;
  readonly stop: () => void;
  newest: number;
  timer: NodeJS.Timeout | null;
};

/**
 * The newest events of each video that is watched, or was a moment ago, so that who comes back gets what was missed.
 * Owned by the data plane.
 */
export class VideoFeeds {
  readonly #events: VideoEvents;
  readonly #feeds = new Map<string, Feed>();
  readonly #unwatched = new Set<string>();

  constructor(events: VideoEvents) {
    this.#events = events;
  }

  /** Calls `listener` with each event of video `id` from now on. `lastSeenId`: of a viewer that comes back. */
  join(id: string, listener: (event: FedEvent) => void, lastSeenId: string | null = null): FeedPlace {
    const feed = this.#feeds.get(id) ?? this.#begin(id);
    this.#unwatched.delete(id);
    if (feed.timer !== null) clearTimeout(feed.timer);
    feed.timer = null;
    // A function of its own: one that joins twice is two.
    const tell = (event: FedEvent) => listener(event);
    feed.listeners.add(tell);
    return {
      newestId: idOf(feed),
      missed: missedIn(feed, lastSeenId),
      leave: () => {
        if (feed.listeners.delete(tell) && feed.listeners.size === 0) this.#rest(id, feed);
      },
    };
  }

  /** Lets go of all. */
  close(): void {
    for (const id of [...this.#feeds.keys()]) this.#end(id);
  }

  #begin(id: string): Feed {
    const feed: Feed = {
      name: randomBytes(6).toString('base64url'),
      kept: [],
      listeners: new Set(),
      stop: this.#events.listen(id, event => {
        feed.newest += 1;
        const fed = { eventId: idOf(feed), event };
        feed.kept.push(fed);
        if (feed.kept.length > keptEvents) feed.kept.shift();
        for (const listener of [...feed.listeners]) listener(fed);
      }),
      newest: 0,
      timer: null,
    };
    this.#feeds.set(id, feed);
    return feed;
  }

  #rest(id: string, feed: Feed): void {
    // Nothing ever happened there, perhaps there is no such video.
    if (feed.newest === 0) {
      this.#end(id);
      return;
    }
    feed.timer = setTimeout(() => this.#end(id), keptUnwatchedMillis);
    feed.timer.unref();
    this.#unwatched.add(id);
    const [oldest] = this.#unwatched;
    if (this.#unwatched.size > mostUnwatched && oldest !== undefined) this.#end(oldest);
  }

  #end(id: string): void {
    const feed = this.#feeds.get(id);
    if (feed === undefined) return;
    feed.stop();
    if (feed.timer !== null) clearTimeout(feed.timer);
    this.#feeds.delete(id);
    this.#unwatched.delete(id);
  }
}

function idOf({ name, newest }: Feed): string {
  return `${name}.${newest}`;
}

function missedIn({ name, kept, newest }: Feed, lastSeenId: string | null): readonly FedEvent[] | null {
  const [of, text] = lastSeenId?.split('.') ?? [];
  if (of !== name || text === undefined || !/^\d{1,15}$/.test(text)) return null;
  const count = newest - Number(text);
  return count >= 0 && count <= kept.length ? kept.slice(kept.length - count) : null;
}
