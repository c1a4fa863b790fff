import t from 'tap';
import { tokenOf } from '../../src/http/bearer-token.ts';
import { isCrossSite } from '../../src/http/foreign-pages.ts';
import { clientAddressOf, publicUrlFor } from '../../src/http/request-origin.ts';

const derived = { url: 'http://127.0.0.1:8000', isFixed: false };

t.test('without PUBLIC_URL the answer begins with the host by which the client came', async t => {
  const url = (headers: Record<string, string>) => publicUrlFor(new Headers(headers), derived);
  t.equal(url({ host: '192.168.1.5:8000' }), 'http://192.168.1.5:8000');
  t.equal(url({ host: 'Reel.local' }), 'http://reel.local');
  t.equal(url({ host: '[::1]:8000' }), 'http://[::1]:8000');
  t.equal(url({ host: 'reel.example', 'x-forwarded-proto': 'https' }), 'https://reel.example');
  t.equal(url({ host: 'api', 'x-forwarded-host': '10.0.0.2:8000' }), 'http://10.0.0.2:8000');
});

t.test('a host that is none never gets into an answer', async t => {
  const hosts = [
    '',
    'a b',
    'evil/path',
    'user@host',
    'host:port',
    'a"b',
    '-',
    'x'.repeat(300),
    'h#',
    'h?q',
    '[::1',
  ];
  for (const host of hosts) t.equal(publicUrlFor(new Headers({ host }), derived), derived.url, host);
});

t.test('PUBLIC_URL holds for every request', async t => {
  const address = { url: 'https://reel.example/live', isFixed: true };
  t.equal(publicUrlFor(new Headers({ host: '10.0.0.1' }), address), address.url);
});

t.test('the address of a client is the one that nginx saw, not the one that the client claims', async t => {
  const address = (value: string) => clientAddressOf(new Headers({ 'x-forwarded-for': value }));
  t.equal(address('1.2.3.4'), '1.2.3.4');
  t.equal(address('6.6.6.6, 1.2.3.4'), '1.2.3.4');
  t.equal(address('2001:db8::1'), '2001:db8::1');
  t.equal(address('<script>'), 'unknown');
  t.equal(clientAddressOf(new Headers()), 'unknown');
});

t.test('a token comes as Bearer, or in the query', async t => {
  const bearer = (authorization: string) => new Headers({ authorization });
  t.equal(tokenOf(bearer('Bearer abc-_.~+/='), null), 'abc-_.~+/=');
  t.equal(tokenOf(bearer('bearer abc'), 'query'), 'abc');
  t.equal(tokenOf(new Headers(), 'query'), 'query');
  t.equal(tokenOf(bearer('Basic abc'), undefined), undefined);
  t.equal(tokenOf(new Headers(), ''), undefined);
});

t.test('pages of other sites are told from our own page and from programs', async t => {
  const foreign = (headers: Record<string, string>) =>
    isCrossSite(new Headers(headers), 'http://127.0.0.1:8000');
  t.equal(foreign({}), false, 'a program');
  t.equal(foreign({ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:5173' }), false);
  t.equal(foreign({ 'sec-fetch-site': 'none' }), false);
  t.equal(foreign({ 'sec-fetch-site': 'cross-site' }), true);
  t.equal(foreign({ origin: 'http://127.0.0.1:8000' }), false);
  t.equal(foreign({ origin: 'http://evil.example' }), true);
  t.equal(foreign({ origin: 'null' }), true);
});
