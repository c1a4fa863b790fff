import t from 'tap';
import { HeardCaptions, lastBegun } from '../../../src/web/captions/heard-captions.ts';
import { said } from './said.ts';

const texts = (heard: HeardCaptions) => heard.all.map(({ text }) => text);

t.test('a newer revision replaces an older one, never the other way round', async t => {
  const heard = new HeardCaptions();
  t.ok(heard.add(said(0, 0, 'the quick', { revision: 2, final: false })));
  t.notOk(heard.add(said(0, 0, 'the', { revision: 1, final: false })));
  t.notOk(heard.add(said(0, 0, 'a quick', { revision: 2, final: false })), 'nor the same one again');
  t.ok(heard.add(said(0, 0, 'the quick fox', { revision: 5 })));
  t.notOk(heard.add(said(0, 0, 'the thick fox', { revision: 9 })), 'what is final stays');
  t.same(texts(heard), ['the quick fox']);
});

t.test('a caption whose words vanished is hidden until others take their place', async t => {
  const heard = new HeardCaptions();
  heard.add(said(0, 0, 'the quick fox'));
  heard.add(said(1, 4, 'perhaps', { revision: 1, final: false }));
  t.ok(heard.add(said(1, 4, '', { revision: 2, final: false, words: [] })));
  t.same(texts(heard), ['the quick fox']);
  heard.add(said(1, 4, 'jumps', { revision: 3 }));
  t.same(texts(heard), ['the quick fox', 'jumps']);
});

t.test('captions stand in their order, whichever way they come', async t => {
  const heard = new HeardCaptions();
  for (const index of [1, 3, 0, 2]) heard.add(said(index, 4 * index, `number ${index}`));
  t.same(texts(heard), ['number 0', 'number 1', 'number 2', 'number 3']);
});

t.test('words count as settled once two revisions agree on them, and stay so', async t => {
  const heard = new HeardCaptions();
  const settled = (revision: number, text: string, final = false) => {
    heard.add(said(0, 0, text, { revision, final }));
    return heard.all[0]?.settledWords;
  };
  t.equal(settled(1, 'the quick'), 0);
  t.equal(settled(2, 'the quick fax'), 2);
  t.equal(settled(3, 'the quick fox jumps'), 2);
  t.equal(settled(4, 'the'), 1, 'never more than there are');
  t.equal(settled(5, 'the quick fox jumps', true), 4);
});

t.test('the corrected transcript takes the place of what was heard live', async t => {
  const heard = new HeardCaptions();
  heard.add(said(0, 0, 'the quick fax'));
  heard.add(said(1, 3, 'jumps'));
  heard.replace([said(0, 0, 'the quick fox jumps')]);
  t.notOk(heard.add(said(1, 3, 'jumps', { revision: 9 })));
  t.same(texts(heard), ['the quick fox jumps']);
  t.ok(heard.isTranscript);
});

t.test('words without times are spread over their caption', async t => {
  const heard = new HeardCaptions();
  heard.add(said(0, 2, 'one three', { words: [], start: 2, end: 10 }));
  t.same(heard.all[0]?.words, [
    { text: 'one', start: 2, end: 5, probability: 1 },
    { text: 'three', start: 5, end: 10, probability: 1 },
  ]);
});

t.test('finds what was begun last', async t => {
  const starts = [0, 2, 2, 5].map(start => ({ start }));
  t.same(
    [-1, 0, 1.9, 2, 4, 9].map(seconds => lastBegun(starts, seconds)),
    [-1, 0, 0, 2, 2, 3],
  );
});
