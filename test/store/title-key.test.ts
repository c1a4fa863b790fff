import t from 'tap';
import { titleKey } from '../../src/store/title-key.ts';

t.test('titles are in order as people put them', async t => {
  const inOrder = [
    '…',
    '?',
    '"Ähre"',
    'Apfel',
    'Part 2',
    'part 010',
    'Part 10 b',
    'Šárka',
    'Sarkana',
    'Zoo',
    '日本',
  ];
  t.strictSame(
    [...inOrder].reverse().sort((one, other) => (titleKey(one) < titleKey(other) ? -1 : 1)),
    [...inOrder].sort((one, other) => (titleKey(one) <= titleKey(other) ? -1 : 1)),
  );
  t.equal(titleKey('Part 2'), titleKey('  pärt: 02!'));
  t.ok(titleKey('Part 2') < titleKey('Part 10'));
});

t.test('a key is short and storable, whatever the title', async t => {
  for (const title of ['1'.repeat(200), '\ud800', '😀'.repeat(100), 'ﷺ'.repeat(200), '1a'.repeat(100)]) {
    t.ok(!/\p{Cs}/u.test(titleKey(title)) && Buffer.byteLength(titleKey(title)) <= 400, title.slice(0, 4));
  }
});
