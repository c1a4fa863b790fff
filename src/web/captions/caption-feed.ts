import type { Caption } from '../../api/caption.ts';
import type { VideoState } from '../../api/session.ts';
import { PublishError } from '../../client/publish-error.ts';
import { readTranscript } from '../elements/video-api.ts';
import type { Captioning } from './captioning-words.ts';
import { HeardCaptions } from './heard-captions.ts';

const gatherMillis = 40;
const firstAgainMillis = 5_000;
const longestAgainMillis = 120_000;
const liveStates = new Set<VideoState>(['created', 'live', 'interrupted']);

/**
 * What is said in one video, as its page knows it: by `caption` events while it is said, the transcript once that
 * is over. Event `change`, at most 25 times a second: a long stream's captions come all at once when one joins.
 */
export class CaptionFeed extends EventTarget {
  readonly #id: string;
  readonly #heard = new HeardCaptions();
  readonly #gone = new AbortController();
  #captioning: Captioning | undefined;
  #language: string | undefined;
  #correctedPercent: number | undefined;
  #isKnown = false;
  #isOver = false;
  #isAsking = false;
  #againMillis = firstAgainMillis;
  #againTimer: ReturnType<typeof setTimeout> | undefined;
  #gatherTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    super();
    this.#id = id;
  }

  /** What was said so far, in order. */
  get captions(): HeardCaptions['all'] {
    return this.#heard.all;
  }

  /** How well the stream is captioned; undefined until the server told. */
  get captioning(): Captioning | undefined {
    return this.#captioning;
  }

  /** What is spoken, BCP-47; undefined while nobody knows. */
  get language(): string | undefined {
    return this.#language;
  }

  /** How far the transcript is corrected, 0 to 100; undefined when it is not being corrected. */
  get correctedPercent(): number | undefined {
    return this.#correctedPercent;
  }

  /** Whether the server has said what there is: an empty list means that nothing was said. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether the words are the corrected ones. */
  get isTranscript(): boolean {
    return this.#heard.isTranscript;
  }

  /** Takes what belongs to captions from a stream of the video's events. */
  listen(stream: EventSource): void {
    const on = <T>(name: string, take: (data: T) => void) =>
      stream.addEventListener(name, event => take(JSON.parse((event as MessageEvent<string>).data) as T));
    on<Caption>('caption', caption => {
      if (this.#heard.add(caption)) this.#changed();
    });
    on<Captioning & { language?: string | null }>('captioning', captioning => {
      this.#captioning = captioning;
      this.#language = captioning.language ?? this.#language;
      this.#changed();
    });
    on<{ task: string; percent: number }>('progress', ({ task, percent }) => {
      if (task === 'transcript') this.#onProgress(percent);
    });
  }

  /** What the video's record says: once it is over, the transcript is asked for. */
  videoIs(state: VideoState, language: string | null): void {
    if (language !== null && language !== 'auto') this.#language = language;
    if (liveStates.has(state)) {
      this.#isKnown = true;
    } else if (!this.#isOver && state !== 'uploading' && state !== 'failed') {
      this.#isOver = true;
      void this.#ask();
    }
    this.#changed();
  }

  /** Stops. Safe to call twice. */
  close(): void {
    this.#gone.abort();
    clearTimeout(this.#againTimer);
    clearTimeout(this.#gatherTimer);
  }

  #onProgress(percent: number): void {
    this.#correctedPercent = percent < 100 ? percent : undefined;
    this.#againMillis = firstAgainMillis;
    if (percent >= 100) void this.#ask();
    this.#changed();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    clearTimeout(this.#againTimer);
    const isFinal = await this.#read();
    this.#isAsking = false;
    if (this.#gone.signal.aborted) return;
    this.#changed();
    if (isFinal) return;
    // Its being ready is told by an event, which a lost connection may have swallowed.
    this.#againTimer = setTimeout(() => void this.#ask(), this.#againMillis);
    this.#againMillis = Math.min(longestAgainMillis, 2 * this.#againMillis);
  }

  /** Gives whether the server has said its last word. */
  async #read(): Promise<boolean> {
    try {
      const { language, final, segments } = await readTranscript(this.#id, this.#gone.signal);
      this.#isKnown = true;
      this.#language = language ?? this.#language;
      if (final) {
        this.#heard.replace(segments.map(segment => ({ ...segment, revision: 0, final: true })));
        this.#correctedPercent = undefined;
      } else {
        for (const segment of segments) this.#heard.add({ ...segment, revision: 0, final: true });
      }
      return final;
    } catch (error) {
      if (error instanceof PublishError && error.facts.status === 404) this.#isKnown = true;
      return false;
    }
  }

  #changed(): void {
    this.#gatherTimer ??= setTimeout(() => {
      this.#gatherTimer = undefined;
      this.dispatchEvent(new Event('change'));
    }, gatherMillis);
  }
}
