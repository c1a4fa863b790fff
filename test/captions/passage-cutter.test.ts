import fc from 'fast-check';
import t from 'tap';
import { type Passage, PassageCutter } from '../../src/captions/passage-cutter.ts';

const rate = 16_000;
const pieceSamples = 480;
const pieceSeconds = pieceSamples / rate;

/** Sound as stretches of speech and pauses; each sample holds its own place, modulo 30000. */
function cut(
  stretches: readonly { readonly seconds: number; readonly isSpeech: boolean }[],
  longestSeconds: number,
) {
  const cutter = new PassageCutter(longestSeconds);
  const passages: Passage[] = [];
  const flags: boolean[] = [];
  for (const { seconds, isSpeech } of stretches) {
    for (let count = Math.round(seconds / pieceSeconds); count > 0; count -= 1) flags.push(isSpeech);
  }
  for (const [index, isSpeech] of flags.entries()) {
    const pcm = new Int16Array(pieceSamples).map((_, at) => (index * pieceSamples + at) % 30_000);
    const passage = cutter.push(pcm, isSpeech);
    if (passage !== null) passages.push(passage);
  }
  const last = cutter.flush();
  return { passages: last === null ? passages : [...passages, last], flags };
}

const seconds = ({ startSeconds, pcm }: Passage) => [startSeconds, startSeconds + pcm.length / rate] as const;

t.test('silence is left out, with a little room around what is said', t => {
  const { passages } = cut(
    [
      { seconds: 3, isSpeech: false },
      { seconds: 2.1, isSpeech: true },
      { seconds: 6, isSpeech: false },
      { seconds: 0.9, isSpeech: true },
      { seconds: 0.12, isSpeech: false },
    ],
    15,
  );
  t.equal(passages.length, 2);
  const [[from = 0, to = 0] = [], [nextFrom = 0, nextTo = 0] = []] = passages.map(passage => [
    ...seconds(passage),
  ]);
  t.ok(from >= 2.65 && from <= 2.7 && to >= 5.4 && to <= 5.45, `${from} to ${to}`);
  t.ok(nextFrom >= 10.75 && nextFrom <= 10.8 && Math.abs(nextTo - 12.12) < 0.001, `${nextFrom} to ${nextTo}`);
  t.same(
    passages.map(({ speech }) =>
      speech.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds].map(n => +n.toFixed(3))),
    ),
    [[[3, 5.1]], [[11.1, 12]]],
  );
  t.end();
});

t.test('a long speech is cut in its longest pause, short pauses stay within', t => {
  const { passages } = cut(
    [
      { seconds: 6, isSpeech: true },
      { seconds: 0.3, isSpeech: false },
      { seconds: 3, isSpeech: true },
      { seconds: 0.9, isSpeech: false },
      { seconds: 3, isSpeech: true },
      { seconds: 0.3, isSpeech: false },
      { seconds: 6, isSpeech: true },
    ],
    15,
  );
  t.equal(passages.length, 2);
  const [, cutSeconds = 0] = seconds(passages[0] as Passage);
  t.ok(cutSeconds > 9.3 && cutSeconds < 10.2, `${cutSeconds}`);
  t.end();
});

t.test('whatever is said: no speech is lost or comes twice, no passage is too long, none is silence', t => {
  const stretch = fc.record({
    seconds: fc.double({ min: 0.03, max: 9, noNaN: true }),
    isSpeech: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 25 }),
      fc.integer({ min: 2, max: 20 }),
      (stretches, longestSeconds) => {
        const { passages, flags } = cut(stretches, longestSeconds);
        const times = flags.map(() => 0);
        let reachedSeconds = 0;
        for (const passage of passages) {
          const [from, to] = seconds(passage);
          if (from < reachedSeconds - 1e-9 || to - from > longestSeconds + 1e-9) return false;
          if (passage.pcm[0] !== Math.round(from * rate) % 30_000) return false;
          if (passage.speech.length === 0) return false;
          reachedSeconds = to;
          for (let at = Math.round(from / pieceSeconds); at < Math.round(to / pieceSeconds); at += 1)
            times[at]! += 1;
        }
        return flags.every((isSpeech, at) => (isSpeech ? times[at] === 1 : times[at]! <= 1));
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});
