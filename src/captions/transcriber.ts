import type { CaptionWord } from '../api/caption.ts';
import { type Passage, PassageCutter } from './passage-cutter.ts';
import { credibleWords } from './policy/credible-words.ts';
import { captionsOf } from './policy/line-breaking.ts';
import { withRisingTimes } from './policy/rising-times.ts';
import { type Recogniser, speechSampleRate } from './recogniser.ts';
import { type JudgedPiece, RecordedSpeech } from './recorded-speech.ts';
import type { SpeechDetector } from './speech-detector.ts';

/** A caption's worth of a transcript; seconds on the media timeline. */
export type TranscriptSegment = {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly words: readonly CaptionWord[];
};

/** All that is said in a video. */
export type Transcript = {
  /** BCP-47 primary language; null when it is not known. */
  readonly language: string | null;
  readonly segments: readonly TranscriptSegment[];
};

/** What a transcript is made with. */
export type TranscriberParts = {
  readonly recogniser: Recogniser;
  readonly detector: SpeechDetector;
  /** BCP-47 primary language of the speech; null: the recogniser finds out. */
  readonly language: string | null;
  /** Told how many seconds are done. */
  readonly onProgress: (seconds: number) => void;
};

/**
 * Transcribes recorded sound at leisure, with the model's whole window and one passage after another.
 * `sound`: 16 kHz mono from 0 on. @throws LivereelError `recogniser-failed`; what `sound` throws; the signal's reason.
 */
export async function transcribe(
  sound: AsyncIterable<Int16Array>,
  parts: TranscriberParts,
  signal: AbortSignal,
): Promise<Transcript> {
  const { recogniser, detector, onProgress } = parts;
  const speech = new RecordedSpeech(detector);
  const cutter = new PassageCutter(recogniser.longestRequestSeconds);
  const heard = new HeardText(parts.language);
  const hear = async (pieces: readonly JudgedPiece[]) => {
    for (const { pcm, isSpeech } of pieces) {
      const passage = cutter.push(pcm, isSpeech);
      if (passage !== null) await heard.hear(passage, recogniser, signal);
    }
  };
  let seconds = 0;
  for await (const pcm of sound) {
    await hear(speech.judge(pcm));
    signal.throwIfAborted();
    seconds += pcm.length / speechSampleRate;
    onProgress(seconds);
  }
  await hear(speech.flush());
  const last = cutter.flush();
  if (last !== null) await heard.hear(last, recogniser, signal);
  return heard.transcript;
}

/** What was heard so far. */
class HeardText {
  #language: string | null;
  readonly #words: CaptionWord[] = [];

  constructor(language: string | null) {
    this.#language = language;
  }

  async hear(passage: Passage, recogniser: Recogniser, signal: AbortSignal): Promise<void> {
    // No prompt: it helps little over whole passages, and one mistake would drag others along.
    const request = { pcm: passage.pcm, language: this.#language, prompt: '', isFullContext: true };
    const { language, segments } = await recogniser.transcribe(request, signal);
    const { startSeconds, speech } = passage;
    const words = credibleWords(segments, { startSeconds, endSeconds: endOf(passage), speech });
    this.#words.push(...withRisingTimes(words, this.#words.at(-1)?.end ?? 0));
    if (words.length > 0) this.#language ??= language;
  }

  get transcript(): Transcript {
    const segments = captionsOf(this.#words).map((words, index) => ({
      index,
      start: words[0]?.start ?? 0,
      end: words.at(-1)?.end ?? 0,
      text: words.map(({ text }) => text).join(' '),
      words,
    }));
    return { language: this.#language, segments };
  }
}

function endOf({ startSeconds, pcm }: Passage): number {
  return startSeconds + pcm.length / speechSampleRate;
}
