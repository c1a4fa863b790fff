import fc from 'fast-check';
import t from 'tap';
import { blockAt } from '../../../src/web/captions/caption-block.ts';
import { captionMeasure } from '../../../src/web/captions/caption-measure.ts';
import { captionRows, rowLetters } from '../../../src/web/captions/caption-rows.ts';
import { HeardCaptions } from '../../../src/web/captions/heard-captions.ts';
import { said } from './said.ts';

function heard(...captions: ReturnType<typeof said>[]) {
  const all = new HeardCaptions();
  for (const caption of captions) all.add(caption);
  return all.all;
}
const lines = (text: string, width: number) => captionRows(heard(said(0, 0, text)), width).map(wordsOf);
const wordsOf = ({ words }: { words: readonly { text: string }[] }) =>
  words.map(({ text }) => text).join(' ');

t.test('lines are as long as fits', async t => {
  t.same(lines('the quick brown fox jumps over', 15), ['the quick brown', 'fox jumps over']);
  t.same(lines('an unspeakablylongword here', 10), ['an', 'unspeakablylongword', 'here']);
  t.same(lines('今日は いい天気 ですね', 14), ['今日は', 'いい天気', 'ですね']);
});

t.test('a word that comes later never moves one that was shown', async t => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'b', 'ä', '語') });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 2, maxLength: 40 }),
      fc.integer({ min: 8, max: 42 }),
      (words, width) => {
        const whole = lines(words.join(' '), width);
        const before = lines(words.slice(0, -1).join(' '), width);
        const kept = before.slice(0, -1);
        t.same(whole.slice(0, kept.length), kept);
        t.ok(whole[kept.length]?.startsWith(before.at(-1) ?? ''));
        for (const row of captionRows(heard(said(0, 0, words.join(' '))), width)) {
          t.ok(rowLetters(row) <= width || row.words.length === 1);
        }
      },
    ),
    { numRuns: 100 },
  );
});

t.test('lines go on across captions where nobody pauses', async t => {
  const captions = heard(said(0, 0, 'aa bb cc'), said(1, 1.3, 'dd ee'), said(2, 5, 'ff gg'));
  t.same(captionRows(captions, 14).map(wordsOf), ['aa bb cc dd ee', 'ff gg']);
  t.same(
    captionRows(captions, 14).map(({ key }) => key),
    ['0.0', '2.0'],
  );
  const many = heard(...Array.from({ length: 20 }, (_, n) => said(n, n, `w${n}`)));
  t.match(captionRows(many, 1_000).map(wordsOf), [/^w0 .* w15$/, /^w16/], 'never without an end');
});

t.test('two lines stand whole while they are said, then the next two', async t => {
  // A word each 0.4 s: four rows, which begin at 10, 11.2, 12.4 and 13.6 s.
  const captions = heard(said(0, 10, 'aa bb cc dd ee ff gg hh ii jj kk ll'), said(1, 20, 'next'));
  const at = (seconds: number) => blockAt(captions, seconds, 8).map(wordsOf);
  t.same(at(9.9), []);
  t.same(at(10), ['aa bb cc', 'dd ee ff']);
  t.same(at(12.3), ['aa bb cc', 'dd ee ff']);
  t.same(at(12.5), ['gg hh ii', 'jj kk ll']);
  t.same(at(15.5), ['gg hh ii', 'jj kk ll'], 'not torn away with the last word');
  t.same(at(16), []);
  t.same(at(21.3), ['next'], 'a single word long enough to be read');
  t.same(at(21.5), []);
});

t.test('letters grow with the picture, and a phone has rows that fit', async t => {
  const cinema = captionMeasure({ width: 1920, height: 1080 }, 'medium');
  const phone = captionMeasure({ width: 390, height: 219 }, 'medium');
  t.same(cinema, { fontPx: 40, rowLetters: 42 });
  t.ok(phone.fontPx >= 15 && phone.rowLetters >= 30, JSON.stringify(phone));
  t.ok(captionMeasure({ width: 390, height: 219 }, 'huge').rowLetters < phone.rowLetters);
});
