import type { CaptionSink } from '../captions/caption-sink.ts';
import type { CaptionTrackOptions } from '../captions/captioner.ts';
import type { SpeechListener } from '../captions/speech-listener.ts';
import type { SubtitleSource } from '../hls/subtitle-writer.ts';
import type { Log } from '../log.ts';
import { PlacedSpeech } from './placed-speech.ts';

/** Keeps a session's captions beyond the server's life, and shows them. */
export interface KeptCaptions extends CaptionSink, SubtitleSource {
  /** Index of the first caption that is new: those before it were kept by an earlier life of the server. */
  readonly firstIndex: number;
  /** Everything before it on the media timeline is captioned for good. */
  readonly settledSeconds: number;
  /** Nobody hears any session for now, and why; null: somebody does. */
  absent(reason: string | null): void;
  /** Every caption is final: hands them on, then lets go. Never throws. */
  end(): Promise<void>;
  /** Lets go at once. Safe to call twice, never throws. */
  close(): Promise<void>;
}

/** What hears a session's sound; a `CaptionTrack` is one. */
export type SessionListener = SpeechListener & { setLanguage(language: string): void };

/** Opens a listener for each session; the `Captioner` is one. */
export interface SessionListeners {
  open(session: CaptionTrackOptions): SessionListener;
}

/** A session that is to be captioned. */
export type CaptionedRecord = {
  readonly id: string;
  /** BCP-47, or `auto`. */
  readonly language: string;
  readonly captions: boolean;
};

/** One session's captions: its sound goes in at `speech`. Owned by `CaptionedSessions`, ended by its session. */
export class SessionCaptions<Kept extends KeptCaptions = KeptCaptions> {
  readonly speech: PlacedSpeech;
  readonly kept: Kept;
  /** Resolves when every caption is final, or given up, and all is let go. Never rejects. */
  readonly over: Promise<void>;
  readonly #track: SessionListener;
  #resolveOver: () => void = () => undefined;
  #isEnding = false;
  #isClosed = false;

  /** Use `CaptionedSessions.open`. */
  constructor(track: SessionListener, kept: Kept) {
    this.#track = track;
    this.kept = kept;
    this.speech = new PlacedSpeech(track, kept.settledSeconds);
    this.over = new Promise(resolve => {
      this.#resolveOver = resolve;
    });
  }

  /** What is said from here on is heard in this language (BCP-47). */
  setLanguage(language: string): void {
    this.#track.setLanguage(primaryLanguage(language));
  }

  /** No more sound will come; the last words may take a while. */
  end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      void this.#track.end().then(async () => {
        if (!this.#isClosed) await this.kept.end();
        await this.close();
      });
    }
    return this.over;
  }

  /** Lets go at once. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#isEnding = true;
    this.#isClosed = true;
    await this.#track.close();
    await this.kept.close();
    this.#resolveOver();
  }
}

/**
 * The captions of all sessions that are live, and of those whose last words are still being heard: a session is
 * over without waiting for them. One per server.
 */
export class CaptionedSessions<Kept extends KeptCaptions = KeptCaptions> {
  readonly #captioner: SessionListeners;
  readonly #isPossible: () => boolean;
  readonly #keep: (record: CaptionedRecord) => Promise<Kept>;
  readonly #log: Log;
  readonly #captions = new Map<string, SessionCaptions<Kept>>();
  #absence: string | null = null;

  /** `keep`: opens what keeps a session's captions, as an earlier life of the server left it. */
  constructor(parts: {
    readonly captioner: SessionListeners;
    /** False while nobody could hear: then no sound is made for it either. */
    readonly isPossible: () => boolean;
    readonly keep: (record: CaptionedRecord) => Promise<Kept>;
    readonly log: Log;
  }) {
    this.#captioner = parts.captioner;
    this.#isPossible = parts.isPossible;
    this.#keep = parts.keep;
    this.#log = parts.log;
  }

  /** Begins to caption a session, or goes on with it; null when it does not want to be, or cannot. Never throws. */
  async open(record: CaptionedRecord): Promise<SessionCaptions<Kept> | null> {
    if (!record.captions || !this.#isPossible()) return null;
    const { id } = record;
    let kept: Kept | undefined;
    try {
      kept = await this.#keep(record);
      const spoken = record.language === 'auto' ? kept.spokenLanguage : record.language;
      const language = spoken === null ? null : primaryLanguage(spoken);
      const track = this.#captioner.open({ id, language, firstIndex: kept.firstIndex, sink: kept });
      const captions = new SessionCaptions(track, kept);
      this.#captions.set(id, captions);
      void captions.over.then(() => this.#captions.delete(id));
      kept.absent(this.#absence);
      return captions;
    } catch (error) {
      this.#log.error({ err: error, sessionId: id }, 'session not captioned: its stream goes on without');
      await kept?.close();
      return null;
    }
  }

  /** Nobody hears any session for now, and why, for people; null: somebody does. */
  absent(reason: string | null): void {
    this.#absence = reason;
    for (const { kept } of this.#captions.values()) kept.absent(reason);
  }

  /** What is captioned of a session so far; undefined once all is final. */
  find(id: string): Kept | undefined {
    return this.#captions.get(id)?.kept;
  }

  /** Lets go of all at once. Safe to call twice, never throws. */
  async close(): Promise<void> {
    await Promise.all([...this.#captions.values()].map(captions => captions.close()));
  }
}

/** `de-AT` → `de`: what recognisers know. */
function primaryLanguage(language: string): string {
  return (language.split('-')[0] as string).toLowerCase();
}
