import t from 'tap';
import { type CaptionRow, captionRows } from '../../../src/web/captions/caption-rows.ts';
import { HeardCaptions } from '../../../src/web/captions/heard-captions.ts';
import { RollUp } from '../../../src/web/captions/roll-up.ts';
import { said } from './said.ts';

/** A roll-up with its captions: what stands on the screen, a moment after the other. */
function screen(width = 12) {
  const heard = new HeardCaptions();
  const rollUp = new RollUp();
  return {
    heard,
    rollUp,
    show: (seconds: number, nowMillis: number): string[] => {
      return rollUp.show(captionRows(heard.all, width), seconds, nowMillis).map(textOf);
    },
  };
}
const textOf = ({ words }: CaptionRow) => words.map(({ text }) => text).join(' ');

t.test('words that are known before their time come with the sound', async t => {
  const { heard, show } = screen();
  heard.add(said(0, 10, 'the quick fox jumps'));
  t.same(show(9.9, 0), []);
  t.same(show(10.1, 200), ['the']);
  t.same(show(10.5, 600), ['the quick']);
  t.same(show(11.3, 1_400), ['the quick', 'fox jumps']);
});

t.test('words whose time is past are shown at once, and long enough to be read', async t => {
  const { heard, show } = screen();
  show(12, 0);
  heard.add(said(0, 10, 'the quick', { final: false }));
  t.same(show(12.5, 500), ['the quick']);
  heard.add(said(0, 10, 'the quick fox', { revision: 2, final: false }));
  t.same(show(13, 1_000), ['the quick', 'fox']);
  t.same(show(16, 4_000), ['the quick', 'fox']);
  t.same(show(16.8, 4_800), ['fox'], 'each line goes when it has been there long enough');
  t.same(show(17.1, 5_100), []);
});

t.test('there are never more than two lines: a new one pushes the upper one out', async t => {
  const { heard, show } = screen();
  show(0, 0);
  heard.add(said(0, 0, 'aaaa bbbb'));
  t.same(show(1, 1_000), ['aaaa bbbb']);
  heard.add(said(1, 1, 'cccc dddd'));
  t.same(show(2, 2_000), ['aaaa bbbb', 'cccc dddd']);
  heard.add(said(2, 2, 'eeee ffff'));
  t.same(show(3, 3_000), ['cccc dddd', 'eeee ffff']);
});

t.test('many late lines come one after the other, and what would take too long is left out', async t => {
  const { heard, show } = screen();
  show(60, 0);
  heard.add(said(0, 40, Array.from({ length: 14 }, (_, n) => `line${String(n).padStart(8, '0')}`).join(' ')));
  const seen = new Set<string>();
  let atMillis = 0;
  for (; atMillis < 12_000; atMillis += 100) {
    const shown = show(60 + atMillis / 1_000, atMillis);
    t.ok(shown.length <= 2);
    for (const line of shown) seen.add(line);
    if (seen.has('line00000013')) break;
  }
  t.same([...seen], ['line00000010', 'line00000011', 'line00000012', 'line00000013']);
  t.ok(atMillis > 1_500, 'not all at the same time');
});

t.test('who joins or jumps is not shown what was said before, but for the last words', async t => {
  const { heard, rollUp, show } = screen();
  heard.add(said(0, 10, 'long ago'));
  heard.add(said(1, 20, 'just now'));
  t.same(show(22, 0), ['just now']);
  rollUp.reset();
  t.same(show(90, 100), [], 'nor those when they are old');
});

t.test('without a picture captions come as they are heard', async t => {
  const { heard, show } = screen();
  heard.add(said(0, 0, 'long before'));
  heard.add(said(1, 12, 'a moment ago'));
  t.same(show(Number.POSITIVE_INFINITY, 0), ['a moment ago']);
  t.same(show(Number.POSITIVE_INFINITY, 6_000), []);
  heard.add(said(2, 16, 'the quick', { final: false }));
  t.same(show(Number.POSITIVE_INFINITY, 6_100), ['the quick']);
  t.same(show(Number.POSITIVE_INFINITY, 15_000), []);
  heard.add(said(2, 16, 'the quick fox', { revision: 2 }));
  t.same(show(Number.POSITIVE_INFINITY, 15_100), ['fox']);
});
