import fc from 'fast-check';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { writeAnswer } from '../../src/rtp/answer.ts';
import { writeIceFragment } from '../../src/rtp/ice-fragment.ts';
import { narrowOffer } from '../../src/rtp/narrow-offer.ts';
import { type Offer, readOffer } from '../../src/rtp/offer.ts';
import { offerOf } from '../support/offers.ts';

const offers = [
  offerOf('chromium-publish'),
  offerOf('chromium-publish-simulcast'),
  offerOf('chromium-view'),
  offerOf('aiortc-publish'),
  offerOf('obs-publish'),
  offerOf('gstreamer-publish'),
];
const allLines = [...new Set(offers.flatMap(sdp => sdp.split('\r\n')))];

/** One change of an offer: what a faulty or a hostile client makes of it. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), times: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('replace' as const), at: fc.nat(), by: fc.constantFrom(...allLines) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(60) }),
  fc.record({
    kind: fc.constant('number' as const),
    at: fc.nat(),
    by: fc.oneof(
      fc.integer(),
      fc.bigInt().map(String),
      fc.constantFrom('', '-0', '1e99', 'NaN', '__proto__'),
    ),
  }),
  fc.record({ kind: fc.constant('write' as const), at: fc.nat(), text: fc.string({ maxLength: 80 }) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

t.test('offers that were tampered with are answered or refused', async t => {
  const outcomes = { answered: 0, refused: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...offers),
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.constantFrom('publish' as const, 'view' as const),
      (sdp, changes, role) => {
        const offer = readOrRefuse(changes.reduce(changed, sdp), role);
        outcomes[offer === null ? 'refused' : 'answered'] += 1;
        return offer === null || isSound(offer);
      },
    ),
    { numRuns: 3_000 },
  );
  t.ok(outcomes.answered > 300 && outcomes.refused > 300, JSON.stringify(outcomes));
});

t.test('any text is refused', async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 2_000 }),
    fc.string({ unit: 'binary', maxLength: 500 }),
    fc.string({ maxLength: 500 }).map(rest => `v=0\r\n${rest}`),
    fc.array(fc.constantFrom(...allLines)).map(lines => `v=0\r\n${lines.join('\r\n')}`),
  );
  fc.assert(
    fc.property(text, sdp => {
      const offer = readOrRefuse(sdp, 'publish');
      return offer === null || isSound(offer);
    }),
    { numRuns: 2_000 },
  );
});

t.test('the time it takes grows with the length of the text, not with its square', async t => {
  const head = offerOf('chromium-publish');
  const hostile = [
    'a=\r\n'.repeat(1_500),
    `a=simulcast: ${' '.repeat(50_000)}x\r\n`,
    `a=fmtp:96 ${';a=1'.repeat(14_000)}\r\n`,
    `a=group:BUNDLE ${'x '.repeat(25_000)}\r\n`,
    `a=candidate:${'1 '.repeat(25_000)}\r\n`,
    `a=simulcast:send ${'a;'.repeat(25_000)}\r\n`,
    `a=rtcp-fb:96 ${'-'.repeat(50_000)}\r\n`,
    `m=video 9 UDP/TLS/RTP/SAVPF${' 96'.repeat(17_000)}\r\na=rtpmap:96 H264/90000\r\n`,
    `a=ssrc-group:SIM${' 1'.repeat(25_000)}\r\n`,
    `${'a=ssrc-group:FID 1 2\r\n'.repeat(800)}${'a=ssrc:3 cname:x\r\n'.repeat(800)}`,
    'a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n'.repeat(800),
  ];
  for (const lines of hostile) {
    const began = process.cpuUsage();
    readOrRefuse(head + lines, 'publish');
    const { user, system } = process.cpuUsage(began);
    // An honest one takes a millisecond or two; a square of these lengths takes minutes.
    t.ok(user + system < 2e6, `${lines.slice(0, 30)}… took ${Math.round((user + system) / 1_000)} ms`);
  }
});

function changed(sdp: string, change: Change): string {
  const lines = sdp.split('\r\n');
  const at = change.at % lines.length;
  const line = lines[at] as string;
  switch (change.kind) {
    case 'drop':
      lines.splice(at, 1);
      break;
    case 'repeat':
      lines.splice(at, 0, ...new Array(change.times).fill(line));
      break;
    case 'replace':
      lines[at] = change.by;
      break;
    case 'cut':
      lines[at] = line.slice(0, change.length);
      break;
    case 'number':
      lines[at] = line.replace(/\d+/, String(change.by));
      break;
    case 'write':
      lines[at] = line + change.text;
      break;
  }
  return lines.join('\r\n');
}

/** Null when it was refused as it should be. */
function readOrRefuse(sdp: string, role: 'publish' | 'view'): Offer | null {
  try {
    return readOffer(sdp, role, ['H264', 'VP8', 'opus']);
  } catch (error) {
    if (error instanceof LivereelError && ['malformed-sdp', 'no-common-codec'].includes(error.code))
      return null;
    throw error;
  }
}

/** What is made of an offer are lines of a known form, as many sections as were offered, and no foreign line. */
function isSound(offer: Offer): boolean {
  const local = { ...offer.transport, candidates: [{ address: '192.0.2.1', port: 8189 }] };
  const sources = offer.media.map(({ mid }, index) => ({ mid, ssrc: index + 1, rtxSsrc: null, cname: 'x' }));
  const answer = writeAnswer(offer, local, sources);
  const texts = [answer, narrowOffer(offer), writeIceFragment(offer, local)];
  const isEachLineKnown = texts.every(text =>
    text.split('\r\n').every(line => /^([vostc]=|m=\w+ [09] |a=[\w-]+(:[ -~]+)?$|$)/.test(line)),
  );
  const sections = answer.split('\r\n').filter(line => line.startsWith('m=')).length;
  return (
    isEachLineKnown &&
    sections === offer.sections.length &&
    offer.media.length >= 1 &&
    offer.media.length <= 2
  );
}
