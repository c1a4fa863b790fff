import { setTimeout as delay } from 'node:timers/promises';
import type { VideoEvent } from '../../src/api/event.ts';

type CaptionData = Extract<VideoEvent, { event: 'caption' }>['data'];

/** What a page sees of a video's captions: follows its event stream, and connects again when that breaks. */
export class CaptionWatcher {
  /** The newest revision of each caption. */
  readonly captions = new Map<number, CaptionData>();
  /** When each caption came first with this many words, milliseconds since 1970: `[index, words, at]`. */
  readonly arrivals: { readonly data: CaptionData; readonly atMillis: number }[] = [];
  /** What breaks a promise: a revision that went back, a final caption that changed. */
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;

  constructor(eventsUrl: string) {
    this.#url = eventsUrl;
    this.#following = this.#follow();
  }

  /** The words of all captions, in order, and whether they are final. */
  get words() {
    return [...this.captions.values()]
      .sort((one, other) => one.index - other.index)
      .flatMap(({ words, final }) => words.map(word => ({ ...word, final })));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#read().catch(() => undefined);
      await delay(100);
    }
  }

  async #read(): Promise<void> {
    const { body } = await fetch(this.#url, { signal: this.#stopped.signal });
    let unread = '';
    for await (const bytes of body ?? []) {
      unread += Buffer.from(bytes).toString();
      const messages = unread.split('\n\n');
      unread = messages.pop() ?? '';
      for (const message of messages) this.#take(message);
    }
  }

  #take(message: string): void {
    if (!/^event: caption$/m.test(message)) return;
    const data = JSON.parse(/^data: (.*)$/m.exec(message)?.[1] ?? '') as CaptionData;
    const known = this.captions.get(data.index);
    const isRepeat = known !== undefined && known.revision === data.revision && known.text === data.text;
    if (isRepeat) return;
    if (known?.final) this.faults.push(`caption ${data.index} was final and changed`);
    if (known !== undefined && data.revision <= known.revision)
      this.faults.push(`caption ${data.index} went back`);
    this.captions.set(data.index, data);
    this.arrivals.push({ data, atMillis: Date.now() });
  }
}
