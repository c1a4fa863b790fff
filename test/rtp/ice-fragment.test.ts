import fc from 'fast-check';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { readIceFragment, writeIceFragment } from '../../src/rtp/ice-fragment.ts';
import { readOffer } from '../../src/rtp/offer.ts';
import { offerOf } from '../support/offers.ts';

const trickled = `a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
m=audio 9 RTP/AVP 0
a=mid:0
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1
a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ srflx raddr 10.0.0.1 rport 5000
a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0
a=candidate:2154773085 1 udp 2122262783 6a1f6ff1-3ff5-4f24-a2cb-0c1e6a5cb6a4.local 54321 typ host
a=candidate:1387637174 2 udp 2122260222 192.0.2.1 61765 typ host
a=candidate:1387637174 1 udp 2122260223 192.0.2.1;x=$(id) 61764 typ host
a=end-of-candidates
`.replaceAll('\n', '\r\n');

t.test('candidates are read and written anew, those that are of no use left out', async t => {
  t.same(readIceFragment(trickled), {
    ice: { ufrag: 'EsAw', password: 'P2uYro0UCOQ4zxjKXaWCBui1' },
    candidates: [
      {
        mid: '0',
        address: '192.0.2.1',
        port: 61764,
        text: 'candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host',
      },
      {
        mid: '0',
        address: '198.51.100.2',
        port: 61765,
        text: 'candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ srflx',
      },
      {
        mid: '0',
        address: '6a1f6ff1-3ff5-4f24-a2cb-0c1e6a5cb6a4.local',
        port: 54321,
        text: 'candidate:2154773085 1 udp 2122262783 6a1f6ff1-3ff5-4f24-a2cb-0c1e6a5cb6a4.local 54321 typ host',
      },
    ],
    isComplete: true,
    takesNewDtls: false,
  });
});

t.test('a fragment with new credentials alone restarts ICE', async t => {
  const { ice, candidates, isComplete } = readIceFragment(
    'a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n',
  );
  t.same(ice, { ufrag: 'ysXw', password: 'vw5LmwG4y/e6dPP/zAP9Gp5k' });
  t.same({ candidates, isComplete }, { candidates: [], isComplete: false });
});

t.test('our answer to a restart can be read, and names what it is of', async t => {
  const offer = readOffer(offerOf('chromium-publish'), 'publish');
  const local = {
    ice: { ufrag: 'ours', password: 'x'.repeat(24) },
    fingerprint: offer.transport.fingerprint,
    candidates: [{ address: '2001:db8::1', port: 8189 }],
  };
  const fragment = writeIceFragment(offer, local);
  t.equal(
    fragment,
    [
      'a=group:BUNDLE 0 1',
      'a=ice-lite',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      'a=ice-ufrag:ours',
      `a=ice-pwd:${'x'.repeat(24)}`,
      'a=ice-options:trickle',
      `a=fingerprint:sha-256 ${local.fingerprint.value}`,
      'a=setup:active',
      'a=candidate:1 1 udp 2130706431 2001:db8::1 8189 typ host',
      'a=end-of-candidates',
      '',
    ].join('\r\n'),
  );
  t.same(readIceFragment(fragment).ice, local.ice);
  t.ok(readIceFragment(fragment).takesNewDtls);
  t.same(
    readIceFragment(fragment).candidates.map(({ address, port }) => ({ address, port })),
    local.candidates,
  );
});

const refusals: readonly [what: string, fragment: string, says: RegExp][] = [
  ['nothing', '', /neither candidates nor/],
  ['JSON', '{"candidate":""}', /neither candidates nor/],
  ['a name without a password', 'a=ice-ufrag:abcd\r\n', /ice-pwd/],
  ['a password too short', 'a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n', /ice-pwd/],
  ['more than 16 KiB', `a=x:${'y'.repeat(16_384)}\r\n`, /16 KiB/],
  ['too many lines', 'a=x\r\n'.repeat(501), /500 lines/],
  [
    'too many candidates',
    `m=audio 9 RTP/AVP 0\r\n${'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n'.repeat(65)}`,
    /64 candidates/,
  ],
];
for (const [what, fragment, says] of refusals) {
  t.test(`refused, and said why: ${what}`, async t => {
    t.throws(() => readIceFragment(fragment), { code: 'malformed-sdp', message: says });
  });
}

t.test('whatever comes is read or refused', async t => {
  const lines = trickled.split('\r\n');
  const line = fc.oneof(fc.constantFrom(...lines), fc.string({ maxLength: 60 }));
  const text = fc.oneof(
    fc.string({ maxLength: 400 }),
    fc.array(line).map(all => all.join('\r\n')),
  );
  let readCount = 0;
  fc.assert(
    fc.property(text, fragment => {
      try {
        const { candidates } = readIceFragment(fragment);
        readCount += 1;
        return candidates.every(({ text }) =>
          /^candidate:[\w+/]+ 1 udp \d+ [\w.:-]+ \d+ typ \w+$/.test(text),
        );
      } catch (error) {
        return error instanceof LivereelError && error.code === 'malformed-sdp';
      }
    }),
    { numRuns: 2_000 },
  );
  t.ok(readCount > 100, `${readCount} were read`);
});
