import t from 'tap';
import { retryDelayMillis } from '../../src/client/retry-delay.ts';

t.test('tries come at 0.25 s first, doubling to 5 s, each spread over half of it', async t => {
  t.same(
    [0, 1, 2, 3, 4, 5, 99].map(n => retryDelayMillis(n, () => 1)),
    [250, 500, 1000, 2000, 4000, 5000, 5000],
  );
  t.equal(
    retryDelayMillis(0, () => 0),
    125,
  );
});
