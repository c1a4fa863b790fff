import fc from 'fast-check';
import t from 'tap';
import { credibleWords, type HeardSound } from '../../../src/captions/policy/credible-words.ts';
import type { HeardSegment } from '../../../src/captions/recogniser.ts';
import { holds } from '../../media/property.ts';
import { spoken, textOf } from './spoken-words.ts';

const segment = (text: string, more: Partial<HeardSegment> = {}, secondsPerWord = 0.4): HeardSegment => ({
  words: spoken(text, 0.5, secondsPerWord),
  noSpeechProbability: 0.1,
  averageLogProbability: -0.3,
  ...more,
});
const sound = (speech: readonly [number, number][] = [[100, 130]], seconds = 30): HeardSound => ({
  startSeconds: 100,
  endSeconds: 100 + seconds,
  speech: speech.map(([startSeconds, endSeconds]) => ({ startSeconds, endSeconds })),
});
const believed = (segment: HeardSegment, heard = sound()) => textOf(credibleWords([segment], heard));

t.test('what is said is believed, at its place on the media timeline', async t => {
  const words = credibleWords([segment('this video is quiet summer.')], sound());
  t.equal(textOf(words), 'this video is quiet summer.');
  t.equal(words[0]?.start, 100.5);
});

t.test('text where nobody spoke is not believed', async t => {
  t.equal(believed(segment('the cat', { noSpeechProbability: 0.9, averageLogProbability: -1.5 })), '');
  t.equal(believed(segment('the cat', { noSpeechProbability: 0.9 })), 'the cat', 'the model is sure of it');
  t.equal(believed(segment('the cat'), sound([])), '', 'the detector heard nothing');
  t.equal(believed(segment('the cat'), sound([[110, 120]])), '', 'the detector heard it elsewhere');
});

t.test('phrases that models make up are believed only where somebody spoke', async t => {
  const phrases = [
    'Thank you.',
    'Thanks for watching!',
    'Subtitles by the Amara.org community',
    'Vielen Dank fürs Zuschauen.',
    'Sous-titres réalisés par la communauté d’Amara.org',
    'ご視聴ありがとうございました',
    '字幕由 Amara.org 社群提供',
  ];
  for (const phrase of phrases) {
    t.equal(believed(segment(phrase), sound([[100.4, 100.6]])), '', phrase);
    t.equal(believed(segment(phrase)), phrase, `${phrase} is said`);
  }
  const longer = 'Thank you, this was a good question';
  t.equal(believed(segment(longer), sound([[100.4, 100.6]])), longer, 'no phantom phrase');
});

t.test('what goes round in circles is heard once', async t => {
  t.equal(believed(segment('I know. '.repeat(30), {}, 0.3)), '', 'it packs too well');
  t.equal(believed(segment('yes the cat the cat the cat the cat no')), 'yes the cat no');
  t.equal(believed(segment('no no no no no never')), 'no no no no no never', 'people say this');
  t.equal(believed(segment('a a a a a a a a b')), 'a b');
});

t.test('remarks, notes and marks are no speech', async t => {
  t.equal(believed(segment('[Music]')), '');
  t.equal(believed(segment('yes (audience laughs) no')), 'yes no');
  t.equal(believed(segment('♪ la la la ♪ here - now')), 'here now');
  t.equal(believed(segment('x'.repeat(100))), '');
});

t.test('nobody speaks thirty words in a second', async t => {
  t.equal(believed(segment('one two three four five six seven eight nine ten', {}, 0.03)), '');
});

t.test('words outside of the sound are not believed, stretched ones are cut', async t => {
  t.equal(believed(segment('one two three four'), sound([[100, 101]], 1)), 'one two three');
  const stretched = { ...segment(''), words: [{ text: 'one', start: 1, end: 20, probability: 1 }] };
  t.ok(credibleWords([stretched], sound())[0]!.end <= 103);
});

t.test('times rise and lie in the sound, whatever the recogniser tells', async t => {
  const time = fc.oneof(
    fc.double({ min: -50, max: 50 }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
  );
  const word = fc.record({
    text: fc.oneof(fc.string(), fc.constantFrom('two', 'four.')),
    start: time,
    end: time,
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const segments = fc.array(
    fc.record({
      words: fc.array(word, { maxLength: 30 }),
      noSpeechProbability: fc.double({ min: 0, max: 1, noNaN: true }),
      averageLogProbability: fc.double({ min: -3, max: 0, noNaN: true }),
    }),
    { maxLength: 5 },
  );
  holds(
    t,
    fc.property(segments, segments => {
      let reached = 100;
      for (const { start, end } of credibleWords(segments, sound([[90, 140]], 12))) {
        if (!(start >= reached && end >= start && end <= 112)) throw new Error(`${start} to ${end}`);
        reached = end;
      }
    }),
    1000,
  );
});
