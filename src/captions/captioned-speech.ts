import type { Hypothesis, SpeechRequest } from './recogniser.ts';

/** What a session would ask the recogniser. */
export type Wish = {
  /** `final`: somebody has said everything; `partial`: somebody goes on speaking. */
  readonly kind: 'final' | 'partial';
  /** How long it could be asked for already, seconds. */
  readonly waitedSeconds: number;
};

/**
 * A session as the scheduler sees it. It keeps no request waiting: what it asks is put together when it gets its turn, of
 * the newest sound, so that at most one request a session waits and the newest replaces the older.
 */
export interface CaptionedSpeech {
  /** What it would ask now, when `stepSeconds` of new sound are worth a request; null: nothing. */
  wish(stepSeconds: number): Wish | null;
  /** Its turn has come: what it asks. Answered by `heard` or `failed` before it is asked for its next wish. */
  take(): SpeechRequest;
  heard(hypothesis: Hypothesis): void;
  /** The recogniser failed. */
  failed(error: unknown): void;
  /** Sound that somebody spoke and that the recogniser has not heard is this old, seconds; 0: there is none. */
  readonly lagSeconds: number;
  readonly isPaused: boolean;
  /** Somebody speaks, or spoke, and is still to be heard. */
  readonly isSpeaking: boolean;
  /** There is no room for it: it lets go of all sound, and takes none until `resume`. */
  pause(): void;
  resume(): void;
  /** Called now and then: tells how late it is, and lets go of what is too old to be told. */
  look(): void;
}
