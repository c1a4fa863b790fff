import type { VideoEvent } from '../../api/event.ts';
import { PublishError } from '../../client/publish-error.ts';
import { freshLogin } from '../account/current-login.ts';
import { CaptionFeed } from '../captions/caption-feed.ts';
import type { LiveClock } from './live-clock.ts';
import { pageToken } from './page-token.ts';
import { readVideo, type VideoAnswer } from './video-api.ts';
import { VideoEventStream } from './video-event-stream.ts';

const pollMillis = 2_500;
// The addresses of a private video hold for twelve hours; those of somebody's link are never made to hold longer.
const renewMillis = 3_600_000;
const notThere = 404;

/**
 * Keeps one video's record true while its page is open: by Server-Sent Events, by asking again and again where
 * they do not come through. Event `change`; what is said has its own, in `captions`.
 */
export class VideoUpdates extends EventTarget {
  /** What is said in it. */
  readonly captions: CaptionFeed;
  readonly #id: string;
  #stream: VideoEventStream | undefined;
  readonly #gone = new AbortController();
  #video: VideoAnswer | undefined;
  #viewers = 0;
  #clock: LiveClock | undefined;
  #madePercent = 0;
  #error: PublishError | undefined;
  #isDeleted = false;
  #readAtMillis = 0;
  #askedAtMillis = 0;

  /** `isViewer`: whether the page counts as somebody who watches. */
  constructor(id: string, isViewer = true) {
    super();
    this.#id = id;
    this.captions = new CaptionFeed(id);
    void this.#begin(isViewer);
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

  /** Whether it was deleted while the page was open. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Something of the video cannot be loaded: asks whether it is there still, and where. At leisure. */
  look(): void {
    if (Date.now() - this.#askedAtMillis > pollMillis && !this.#gone.signal.aborted) void this.#ask();
  }

  /** It was changed from this page: reads it anew. */
  reread(): void {
    if (!this.#gone.signal.aborted) void this.#ask();
  }

  /** Stops. Safe to call twice. */
  close(): void {
    this.#gone.abort();
    this.#stream?.close();
    this.captions.close();
  }

  async #begin(isViewer: boolean): Promise<void> {
    // A private video is there for its owner for as long as the login is good, which may have run out since.
    await freshLogin();
    if (this.#gone.signal.aborted) return;
    this.#stream = new VideoEventStream(this.#id, stream => this.#listen(stream), { isViewer });
    await this.#poll(this.#stream);
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
    stream.addEventListener('deleted', () => this.#deleted());
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

  async #poll(stream: VideoEventStream): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      const isUnsure = !stream.isOpen || this.#video === undefined || this.#error !== undefined;
      if (isUnsure || this.#isToBeRenewed()) await this.#ask();
      // What is not there will not come back.
      if (this.#error?.facts.status === notThere) {
        stream.close();
        return;
      }
      await new Promise(resolve => setTimeout(resolve, pollMillis));
    }
  }

  async #ask(): Promise<void> {
    this.#askedAtMillis = Date.now();
    try {
      // A machine that slept comes back with a login that has run out.
      await freshLogin();
      this.#video = await readVideo(this.#id, this.#gone.signal);
      this.#readAtMillis = Date.now();
      this.#error = undefined;
      this.captions.videoIs(this.#video.state, this.#video.language);
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      this.#error =
        error instanceof PublishError ? error : new PublishError('internal', 'The page failed. Reload it.');
      // It was deleted, or made private: nobody here may go on watching.
      if (this.#error.facts.status === notThere) this.#video = undefined;
    }
    this.#changed();
  }

  #isToBeRenewed(): boolean {
    const isOwners = this.#video?.visibility === 'private' && pageToken() === null;
    return isOwners && Date.now() - this.#readAtMillis > renewMillis;
  }

  #deleted(): void {
    this.#isDeleted = true;
    this.#video = undefined;
    this.#error = new PublishError('not-found', 'This video was deleted.', { status: notThere });
    this.close();
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
