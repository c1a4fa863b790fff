import type { Caption } from '../api/caption.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import { LineLog } from '../store/line-log.ts';
import type { CaptioningState, CaptionSink } from './caption-sink.ts';

/** What a session's captions are kept in, and who is told of them. */
export type LiveCaptionsOptions = {
  readonly id: string;
  /** The file that keeps them through a crash; its folder exists. */
  readonly file: string;
  readonly events: VideoEvents;
  readonly log: Log;
  /** BCP-47, as the session says it; null or left out: nobody knows yet. */
  readonly language?: string | null;
  /** Called once when every caption is final, or given up. */
  readonly onEnd?: (captions: LiveCaptions) => Promise<void>;
};

/** How well a session is captioned now. */
export type Captioning = {
  readonly state: CaptioningState | 'off';
  readonly lagSeconds: number;
  /** Why it is off, part of a sentence for people. */
  readonly reason?: string;
};

type Entry =
  /** The server began, or began again, to caption the session. */
  | { readonly type: 'life' }
  | { readonly type: 'caption'; readonly caption: Caption }
  | { readonly type: 'settled'; readonly seconds: number }
  | { readonly type: 'language'; readonly language: string };

// 24 hours of fast speech: some 40 MB. What was said before is in the file, and in the transcript.
const mostCaptions = 30_000;
// What is final tells by itself how far all is settled; through silence it is noted now and then.
const notedSilenceSeconds = 5;
// A caption that a crash took back begins anew; its revisions go on above all that viewers may have seen of it.
const revisionsPerLife = 10_000;

/**
 * One session's captions, the newest revision of each. Final ones are kept in a file, so that they are there after a
 * crash; everything is told to `VideoEvents`. Owned by the session.
 */
export class LiveCaptions implements CaptionSink {
  readonly id: string;
  /** Index of the first caption that is new: those before it were kept by an earlier life of the server. */
  readonly firstIndex: number;
  readonly #events: VideoEvents;
  readonly #log: Log;
  readonly #kept: LineLog<Entry>;
  readonly #onEnd: ((captions: LiveCaptions) => Promise<void>) | undefined;
  readonly #firstRevision: number;
  #captions: Caption[];
  #settledSeconds = 0;
  #notedSeconds: number;
  #language: string | null;
  #heardAs: Captioning = { state: 'on', lagSeconds: 0 };
  #absence: string | null = null;
  #isBroken = false;
  #closing: Promise<void> | null = null;

  private constructor(options: LiveCaptionsOptions, kept: LineLog<Entry>, entries: readonly Entry[]) {
    this.id = options.id;
    this.#events = options.events;
    this.#log = options.log;
    this.#onEnd = options.onEnd;
    this.#kept = kept;
    let [language, lives] = [options.language ?? null, 0];
    const captions: Caption[] = [];
    for (const entry of entries) {
      if (entry.type === 'caption') captions.push(entry.caption);
      else if (entry.type === 'language') language = entry.language;
      else if (entry.type === 'settled') this.#settledSeconds = entry.seconds;
      else lives += 1;
    }
    this.#captions = captions.slice(-mostCaptions);
    this.#language = language;
    this.#settledSeconds = Math.max(this.#settledSeconds, captions.at(-1)?.end ?? 0);
    this.#notedSeconds = this.#settledSeconds;
    this.#firstRevision = lives * revisionsPerLife;
    this.firstIndex = (captions.at(-1)?.index ?? -1) + 1;
  }

  /** Opens a session's captions, as an earlier life of the server left them. */
  static async open(options: LiveCaptionsOptions): Promise<LiveCaptions> {
    const { log, entries } = await LineLog.open<Entry>(options.file);
    const captions = new LiveCaptions(options, log, entries);
    captions.#keep({ type: 'life' });
    return captions;
  }

  /**
   * The newest revision of each caption, in their order, without those whose words vanished; the oldest are missing in a
   * session of more than a day.
   */
  get all(): readonly Caption[] {
    return this.#captions.filter(({ text }) => text !== '');
  }

