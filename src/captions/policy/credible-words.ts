import type { CaptionWord } from '../../api/caption.ts';
import type { HeardSegment } from '../recogniser.ts';
import { isPhantomPhrase } from './phantom-phrases.ts';
import { compressionRatio, highestCompressionRatio, withoutLoops } from './repetition.ts';
import { withRisingTimes } from './rising-times.ts';
import { bareWord } from './word-likeness.ts';

/** A stretch of the media timeline, seconds. */
export type Stretch = { readonly startSeconds: number; readonly endSeconds: number };

/** The sound that was to be heard. */
export type HeardSound = Stretch & {
  /** Where the detector heard speech; may reach beyond the sound. */
  readonly speech: readonly Stretch[];
};

// Whisper's own limits (`no_speech_threshold`, `logprob_threshold`): nobody spoke, and the model is not sure of its text.
const silentProbability = 0.6;
const unsureLogProbability = -1;
// Recognisers' times are rough: speech this near to a word may be the word.
const speechReachSeconds = 0.5;
// Shorter speech than this is no phrase, not even "thanks".
const shortestPhraseSeconds = 0.3;
// Nobody is quicker: the quickest speakers on record say 11 words a second.
const mostWordsPerSecond = 12;
const fewestWordsToJudgeSpeed = 8;
// Recognisers stretch a word over the pause in front of the next one.
const longestWordSeconds = 1.2;
const secondsPerLetter = 0.1;
// The longest words of living languages have fewer letters.
const longestWordLetters = 80;
// Times that lie this far outside of the sound are only rough; what lies further outside was not in it.
const outsideSeconds = 0.5;

/**
 * The words of a hypothesis that can be believed, on the media timeline, with times that rise and lie in the sound. Left out
 * is what recognisers make up: text where nobody spoke, text that goes round in circles, "subtitles by …", "[Music]",
 * words outside of the sound or quicker than anybody speaks.
 */
export function credibleWords(segments: readonly HeardSegment[], sound: HeardSound): CaptionWord[] {
  const words = segments
    .map(segment => ({ ...segment, words: placed(segment.words, sound) }))
    .filter(segment => isCredible(segment, sound))
    .flatMap(segment => segment.words);
  return withRisingTimes(withoutLoops(words), sound.startSeconds).map(word =>
    word.end <= sound.endSeconds
      ? word
      : { ...word, start: Math.min(word.start, sound.endSeconds), end: sound.endSeconds },
  );
}

/** The segment's words on the media timeline, without what is none. */
function placed(words: readonly CaptionWord[], sound: HeardSound): CaptionWord[] {
  return withoutRemarks(words)
    .filter(word => Number.isFinite(word.start) && Number.isFinite(word.end))
    .map(word => {
      const start = sound.startSeconds + word.start;
      const longest = longestWordSeconds + secondsPerLetter * word.text.length;
      return {
        ...word,
        start,
        end: Math.min(Math.max(sound.startSeconds + word.end, start), start + longest),
      };
    })
    .filter(
      word =>
        bareWord(word.text) !== '' &&
        word.text.length <= longestWordLetters &&
        word.start < sound.endSeconds + outsideSeconds &&
        word.end > sound.startSeconds - outsideSeconds,
    );
}

/** Without "[Music]", "(applause)", "*sighs*" and "♪ la la ♪", which may reach over several words. */
function withoutRemarks(words: readonly CaptionWord[]): CaptionWord[] {
  let closing: string | null = null;
  return words.filter(({ text }) => {
    if (closing === null) {
      closing = closingOf.get(text[0] ?? '') ?? null;
      if (closing === null) return true;
      if (text.length === 1) return false;
    }
    if (text.replace(/[.,!?]+$/, '').endsWith(closing)) closing = null;
    return false;
  });
}

const closingOf = new Map([
  ['[', ']'],
  ['(', ')'],
  ['*', '*'],
  ['♪', '♪'],
  ['（', '）'],
  ['【', '】'],
]);

function isCredible(segment: HeardSegment, sound: HeardSound): boolean {
  const { words, noSpeechProbability, averageLogProbability } = segment;
  const first = words[0];
  const last = words.at(-1);
  if (first === undefined || last === undefined) return false;
  if (noSpeechProbability > silentProbability && averageLogProbability < unsureLogProbability) return false;
  if (compressionRatio(words.map(word => word.text).join(' ')) > highestCompressionRatio) return false;
  const seconds = last.end - first.start;
  if (words.length >= fewestWordsToJudgeSpeed && words.length > seconds * mostWordsPerSecond) return false;

  const reach = { startSeconds: first.start - speechReachSeconds, endSeconds: last.end + speechReachSeconds };
  const spokenSeconds = secondsWithin(sound.speech, reach);
  if (spokenSeconds === 0) return false;
  return spokenSeconds >= Math.max(shortestPhraseSeconds, seconds / 2) || !isPhantomPhrase(words);
}

/** How much of the stretches lies in one, seconds; they do not overlap each other. */
function secondsWithin(stretches: readonly Stretch[], { startSeconds, endSeconds }: Stretch): number {
  return stretches.reduce(
    (sum, stretch) =>
      sum +
      Math.max(0, Math.min(stretch.endSeconds, endSeconds) - Math.max(stretch.startSeconds, startSeconds)),
    0,
  );
}
