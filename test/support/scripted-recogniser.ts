import { setTimeout as delay } from 'node:timers/promises';
import {
  type Hypothesis,
  type Recogniser,
  type SpeechRequest,
  speechSampleRate,
} from '../../src/captions/recogniser.ts';
import { rootMeanSquare } from './sounds.ts';

/** How a scripted recogniser takes its time and fails. */
export type RecogniserScript = {
  /** For a second of sound. */
  secondsPerSecond?: number;
  /** Whatever the sound. */
  secondsPerRequest?: number;
  /** Called before each request is answered: may throw, or wait. */
  before?: (request: SpeechRequest, signal: AbortSignal) => Promise<void> | void;
  language?: string | null;
};

/**
 * A recogniser for tests: takes one request after the other as whisper.cpp's server does, and hears "w" for each fifth of a
 * second in which there is sound, with the second's number, so that what it says depends on the sound alone.
 */
export class ScriptedRecogniser implements Recogniser {
  readonly longestRequestSeconds = 15;
  readonly script: RecogniserScript;
  readonly requests: {
    readonly seconds: number;
    readonly language: string | null;
    readonly prompt: string;
  }[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  mostUnderWay = 0;

  constructor(script: RecogniserScript = {}) {
    this.script = script;
  }

  async transcribe(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    this.#underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.#underWay);
    const answer = this.#last.then(() => this.#answer(request, signal));
    this.#last = answer.catch(() => undefined);
    try {
      return await answer;
    } finally {
      this.#underWay -= 1;
    }
  }

  async #answer(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    signal.throwIfAborted();
    const { secondsPerSecond = 0, secondsPerRequest = 0, before, language = 'en' } = this.script;
    const seconds = request.pcm.length / speechSampleRate;
    this.requests.push({ seconds, language: request.language, prompt: request.prompt });
    await before?.(request, signal);
    await delay(1_000 * (secondsPerRequest + secondsPerSecond * seconds), undefined, { signal });
    const words = [];
    for (let at = 0; at + 0.2 <= seconds; at += 0.2) {
      const piece = request.pcm.subarray(at * speechSampleRate, (at + 0.2) * speechSampleRate);
      const loudness = rootMeanSquare(piece, 32_768);
      if (loudness < 0.02) continue;
      words.push({ text: nameOf(piece), start: at, end: at + 0.2, probability: 0.9 });
    }
    return {
      language: request.language ?? language,
      segments: words.length === 0 ? [] : [{ words, noSpeechProbability: 0, averageLogProbability: -0.1 }],
    };
  }
}

/** A word that depends on the sound. */
function nameOf(piece: Int16Array): string {
  let crossings = 0;
  for (let at = 1; at < piece.length; at += 1) if (piece[at]! >= 0 !== piece[at - 1]! >= 0) crossings += 1;
  return `w${((crossings % 26) + 10).toString(36)}`;
}
