import t from 'tap';
import { committedSeam } from '../../../src/captions/policy/committed-seam.ts';
import { spoken } from './spoken-words.ts';

t.test('committed words that are heard again are counted, whatever became of them', async t => {
  const committed = spoken('the cat sat here');
  t.equal(committedSeam(committed, spoken('the cat sat here now'), 0), 4);
  t.equal(committedSeam(committed, spoken('the bat sat here now'), 0), 4, 'misheard');
  t.equal(committedSeam(committed, spoken('the a cat sat here now', -0.4), 0), 5, 'one too many');
  t.equal(committedSeam(committed, [...spoken('the'), ...spoken('sat here now', 0.8)], 0), 3, 'one left out');
  t.equal(committedSeam([], spoken('now'), 0), 0);
});

t.test('words are found again by their text when their times are off', async t => {
  const committed = spoken('the cat sat here');
  t.equal(committedSeam(committed, spoken('the cat sat here now', 0.4), 0), 4);
  t.equal(committedSeam(committed, spoken('the cat sat here now', -0.4), 0), 4);
});

t.test('times decide where texts do not', async t => {
  const committed = spoken('two two');
  t.equal(committedSeam(committed, spoken('two two two two'), 0), 2);
  // The buffer begins behind the first one, or behind both.
  t.equal(committedSeam(committed, spoken('two two', 0.4), 0.4), 1);
  t.equal(committedSeam(committed, spoken('two two', 0.8), 0.8), 0);
  t.equal(
    committedSeam(committed, spoken('two two', 2), 0),
    0,
    'both are new: the model left the first ones out',
  );
});

t.test('the rest of a word that the buffer was cut in is not heard as one more', async t => {
  const rest = [{ ...spoken('two')[0]!, start: 0.8, end: 0.9 }, ...spoken('four', 0.9)];
  t.equal(committedSeam(spoken('one two'), rest, 0.8), 1);
});
