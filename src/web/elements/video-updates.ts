import type { VideoEvent } from '../../api/event.ts';
import { PublishError } from '../../client/publish-error.ts';
import { CaptionFeed } from '../captions/caption-feed.ts';
import type { LiveClock } from './live-clock.ts';
import { readVideo, type VideoAnswer } from './video-api.ts';
import { VideoEventStream } from './video-event-stream.ts';

const pollMillis = 2_500;

/**
 * Keeps one video's record true while its page is open: by Server-Sent Events, by asking again and again where
 * they do not come through. Event `change`; what is said has its own, in `captions`.
 */
export class VideoUpdates extends EventTarget {
  /** What is said in it. */
  readonly captions: CaptionFeed;
  readonly #id: string;
  readonly #stream: VideoEventStream;
  readonly #gone = new AbortController();
  #video: VideoAnswer | undefined;
  #viewers = 0;
  #clock: LiveClock | undefined;
  #madePercent = 0;
  #error: PublishError | undefined;

  /** `isViewer`: whether the page counts as somebody who watches. */
  constructor(id: string, isViewer = true) {
    super();
    this.#id = id;
    this.captions = new CaptionFeed(id);
    this.#stream = new VideoEventStream(id, stream => this.#listen(stream), isViewer);
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

  /** Where the live stream stands; undefined until the server has told. */
  get clock(): LiveClock | undefined {
    return this.#clock;
  }

  /** How much of the video is made, of one that came as a file; 0 to 100. */
  get madePercent(): number {
    return this.#madePercent;
  }

  /** Why the last question had no answer; undefined when it had one. */
  get error(): PublishError | undefined {
    return this.#error;
  }

  /** Stops. Safe to call twice. */
  close(): void {
    this.#gone.abort();
    this.#stream.close();
    this.captions.close();
  }

  #listen(stream: EventSource): void {
    this.captions.listen(stream);
    // After a reconnect what was missed is asked for at once.
    stream.addEventListener('open', () => void this.#ask());
    stream.addEventListener('state', () => void this.#ask());
    // What was made of the video has an address now.
    stream.addEventListener('progress', ({ data }) => {
      if ((JSON.parse(data) as { percent: number }).percent === 100) void this.#ask();
    });
    stream.addEventListener('live-clock', event => {
      this.#clock = JSON.parse((event as MessageEvent<string>).data) as LiveClock;
      this.#changed();
    });
    stream.addEventListener('progress', event => {
      const { task, percent } = JSON.parse(event.data) as Extract<VideoEvent, { event: 'progress' }>['data'];
      if (task !== 'process') return;
      this.#madePercent = percent;
      this.#changed();
    });
    stream.addEventListener('viewers', event => {
      this.#viewers = (JSON.parse(event.data) as Extract<VideoEvent, { event: 'viewers' }>['data']).count;
      this.#changed();
    });
  }

  async #poll(): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      if (!this.#stream.isOpen || this.#video === undefined || this.#error !== undefined) await this.#ask();
      // What is not there will not come back.
      if (this.#error?.facts.status === 404) this.#stream.close();
      await new Promise(resolve => setTimeout(resolve, pollMillis));
    }
  }

  async #ask(): Promise<void> {
    try {
      this.#video = await readVideo(this.#id, this.#gone.signal);
      this.#error = undefined;
      this.captions.videoIs(this.#video.state, this.#video.language);
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
