import t from 'tap';
import { RequestPace } from '../../src/http/request-pace.ts';

t.test('a hundred at once, ten a second after that, each address for itself', async t => {
  let nowMillis = 1_000_000;
  const pace = new RequestPace(() => nowMillis);
  const taken = (address: string) => {
    let count = 0;
    try {
      for (; count < 1_000; count += 1) pace.take(address);
    } catch (error) {
      t.match(error, { code: 'too-many-requests', facts: { retryAfterSeconds: 1 } });
    }
    return count;
  };
  t.equal(taken('192.0.2.1'), 100);
  t.equal(taken('192.0.2.2'), 100);
  nowMillis += 1_000;
  t.equal(taken('192.0.2.1'), 10);
  nowMillis += 60_000;
  t.equal(taken('192.0.2.1'), 100);
});
