import t from 'tap';
import { watching } from '../../src/web/elements/words.ts';

t.test('how many are watching is said in words', async t => {
  t.equal(watching(1), '1 person is watching');
  t.equal(watching(2), '2 people are watching');
});
