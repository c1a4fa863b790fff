import type { VideoEvent } from '../../api/event.ts';
import { PublishError } from '../../client/publish-error.ts';
import { readVideo, type VideoAnswer } from '../elements/video-api.ts';

const pollMillis = 2_500;
const streamAgainMillis = 15_000;

/**
 * Keeps one video's record true while its page is open: by Server-Sent Events, by asking again and again where
 * they do not come through. Event `change`.
 */
export class VideoUpdates extends EventTarget {
  readonly #id: string;
  readonly #gone = new AbortController();
  #video: VideoAnswer | undefined;
  #viewers = 0;
  #error: PublishError | undefined;
  #stream: EventSource | undefined;
  #streamOpenedAtMillis = Number.NEGATIVE_INFINITY;

  constructor(id: string) {
    super();
    this.#id = id;
    this.#openStream();
    void this.#poll();
  }

  /** The newest that is known. */
  get video(): VideoAnswer | undefined {
    return this.#video;
  }

  /** How many are watching. */
  get viewers(): number {
    return this.#viewers;
  }

  /** Why the last question had no answer; undefined when it had one. */
  get error(): PublishError | undefined {
    return this.#error;
  }

  /** Stops. Safe to call twice. */
  close(): void {
    this.#gone.abort();
    this.#stream?.close();
  }

  #openStream(): void {
    this.#stream?.close();
    this.#streamOpenedAtMillis = performance.now();
    const stream = new EventSource(`/api/v1/videos/${this.#id}/events`);
    this.#stream = stream;
    // After a reconnect what was missed is asked for at once.
    stream.addEventListener('open', () => void this.#ask());
    stream.addEventListener('state', () => void this.#ask());
    stream.addEventListener('viewers', event => {
      this.#viewers = (JSON.parse(event.data) as Extract<VideoEvent, { event: 'viewers' }>['data']).count;
      this.#changed();
    });
  }

  async #poll(): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      const isStreaming = this.#stream?.readyState === EventSource.OPEN;
      if (!isStreaming || this.#video === undefined || this.#error !== undefined) await this.#ask();
      if (this.#error?.facts.status === 404) this.#stream?.close();
      else this.#reviveStream();
      await new Promise(resolve => setTimeout(resolve, pollMillis));
    }
  }

  // EventSource reconnects by itself after a lost connection, never after an answer that was an error.
  #reviveStream(): void {
    const isDead = this.#stream?.readyState === EventSource.CLOSED;
    if (isDead && performance.now() - this.#streamOpenedAtMillis > streamAgainMillis) this.#openStream();
  }

  async #ask(): Promise<void> {
    try {
      this.#video = await readVideo(this.#id, this.#gone.signal);
      this.#error = undefined;
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      this.#error =
        error instanceof PublishError ? error : new PublishError('internal', 'The page failed. Reload it.');
    }
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
