import t from 'tap';
import { Patience } from '../../src/captions/patience.ts';

t.test('how long an answer may take is learned from those that came', async t => {
  const patience = new Patience({ beforeFirstSeconds: 120, leastSeconds: 15 });
  t.equal(patience.limitSeconds(30), 120);
  patience.answered(10, 0.1);
  t.equal(patience.limitSeconds(30), 15, 'a quick one still has its bad moments');
  patience.answered(10, 20);
  t.equal(patience.limitSeconds(30), 1_200, 'a slow one is given time');
  for (let count = 0; count < 200; count += 1) patience.answered(10, 0.1);
  t.equal(patience.limitSeconds(30), 15, 'and the slow moment is forgotten');
});
