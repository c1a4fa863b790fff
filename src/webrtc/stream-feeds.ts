import type { Log } from '../log.ts';
import type { MediaFrame } from '../rtp/media-frame.ts';
import type { EngineRequest } from './engine-messages.ts';
import type { FeedableStream, StreamFeed } from './webrtc-engine.ts';

type Options = {
  readonly send: (request: EngineRequest, body?: Uint8Array) => void;
  /** Whether what is sent would only wait. */
  readonly isSlow: () => boolean;
  readonly log: Log;
};

type Feedable = {
  readonly stream: FeedableStream;
  /** Views that were asked for and are not answered. */
  pending: number;
  feeding: { close(): void } | null;
};

/**
 * Live streams of other doors on their way to the engine: each is fed from its first viewer by WebRTC to its last. An
 * engine that does not read in time misses pictures up to the next key frame; nothing piles up.
 */
export class StreamFeeds {
  readonly #options: Options;
  readonly #streams = new Map<string, Feedable>();
  #framesDropped = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** How many frames were thrown away. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** A view is asked for: the engine may want this stream. Call what is returned once it is answered. */
  offer(streamId: string, stream: FeedableStream): () => void {
    const known = this.#streams.get(streamId) ?? { stream, pending: 0, feeding: null };
    known.pending += 1;
    this.#streams.set(streamId, known);
    return () => {
      known.pending -= 1;
      this.#forgetUnused(streamId, known);
    };
  }

  /** The engine has viewers for a stream, or has none any more. */
  wanted(streamId: string, isWanted: boolean): void {
    const known = this.#streams.get(streamId);
    if (known === undefined || isWanted === (known.feeding !== null)) return;
    if (isWanted) this.#feed(streamId, known);
    else this.#stop(streamId, known);
  }

  /** The engine is gone, and all its viewers. */
  close(): void {
    for (const [streamId, known] of [...this.#streams]) this.#stop(streamId, known);
  }

  #feed(streamId: string, known: Feedable): void {
    const { send, isSlow, log } = this.#options;
    let isOver = false;
    let isWaitingForKey = false;
    const feed: StreamFeed = {
      frame: (frame: MediaFrame) => {
        if (isOver) return;
        const { bytes, ...head } = frame;
        if (frame.kind === 'video' && frame.isKey) isWaitingForKey = false;
        if (isSlow()) isWaitingForKey = true;
        if (isSlow() || (isWaitingForKey && frame.kind === 'video')) {
          this.#framesDropped += 1;
          return;
        }
        send({ kind: 'feed', streamId, frame: head }, bytes);
      },
      close: () => {
        if (isOver) return;
        isOver = true;
        send({ kind: 'feed-ended', streamId });
      },
    };
    // Before `feed` is called, which may call back at once.
    let isStopped = false;
    let source: { close(): void } | undefined;
    known.feeding = {
      close: () => {
        isOver = true;
        isStopped = true;
        source?.close();
      },
    };
    try {
      source = known.stream.feed(feed);
      if (isStopped) source.close();
    } catch (error) {
      log.error({ err: error, streamId }, 'a stream cannot be fed to webrtc');
      feed.close();
    }
  }

  #stop(streamId: string, known: Feedable): void {
    try {
      known.feeding?.close();
    } catch (error) {
      this.#options.log.error({ err: error, streamId }, 'feeding a stream to webrtc ended badly');
    }
    known.feeding = null;
    this.#forgetUnused(streamId, known);
  }

  #forgetUnused(streamId: string, known: Feedable): void {
    if (known.pending === 0 && known.feeding === null && this.#streams.get(streamId) === known)
      this.#streams.delete(streamId);
  }
}