  /** Everything that was said before it on the media timeline is final. */
  get settledSeconds(): number {
    return this.#settledSeconds;
  }

  /** BCP-47; null while nobody knows. */
  get spokenLanguage(): string | null {
    return this.#language;
  }

  get captioning(): Captioning {
    return this.#absence === null ? this.#heardAs : { state: 'off', lagSeconds: 0, reason: this.#absence };
  }

  /** The captions behind the one of index `after` that are final, up to the first that is not. */
  finalAfter(after: number): readonly Caption[] {
    const from = this.#captions.findLastIndex(({ index }) => index <= after) + 1;
    const open = this.#captions.findIndex(({ final }, at) => at >= from && !final);
    return this.#captions.slice(from, open === -1 ? undefined : open);
  }

  caption(told: Caption): void {
    const caption = { ...told, revision: told.revision + this.#firstRevision };
    if (!this.#take(caption)) return;
    if (caption.final) this.#keep({ type: 'caption', caption });
    this.#events.report({ event: 'caption', data: { id: this.id, ...caption } });
  }

  settled(mediaSeconds: number): void {
    this.#settledSeconds = Math.max(this.#settledSeconds, mediaSeconds);
    if (this.#settledSeconds < this.#notedSeconds + notedSilenceSeconds) return;
    this.#notedSeconds = this.#settledSeconds;
    this.#keep({ type: 'settled', seconds: this.#settledSeconds });
  }

  language(language: string): void {
    if (language === this.#language) return;
    this.#language = language;
    this.#keep({ type: 'language', language });
    this.#tell();
  }

  state(state: CaptioningState, lagSeconds: number): void {
    const wasSame = this.#heardAs.state === state;
    this.#heardAs = { state, lagSeconds };
    // A lag that changes is told while it is long: "delayed by 7 s".
    if (this.#absence === null && (!wasSame || state === 'delayed')) this.#tell();
  }

  /** Nobody hears any session for now, and why; null: somebody does. */
  absent(reason: string | null): void {
    if (reason === this.#absence) return;
    this.#absence = reason;
    this.#tell();
  }

  /** Every caption is final: hands them on, then lets go. Never throws. */
  async end(): Promise<void> {
    if (this.#closing !== null) return;
    await this.#onEnd?.(this).catch(error =>
      this.#log.error({ err: error, sessionId: this.id }, 'captions not handed on: they stay in their file'),
    );
    await this.close();
  }

  /** Lets go; what is final is kept. Safe to call twice, never throws. */
  async close(): Promise<void> {
    if (this.#settledSeconds > this.#notedSeconds)
      this.#keep({ type: 'settled', seconds: this.#settledSeconds });
    this.#closing ??= this.#kept
      .flush()
      .then(() => this.#kept.close())
      .catch(error => this.#log.warn({ err: error, sessionId: this.id }, 'captions not flushed'));
    await this.#closing;
  }

  /** False for what is older than what is known: what was final never changes. */
  #take(caption: Caption): boolean {
    const at = this.#captions.findLastIndex(({ index }) => index <= caption.index);
    const known = this.#captions[at];
    if (known?.index === caption.index) {
      if (known.final || known.revision >= caption.revision) return false;
      this.#captions[at] = caption;
      return true;
    }
    if (at < this.#captions.length - 1) return false;
    this.#captions.push(caption);
    if (this.#captions.length > mostCaptions) this.#captions = this.#captions.slice(mostCaptions / 10);
    return true;
  }

  #tell(): void {
    const data = { id: this.id, ...this.captioning, language: this.#language };
    this.#events.report({ event: 'captioning', data });
  }

  /** Captions are worth no stream: a full disk costs what a crash would then take. */
  #keep(entry: Entry): void {
    if (this.#closing !== null) return;
    try {
      this.#kept.appendNow(entry);
      this.#isBroken = false;
    } catch (error) {
      if (!this.#isBroken) this.#log.warn({ err: error, sessionId: this.id }, 'captions not kept');
      this.#isBroken = true;
    }
  }
}
