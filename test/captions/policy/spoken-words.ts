import fc from 'fast-check';
import type { CaptionWord } from '../../../src/api/caption.ts';
import type { BufferHypothesis } from '../../../src/captions/policy/commitment-policy.ts';

/** Words of equal length, one behind the other from `fromSeconds` on. */
export function spoken(text: string, fromSeconds = 0, secondsPerWord = 0.4): CaptionWord[] {
  return text
    .split(' ')
    .filter(word => word !== '')
    .map((word, at) => ({
      text: word,
      start: fromSeconds + at * secondsPerWord,
      end: fromSeconds + (at + 1) * secondsPerWord,
      probability: 0.9,
    }));
}

/** The texts of words, as one reads them. */
export function textOf(words: readonly CaptionWord[]): string {
  return words.map(word => word.text).join(' ');
}

/** A hypothesis over a buffer that begins at 0 and ends a second behind its last word. */
export function hypothesis(words: readonly CaptionWord[], startSeconds = 0): BufferHypothesis {
  return { startSeconds, endSeconds: (words.at(-1)?.end ?? startSeconds) + 1, words };
}

// Few words, so that they repeat and agree by chance, as they do in speech.
const vocabulary = ['two', 'Two,', 'four', 'four.', 'the', 'cat', 'sat.', 'here'];

/** What was said: words with pauses between them. */
export const speech: fc.Arbitrary<CaptionWord[]> = fc
  .array(
    fc.record({
      text: fc.constantFrom(...vocabulary),
      pause: fc.constantFrom(0, 0, 0, 0.2, 1.5),
      seconds: fc.constantFrom(0.15, 0.3, 0.5),
    }),
    { maxLength: 60 },
  )
  .map(words => {
    let at = 0;
    return words.map(({ text, pause, seconds }) => {
      const start = at + pause;
      at = start + seconds;
      return { text, start, end: at, probability: 0.9 };
    });
  });

/** How a recogniser goes wrong about one word. */
const slip = fc.oneof(
  { weight: 8, arbitrary: fc.constant('right' as const) },
  fc.constantFrom('other' as const, 'lost' as const, 'twice' as const),
);

/** One look at the buffer: how far it reaches, where it begins, and how each word is misheard. */
export type Look = {
  readonly stepSeconds: number;
  readonly isTrimmed: boolean;
  readonly slips: readonly ('right' | 'other' | 'lost' | 'twice')[];
  readonly shifts: readonly number[];
};

/** Looks at a growing buffer. */
export const looks: fc.Arbitrary<Look[]> = fc.array(
  fc.record({
    stepSeconds: fc.double({ min: 0.2, max: 3, noNaN: true }),
    isTrimmed: fc.boolean(),
    slips: fc.array(slip, { minLength: 5, maxLength: 20 }),
    shifts: fc.array(fc.double({ min: -0.3, max: 0.3, noNaN: true }), { minLength: 5, maxLength: 20 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** What a recogniser hears of the speech between two times, with a look's slips and shifts. */
export function heardOf(
  words: readonly CaptionWord[],
  startSeconds: number,
  endSeconds: number,
  look: Look,
): BufferHypothesis {
  let reached = startSeconds;
  const heard = words
    .filter(word => word.end > startSeconds && word.start < endSeconds)
    .flatMap((word, at) => {
      const slip = look.slips[at % look.slips.length];
      if (slip === 'lost') return [];
      const start = Math.max(reached, word.start + look.shifts[at % look.shifts.length]!);
      reached = Math.min(Math.max(start, word.end), Math.max(start, endSeconds));
      const one = { ...word, text: slip === 'other' ? 'mis-heard' : word.text, start, end: reached };
      return slip === 'twice' ? [one, { ...one, start: reached }] : [one];
    });
  return { startSeconds, endSeconds, words: heard };
}
