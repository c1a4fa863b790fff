import type { VideoAnswer } from '../../api/video.ts';
import { PublishError } from '../../client/publish-error.ts';
import { readVideo, readVideos } from '../elements/video-api.ts';
import type { VideoChoice } from './video-choice.ts';

const lookAgainMillis = 4_000;
/** So many that are not over are asked for at once; the rest is as it was when it was listed. */
const mostLookedAt = 12;

/**
 * The videos of the library that were chosen, as far as they were scrolled to. What is not over yet is asked for again
 * while the page is seen. Event `change`.
 */
export class VideoList extends EventTarget {
  readonly choice: VideoChoice;
  readonly #gone = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #items: readonly VideoAnswer[] = [];
  #cursor: string | null | undefined;
  #error: PublishError | undefined;
  #isReading = false;

  constructor(choice: VideoChoice) {
    super();
    this.choice = choice;
    this.#timer = setInterval(() => void this.#lookAgain(), lookAgainMillis);
    void this.more();
  }

  /** What is known so far. */
  get items(): readonly VideoAnswer[] {
    return this.#items;
  }

  /** Whether the first page is still on its way. */
  get isWaiting(): boolean {
    return this.#cursor === undefined && this.#error === undefined;
  }

  /** Whether there is more behind what is known. */
  get hasMore(): boolean {
    return this.#cursor !== null;
  }

  /** Why the last page did not come; `more` tries again. */
  get error(): PublishError | undefined {
    return this.#error;
  }

  /** Reads the next page; does nothing while one is read, or behind the last. Never throws. */
  async more(): Promise<void> {
    if (this.#isReading || this.#cursor === null) return;
    this.#isReading = true;
    this.#error = undefined;
    this.#changed();
    try {
      const before = this.#items.length;
      do {
        const page = await readVideos({ ...this.choice, cursor: this.#cursor }, this.#gone.signal);
        this.#items = [...this.#items, ...page.items.filter(video => this.#isShown(video))];
        this.#cursor = page.nextCursor;
      } while (this.#cursor !== null && this.#items.length === before);
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      const unknown = new PublishError('internal', 'The page failed. Reload it.');
      this.#error = error instanceof PublishError ? error : unknown;
    } finally {
      this.#isReading = false;
    }
    this.#changed();
  }

  /** Stops. Safe to call twice. */
  close(): void {
    this.#gone.abort();
    clearInterval(this.#timer);
  }

  /** What has not begun or came to nothing is of interest to whom it belongs to. */
  #isShown({ state }: VideoAnswer): boolean {
    return this.choice.isOwn || !['created', 'uploading', 'failed'].includes(state);
  }

  async #lookAgain(): Promise<void> {
    if (document.hidden) return;
    const open = this.#items
      .filter(({ state }) => !['ready', 'failed'].includes(state))
      .slice(0, mostLookedAt);
    const { signal } = this.#gone;
    const news = await Promise.all(
      open.map(async ({ id }) => [id, await readVideo(id, signal).catch(goneOrUnknown)] as const),
    );
    if (signal.aborted || news.length === 0) return;
    const known = new Map(news);
    this.#items = this.#items.flatMap(video => {
      const now = known.get(video.id);
      if (now === 'gone') return [];
      return this.#isShown(now ?? video) ? [now ?? video] : [];
    });
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function goneOrUnknown(error: unknown): 'gone' | undefined {
  return error instanceof PublishError && error.facts.status === 404 ? 'gone' : undefined;
}
