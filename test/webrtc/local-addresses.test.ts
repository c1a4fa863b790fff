import { isIP, isIPv4 } from 'node:net';
import t from 'tap';
import { listeningAddress, localAddresses } from '../../src/webrtc/local-addresses.ts';

t.test('who listens on one address is reached there', async t => {
  t.same(localAddresses('127.0.0.1'), ['127.0.0.1']);
  t.same(localAddresses('2001:db8::1'), ['2001:db8::1']);
});

t.test('who listens everywhere is reached at each interface, IPv4 first', async t => {
  const all = localAddresses('::');
  t.ok(all.length > 0 && all.length <= 8 && all.every(address => isIP(address) !== 0), all.join(' '));
  const families = all.map(isIPv4);
  t.same(
    families,
    [...families].sort((a, b) => Number(b) - Number(a)),
  );
  t.same(
    localAddresses('0.0.0.0'),
    all.filter(address => isIPv4(address)),
  );
  t.notOk(all.some(address => /^fe80|^169\.254\./.test(address)));
});

t.test('a server behind a proxy listens where peers are told to come', async t => {
  t.equal(listeningAddress('127.0.0.1', []), '127.0.0.1');
  t.equal(listeningAddress('127.0.0.1', ['127.0.0.2']), '127.0.0.1');
  t.equal(listeningAddress('127.0.0.1', ['203.0.113.7']), '0.0.0.0');
  t.equal(listeningAddress('::1', ['203.0.113.7', '2001:db8::7']), '::');
  t.equal(listeningAddress('10.0.0.5', ['203.0.113.7']), '10.0.0.5');
});
