import { pageToken } from './page-token.ts';

const lookMillis = 2_500;
const againMillis = 15_000;

/**
 * The Server-Sent Events of one video for as long as it is wanted. EventSource reconnects by itself after a lost
 * connection, but never after an answer that was an error: then a new one is opened.
 */
export class VideoEventStream {
  readonly #url: string;
  readonly #listen: (stream: EventSource) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #source: EventSource;
  #openedAtMillis = performance.now();

  /**
   * `listen` is called with each stream that is opened, before anything has come. `isViewer`: whether that counts as
   * somebody who watches. `token`: what lets this page see a private video, in place of the one it was opened with.
   */
  constructor(
    id: string,
    listen: (stream: EventSource) => void,
    { isViewer = true, token = pageToken() }: { isViewer?: boolean; token?: string | null } = {},
  ) {
    const query = new URLSearchParams({
      ...(!isViewer && { viewer: '0' }),
      ...(token !== null && { token }),
    });
    this.#url = `/api/v1/videos/${id}/events${query.size === 0 ? '' : `?${query}`}`;
    this.#listen = listen;
    this.#source = this.#open();
    this.#timer = setInterval(() => this.#look(), lookMillis);
  }

  /** Whether events come through now. */
  get isOpen(): boolean {
    return this.#source.readyState === EventSource.OPEN;
  }

  /** Ends it. Safe to call twice. */
  close(): void {
    clearInterval(this.#timer);
    this.#source.close();
  }

  #open(): EventSource {
    const source = new EventSource(this.#url);
    this.#openedAtMillis = performance.now();
    this.#listen(source);
    return source;
  }

  #look(): void {
    const isDead = this.#source.readyState === EventSource.CLOSED;
    if (isDead && performance.now() - this.#openedAtMillis > againMillis) this.#source = this.#open();
  }
}
