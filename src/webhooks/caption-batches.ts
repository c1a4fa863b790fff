import { createHash } from 'node:crypto';
import type { Caption } from '../api/caption.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import type { DeliveryStore } from './delivery-store.ts';

/** What is final of a live video's captions. */
export type HeardVideo = {
  readonly id: string;
  /** BCP-47; null while nobody knows. */
  readonly spokenLanguage: string | null;
  /** In their order. */
  readonly all: readonly Caption[];
};

type Batch = { readonly captions: Caption[]; timer: NodeJS.Timeout | null; writing: Promise<void> };

const type = 'caption.final';
// A message for each sentence would be one every other second; five seconds more do no harm to who is told by HTTP.
const gatheredMillis = 5_000;
const mostCaptions = 50;

/**
 * Tells webhooks of captions that have become final while a video is live, several in one message, each once and in
 * their order. What a server that died had not told yet is told by the next one: captions are in their file before
 * they are told, and how far was told is in the database. One per server.
 */
export class CaptionBatches {
  readonly #deliveries: Pick<DeliveryStore, 'record' | 'lastIndexTold'>;
  readonly #log: Log;
  readonly #gatheredMillis: number;
  readonly #batches = new Map<string, Batch>();
  readonly #heard: (id: string) => HeardVideo | undefined;
  readonly #stop: () => void;

  /** `heard`: a live video that is captioned. `gatheredSeconds`: how long a batch is gathered. */
  constructor(parts: {
    readonly deliveries: Pick<DeliveryStore, 'record' | 'lastIndexTold'>;
    readonly events: VideoEvents;
    readonly heard: (id: string) => HeardVideo | undefined;
    readonly log: Log;
    readonly gatheredSeconds?: number;
  }) {
    this.#deliveries = parts.deliveries;
    this.#heard = parts.heard;
    this.#log = parts.log;
    this.#gatheredMillis = (parts.gatheredSeconds ?? gatheredMillis / 1_000) * 1_000;
    this.#stop = parts.events.listenToAll(event => {
      if (event.event === 'caption' && event.data.final && event.data.text !== '') this.#add(event.data);
      // Nothing more is said: who waits for the end of a stream does not wait for its last words too.
      if (event.event === 'state' && event.data.state === 'ready') this.#flush(event.data.id);
    });
  }

  /** A video is captioned again after a restart: tells what the server before had not. Never throws. */
  async resume({ id, all }: HeardVideo): Promise<void> {
    try {
      const final = all.filter(caption => caption.final);
      if (final.length === 0) return;
      const last = await this.#deliveries.lastIndexTold(id, type);
      for (const caption of final) if (caption.index > last) this.#add({ ...caption, id });
    } catch (error) {
      this.#log.warn({ err: error, videoId: id }, 'captions not told to webhooks again');
    }
  }

  /** Writes down what is gathered. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#stop();
    const ids = [...this.#batches.keys()];
    await Promise.all(ids.map(id => this.#flush(id)));
  }

  #add({ id, ...caption }: Caption & { id: string }): void {
    const batch = this.#batches.get(id) ?? { captions: [], timer: null, writing: Promise.resolve() };
    this.#batches.set(id, batch);
    batch.captions.push(caption);
    if (batch.captions.length >= mostCaptions) void this.#flush(id);
    else batch.timer ??= setTimeout(() => void this.#flush(id), this.#gatheredMillis);
  }

  async #flush(id: string): Promise<void> {
    const batch = this.#batches.get(id);
    if (batch === undefined) return;
    if (batch.timer !== null) clearTimeout(batch.timer);
    batch.timer = null;
    const captions = batch.captions.splice(0);
    batch.writing = batch.writing.then(() => this.#write(id, captions));
    await batch.writing;
    if (batch.captions.length === 0 && this.#batches.get(id) === batch) this.#batches.delete(id);
  }

  async #write(videoId: string, captions: readonly Caption[]): Promise<void> {
    const [first, last] = [captions[0], captions.at(-1)];
    if (first === undefined || last === undefined) return;
    // The same after a try whose answer was lost: nothing is told twice under two ids.
    const name = createHash('sha256').update(`${videoId}.${type}.${first.index}`).digest('hex').slice(0, 32);
    const language = this.#heard(videoId)?.spokenLanguage ?? null;
    const told = captions.map(({ index, start, end, text, words }) => ({ index, start, end, text, words }));
    await this.#deliveries
      .record(`evt_${name}`, type, videoId, { language, lastIndex: last.index, captions: told })
      .catch(error => this.#log.warn({ err: error, videoId }, 'captions not told to webhooks'));
  }
}
