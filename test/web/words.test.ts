import t from 'tap';
import { day, sentence, watching } from '../../src/web/elements/words.ts';

t.test('how many are watching is said in words', async t => {
  t.equal(watching(1), '1 person is watching');
  t.equal(watching(2), '2 people are watching');
});

t.test('reasons are read as sentences, and days as dates', async t => {
  t.equal(
    sentence('the file cannot be read: moov atom not found'),
    'The file cannot be read: moov atom not found.',
  );
  t.equal(sentence('Nothing came. '), 'Nothing came.');
  t.equal(day(new Date(2026, 10, 28, 12)), '28 Nov 2026');
});
