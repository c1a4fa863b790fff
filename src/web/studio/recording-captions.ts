import { CaptionFeed } from '../captions/caption-feed.ts';
import { changeVideo } from '../elements/video-api.ts';
import { VideoEventStream } from '../elements/video-event-stream.ts';

/** Warnings of the server that are about captions, each in words. */
const troubles: Record<string, string> = {
  'captions-delayed': 'Captions are late: the server is busy. The recording is not touched by it.',
  'captions-paused':
    'Captions are paused: the server has too much to do. All of it is captioned after you stop.',
};

/** What viewers read of one's own recording, and what is wrong with that. Event `change`. */
export class RecordingCaptions extends EventTarget {
  /** What is said. */
  readonly feed: CaptionFeed;
  readonly #id: string;
  readonly #ingestToken: string;
  readonly #stream: VideoEventStream;
  #warning = '';

  constructor({ id, ingestToken }: { readonly id: string; readonly ingestToken: string }) {
    super();
    this.#id = id;
    this.#ingestToken = ingestToken;
    this.feed = new CaptionFeed(id);
    this.#stream = new VideoEventStream(id, stream => this.feed.listen(stream), {
      isViewer: false,
      // Of a private video nobody else is told anything, and the login may run out while it is recorded.
      token: ingestToken,
    });
    this.feed.addEventListener('change', () => this.#onFeed());
  }

  /** What is wrong, in words; empty when nothing is. */
  get trouble(): string {
    const { captioning } = this.feed;
    if (captioning?.state === 'off')
      return `Captions are off${captioning.reason ? `: ${captioning.reason}` : ''}`;
    return this.#warning;
  }

  /** Takes a warning of the server; false when it is about something else. */
  warn(code: string): boolean {
    const words = troubles[code];
    if (words === undefined) return false;
    this.#tell(words);
    return true;
  }

  /** Corrects which language is spoken; captions go on in it. */
  async setLanguage(language: string): Promise<void> {
    try {
      await changeVideo(this.#id, { language }, this.#ingestToken);
    } catch {
      this.#tell('The language could not be changed. It can be, on the video’s page, later.');
    }
  }

  /** Stops listening. Safe to call twice. */
  close(): void {
    this.#stream.close();
    this.feed.close();
  }

  #onFeed(): void {
    const state = this.feed.captioning?.state;
    const warning =
      state === undefined || state === 'off' ? this.#warning : (troubles[`captions-${state}`] ?? '');
    this.#tell(warning);
  }

  #tell(warning: string): void {
    this.#warning = warning;
    this.dispatchEvent(new Event('change'));
  }
}
