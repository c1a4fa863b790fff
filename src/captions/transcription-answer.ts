import type { CaptionWord } from '../api/caption.ts';
import { LivereelError } from '../errors.ts';
import { type HeardSegment, type Hypothesis, speechSampleRate } from './recogniser.ts';
import { languageCode } from './spoken-languages.ts';
import { SpeechFrames } from './word-times.ts';

/** How an answer is to be read. */
export type AnswerReading = {
  /** The sound that was asked about. */
  readonly pcm: Int16Array;
  /** False: the server's times of words are worse than the segment's time shared out (whisper.cpp without DTW). */
  readonly trustsWordTimes: boolean;
};

/** `probability` undefined: not told. `count`: of how many pieces it was joined. */
type Piece = { text: string; start: number; end: number; probability: number | undefined; count: number };
type Values = Readonly<Record<string, unknown>>;

/** Letters of scripts that are written without blanks: there each token is a word of its own. */
const withoutBlanks =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const hasLetter = /[\p{L}\p{N}]/u;
const maxWords = 10_000;

/**
 * Reads a `verbose_json` transcription (OpenAI's API; whisper.cpp and faster-whisper have the words in the segments,
 * as tokens that begin with a blank where a word begins). Words come out whole, in order, within the sound.
 * @throws LivereelError `recogniser-failed` for an answer of another shape.
 */
export function readTranscription(json: string, reading: AnswerReading): Hypothesis {
  const answer = valuesOf(parse(json));
  if (answer === undefined) throw notATranscription('it is no JSON object');
  if (!Array.isArray(answer.segments) && typeof answer.text !== 'string')
    throw notATranscription('it has no segments');
  const durationSeconds = reading.pcm.length / speechSampleRate;
  const whole: Values[] = [{ start: 0, end: durationSeconds, text: answer.text }];
  const told = Array.isArray(answer.segments) ? answer.segments.map(value => valuesOf(value) ?? {}) : whole;
  const wordsBeside = piecesOf(answer.words);
  const frames = new SpeechFrames(reading.pcm);
  let earliest = 0;
  const segments = told.map((segment, index): HeardSegment => {
    const start = clamp(number(segment.start, 0), 0, durationSeconds);
    const end = clamp(number(segment.end, durationSeconds), start, durationSeconds);
    const averageLogProbability = Math.min(0, number(segment.avg_logprob, 0));
    const pieces =
      piecesOf(segment.words) ??
      wordsBeside?.filter(
        piece =>
          (index === 0 || piece.start >= start) && piece.start < number(told[index + 1]?.start, Infinity),
      );
    const words = wordsOf(pieces, String(segment.text ?? ''));
    const isTimed = reading.trustsWordTimes && pieces !== undefined && pieces.length > 0;
    const texts = words.map(({ text }) => text);
    const times = isTimed ? words : frames.spread(texts, start, end);
    return {
      words: words.map(({ text, probability = Math.exp(averageLogProbability) }, at): CaptionWord => {
        const from = clamp(times[at]?.start ?? start, earliest, durationSeconds);
        earliest = from;
        const until = clamp(times[at]?.end ?? end, from, durationSeconds);
        return { text, start: from, end: until, probability: clamp(probability, 0, 1) };
      }),
      noSpeechProbability: clamp(number(segment.no_speech_prob, 0), 0, 1),
      averageLogProbability,
    };
  });
  const language = typeof answer.language === 'string' ? languageCode(answer.language) : null;
  return { language, segments: segments.filter(({ words }) => words.length > 0) };
}

/** Pieces made whole words; without any, the text's words without times. */
function wordsOf(pieces: readonly Piece[] | undefined, text: string): Piece[] {
  const written = text.split(/\s+/).filter(word => hasLetter.test(word));
  if (pieces === undefined || pieces.length === 0) {
    return written.map(word => ({ text: word, start: 0, end: 0, probability: undefined, count: 1 }));
  }
  const words = joined(pieces);
  // OpenAI's words lack the punctuation that its text has.
  if (written.length === words.length) {
    words.forEach((word, index) => {
      word.text = written[index] ?? word.text;
    });
  }
  return words;
}

function joined(pieces: readonly Piece[]): Piece[] {
  const areTokens =
    pieces.some(({ text }, index) => index > 0 && /^\s/.test(text)) || /^\s/.test(pieces[0]?.text ?? '');
  const words: Piece[] = [];
  for (const piece of pieces) {
    const last = words.at(-1);
    const text = piece.text.trim();
    if (text === '') continue;
    const isPunctuation = !hasLetter.test(text);
    const goesOn =
      areTokens &&
      !/^\s/.test(piece.text) &&
      !(withoutBlanks.test(text) || withoutBlanks.test(last?.text ?? ''));
    if (last === undefined || !(isPunctuation || goesOn)) {
      if (!isPunctuation) words.push({ ...piece, text });
      continue;
    }
    last.text += text;
    // The pause before a full stop is no part of the word.
    if (isPunctuation) continue;
    last.end = piece.end;
    if (last.probability !== undefined && piece.probability !== undefined)
      last.probability = (last.probability * last.count + piece.probability) / (last.count + 1);
    last.count += 1;
  }
  return words;
}

function piecesOf(value: unknown): Piece[] | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length > maxWords) throw notATranscription(`it has ${value.length} words`);
  return value.flatMap(item => {
    const { word, start, end, probability } = valuesOf(item) ?? {};
    if (typeof word !== 'string') return [];
    const from = number(start, 0);
    return [
      {
        text: word,
        start: from,
        end: number(end, from),
        probability: typeof probability === 'number' ? probability : undefined,
        count: 1,
      },
    ];
  });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw notATranscription('it is no JSON', cause);
  }
}

function valuesOf(value: unknown): Values | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
}

/** whisper.cpp writes null for a mean of nothing. */
function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function notATranscription(why: string, cause?: unknown): LivereelError {
  return new LivereelError(
    'recogniser-failed',
    `The speech server's answer is no transcription as verbose_json: ${why}. Check WHISPER_URL.`,
    { cause },
  );
}
