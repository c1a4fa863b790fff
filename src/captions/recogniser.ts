import type { CaptionWord } from '../api/caption.ts';

export { speechSampleRate } from '../media/speech-sound.ts';

/** What is to be heard. */
export type SpeechRequest = {
  /** 16 kHz mono. */
  readonly pcm: Int16Array;
  /** BCP-47 primary language; null: the recogniser finds out. */
  readonly language: string | null;
  /** The words before, as context; empty for none. */
  readonly prompt: string;
  /** True: the model's whole window, for the last word on it; false: only as much of it as the sound needs. */
  readonly isFullContext: boolean;
  /** The same sound is heard again in a moment, with more behind it: its last words may be guessed at. */
  readonly isPartial?: boolean;
};

/** A stretch of text as the recogniser heard it. */
export type HeardSegment = {
  /** Times in seconds from the first sample of the request. */
  readonly words: readonly CaptionWord[];
  /** 0 to 1: how likely it is that nobody spoke. */
  readonly noSpeechProbability: number;
  /** Mean log probability of the tokens, below 0. */
  readonly averageLogProbability: number;
};

export type Hypothesis = {
  /** BCP-47 primary language; null when the recogniser does not tell. */
  readonly language: string | null;
  readonly segments: readonly HeardSegment[];
};

/** Whatever turns sound into words: whisper.cpp beside us, or any OpenAI-compatible server. */
export interface Recogniser {
  /** The most sound that one request may hold, seconds. */
  readonly longestRequestSeconds: number;
  /** @throws LivereelError `recogniser-failed` when it crashed, hangs or refuses; the signal's reason. */
  transcribe(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis>;
}
