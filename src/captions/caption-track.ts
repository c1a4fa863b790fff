import type { Log } from '../log.ts';
import type { CaptionSink } from './caption-sink.ts';
import type { SpeechListener } from './speech-listener.ts';

/** What a track is built from; opened by `Captioner.open`. */
export type CaptionTrackParts = {
  readonly id: string;
  readonly language: string | null;
  readonly firstIndex: number;
  readonly sink: CaptionSink;
  readonly log: Log;
};

/** Captions one session: sound in, captions out to its sink. */
export class CaptionTrack implements SpeechListener {
  readonly #parts: CaptionTrackParts;

  constructor(parts: CaptionTrackParts) {
    this.#parts = parts;
  }

  push(startSeconds: number, pcm: Int16Array): void {
    this.#parts.sink.settled(startSeconds + pcm.length / 16_000);
  }

  /** The language is known better now (BCP-47 primary language): what is said from here on is heard in it. */
  setLanguage(language: string): void {
    this.#parts.sink.language(language);
  }

  async end(): Promise<void> {}

  async close(): Promise<void> {}
}
