import type { TemplatedApp } from 'uWebSockets.js';
import type { VideoEvents } from '../events/video-events.ts';
import { addEventStreams, type EventParts } from './event-stream.ts';
import { SocketEvents } from './socket-events.ts';
import { VideoFeeds } from './video-feeds.ts';
import { ViewerCounts } from './viewer-counts.ts';

/** Whose events are told, and what is known of them. */
export type ToldEventsParts = Omit<EventParts, 'feeds' | 'viewers'> & { readonly events: VideoEvents };

/** All that tells viewers what happens: Server-Sent Events and Socket.IO. Owned by the data plane. */
export class ToldEvents {
  readonly #feeds: VideoFeeds;
  readonly #viewers: ViewerCounts;
  readonly #sockets: SocketEvents;

  constructor(app: TemplatedApp, { events, ...parts }: ToldEventsParts) {
    this.#feeds = new VideoFeeds(events);
    this.#viewers = new ViewerCounts(events);
    const told = { ...parts, feeds: this.#feeds, viewers: this.#viewers };
    addEventStreams(app, told);
    this.#sockets = new SocketEvents(app, told);
  }

  /** How many watch, for those who watch otherwise than by events. */
  get viewers(): ViewerCounts {
    return this.#viewers;
  }

  /** Lets all viewers go. Safe to call twice, never throws. */
  async close(): Promise<void> {
    await this.#sockets.close();
    this.#viewers.close();
    this.#feeds.close();
  }
}
