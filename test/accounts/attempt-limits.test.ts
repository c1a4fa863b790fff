import t from 'tap';
import { networkOf } from '../../src/accounts/attempt-limits.ts';

t.test('an address counts with those that are as easily had', async t => {
  t.equal(networkOf('192.0.2.7'), '192.0.2.7');
  t.equal(networkOf('2001:db8::1'), networkOf('2001:0db8:0:0:ffff::2'));
  t.not(networkOf('2001:db8::1'), networkOf('2001:db8:0:1::1'));
  t.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  t.equal(networkOf('unknown'), 'unknown');
});
