import { setTimeout as delay } from 'node:timers/promises';
import type { Caption } from '../src/api/caption.ts';

const quietSeconds = 2;

/** Prints a session's captions, each once it has settled, from its event stream (docs/protocol.md, section 5). */
export class DemoCaptions {
  readonly #stopped = new AbortController();
  readonly #reading: Promise<void>;
  #count = 0;
  #lastAt = performance.now();

  /** Begins to follow a session of the server at `baseUrl`. */
  constructor(baseUrl: string, id: string) {
    this.#reading = this.#read(`${baseUrl}/api/v1/videos/${id}/events`).catch(() => undefined);
  }

  /** How many have settled. */
  get count(): number {
    return this.#count;
  }

  /** Waits for the last words: until nothing has come for two seconds, or the time is over. */
  async settled(atMostSeconds: number): Promise<void> {
    this.#lastAt = performance.now();
    const giveUpAt = performance.now() + atMostSeconds * 1_000;
    while (performance.now() < Math.min(giveUpAt, this.#lastAt + quietSeconds * 1_000)) await delay(50);
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#reading;
  }

  async #read(url: string): Promise<void> {
    const answer = await fetch(url, { signal: this.#stopped.signal });
    if (!answer.ok || answer.body === null) return;
    let text = '';
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) this.#hear(event);
    }
  }

  #hear(event: string): void {
    const [, data] = /^event: caption\ndata: (.*)$/m.exec(event) ?? [];
    if (data === undefined) return;
    this.#lastAt = performance.now();
    const { final, start, text } = JSON.parse(data) as Caption;
    if (!final) return;
    this.#count += 1;
    console.log(`Caption at ${start.toFixed(1)} s:  ${text}`);
  }
}
