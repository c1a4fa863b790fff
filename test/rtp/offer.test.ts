import t from 'tap';
import { writeAnswer } from '../../src/rtp/answer.ts';
import { narrowOffer } from '../../src/rtp/narrow-offer.ts';
import { readOffer } from '../../src/rtp/offer.ts';
import { type OfferName, offerOf } from '../support/offers.ts';

const none = { mid: null, streamId: null, repairedStreamId: null, transportSequence: null };

t.test('a browser publishes H.264 rather than VP8, because nothing has to be encoded anew', async t => {
  const { media, transport } = readOffer(offerOf('chromium-publish'), 'publish');
  t.same(media, [
    {
      kind: 'audio',
      mid: '0',
      codec: 'opus',
      clockHertz: 48_000,
      payloadType: 111,
      rtxPayloadType: null,
      extensions: { mid: 4, streamId: null, repairedStreamId: null, transportSequence: 3 },
      streamIds: [],
      sources: [{ ssrc: 125931797, rtxSsrc: null }],
    },
    {
      kind: 'video',
      mid: '1',
      codec: 'H264',
      clockHertz: 90_000,
      payloadType: 108,
      rtxPayloadType: 109,
      extensions: { mid: 4, streamId: null, repairedStreamId: null, transportSequence: 3 },
      streamIds: [],
      sources: [{ ssrc: 2487262581, rtxSsrc: 1904169059 }],
    },
  ]);
  t.equal(transport.fingerprint.algorithm, 'sha-256');
});

t.test('a browser that offers nothing but VP8 publishes VP8', async t => {
  const { media } = readOffer(offerOf('chromium-publish-vp8'), 'publish');
  t.equal(media[1]?.codec, 'VP8');
  t.equal(media[1]?.payloadType, 96);
  t.equal(media[1]?.rtxPayloadType, 97);
});

t.test('layers of simulcast are known by their ids, sources need not be announced', async t => {
  const { media } = readOffer(offerOf('chromium-publish-simulcast'), 'publish');
  t.same(media[1]?.streamIds, ['l', 'm', 'h']);
  t.same(media[1]?.sources, []);
  t.same(media[1]?.extensions, { mid: 4, streamId: 10, repairedStreamId: 11, transportSequence: 3 });
});

t.test('layers of the older simulcast come in the order of their group, with what repairs them', async t => {
  const group = [
    'a=ssrc-group:SIM 11 22 33',
    'a=ssrc-group:FID 22 23',
    'a=ssrc-group:FID 33 34',
    ...[33, 34, 22, 23, 11].map(ssrc => `a=ssrc:${ssrc} cname:x`),
  ];
  const sdp = offerOf('chromium-publish-vp8').replace(
    /(m=video.*?)a=ssrc.*$/s,
    `$1${group.join('\r\n')}\r\n`,
  );
  t.same(readOffer(sdp, 'publish').media[1]?.sources, [
    { ssrc: 11, rtxSsrc: null },
    { ssrc: 22, rtxSsrc: 23 },
    { ssrc: 33, rtxSsrc: 34 },
  ]);
});

t.test('a viewer gets the codec of the stream', async t => {
  const h264 = readOffer(offerOf('chromium-view'), 'view', ['H264', 'opus']);
  t.same(
    h264.media.map(({ codec, payloadType, rtxPayloadType }) => ({ codec, payloadType, rtxPayloadType })),
    [
      { codec: 'opus', payloadType: 111, rtxPayloadType: null },
      { codec: 'H264', payloadType: 108, rtxPayloadType: 109 },
    ],
  );
  t.same(h264.media[1]?.extensions, none, 'every source is announced, packets say nothing more');
  const silent = readOffer(offerOf('chromium-view'), 'view', ['VP8']);
  t.same(
    silent.media.map(({ codec, mid }) => ({ codec, mid })),
    [{ codec: 'VP8', mid: '1' }],
  );
  t.same(
    silent.sections.map(({ kind, agreed }) => ({ kind, isAgreed: agreed !== null })),
    [
      { kind: 'audio', isAgreed: false },
      { kind: 'video', isAgreed: true },
    ],
    'what the stream does not have is refused',
  );
});

for (const name of [
  'obs-publish',
  'gstreamer-publish',
  'aiortc-publish',
  'chromium-sendrecv-data',
] as const) {
  t.test(`the offer of ${name} is taken: H.264 and Opus`, async t => {
    const { media } = readOffer(offerOf(name), 'publish');
    t.same(new Set(media.map(({ codec }) => codec)), new Set(['H264', 'opus']));
  });
}

t.test('the transport is that of the first section that is taken, or of the session', async t => {
  const apart = offerOf('aiortc-publish');
  t.equal(readOffer(apart, 'publish').transport.ice.ufrag, 'TqcD');
  t.equal(readOffer(offerOf('aiortc-view'), 'view', ['VP8']).transport.ice.ufrag.length, 4);
  t.equal(readOffer(offerOf('obs-publish'), 'publish').transport.ice.ufrag, 'QvQo');
});

const published = offerOf('chromium-publish');
const refusals: readonly [what: string, sdp: string, code: string, says: RegExp][] = [
  ['no text at all', '', 'malformed-sdp', /v=0/],
  ['JSON', '{"type":"offer","sdp":"v=0"}', 'malformed-sdp', /v=0/],
  ['more than 64 KiB', `${published}a=x:${'y'.repeat(65_536)}\r\n`, 'malformed-sdp', /64 KiB/],
  ['thousands of lines', `${published}${'a=x\r\n'.repeat(2_000)}`, 'malformed-sdp', /2000 lines/],
  [
    'seventeen sections',
    `${published}${'m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n'.repeat(15)}`,
    'malformed-sdp',
    /17/,
  ],
  ['data channels only', offerOf('chromium-data-only'), 'malformed-sdp', /neither sound nor pictures/],
  ['a viewer where a publisher is meant', offerOf('chromium-view'), 'malformed-sdp', /offers to send/],
  ['no bundle', published.replace(/a=group:BUNDLE.*\r\n/, ''), 'malformed-sdp', /BUNDLE/],
  ['half a bundle', published.replace('BUNDLE 0 1', 'BUNDLE 0'), 'malformed-sdp', /BUNDLE/],
  ['no ICE', published.replace(/a=ice-(ufrag|pwd).*\r\n/g, ''), 'malformed-sdp', /ice-ufrag/],
  ['a password too short', published.replace(/a=ice-pwd:.*/g, 'a=ice-pwd:short'), 'malformed-sdp', /ice-pwd/],
  ['no fingerprint', published.replace(/a=fingerprint.*\r\n/g, ''), 'malformed-sdp', /fingerprint/],
  [
    'half a fingerprint',
    published.replace(/(a=fingerprint:sha-256 .{47}).*/g, '$1'),
    'malformed-sdp',
    /short/,
  ],
  ['no word on who begins with DTLS', published.replaceAll('actpass', 'holdconn'), 'malformed-sdp', /setup/],
  ['no DTLS', published.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), 'malformed-sdp', /RTP\/AVP/],
  ['two ports', published.replaceAll('a=rtcp-mux\r\n', ''), 'malformed-sdp', /rtcp-mux/],
  ['no mid', published.replaceAll(/a=mid:.*\r\n/g, ''), 'malformed-sdp', /a=mid/],
  ['the same mid twice', published.replaceAll('a=mid:1', 'a=mid:0'), 'malformed-sdp', /same a=mid/],
  [
    'only codecs that are not taken',
    published.replace(/VP8|H264/g, 'H265'),
    'no-common-codec',
    /video in H265, rtx.*livereel takes H264/,
  ],
  [
    'H.264 in single packets only',
    offerOf('obs-publish').replace('packetization-mode=1', 'packetization-mode=0'),
    'no-common-codec',
    /packetization-mode=1/,
  ],
  ['sound that is not taken', published.replaceAll('opus', 'speex'), 'no-common-codec', /audio in speex/],
];
for (const [what, sdp, code, says] of refusals) {
  t.test(`refused, and said why: ${what}`, async t => {
    t.throws(() => readOffer(sdp, 'publish'), { code, message: says });
  });
}

t.test('we begin with DTLS, unless only the peer would', async t => {
  const local = { ...readOffer(published, 'publish').transport, candidates: [] };
  for (const [theirs, ours] of [
    ['actpass', 'active'],
    ['active', 'passive'],
    ['passive', 'active'],
  ] as const) {
    const offer = readOffer(published.replaceAll('setup:actpass', `setup:${theirs}`), 'publish');
    t.same(new Set(writeAnswer(offer, local).match(/a=setup:\w+/g)), new Set([`a=setup:${ours}`]));
    t.not(/a=setup:(\w+)/.exec(narrowOffer(offer))?.[1], ours);
  }
});

t.test('a viewer is told what the stream has', async t => {
  const onlyVp8 = offerOf('chromium-view').replaceAll('H264', 'H265');
  t.throws(() => readOffer(onlyVp8, 'view', ['H264', 'opus']), {
    code: 'no-common-codec',
    message: /the stream has H264, opus/,
  });
  const name: OfferName = 'chromium-publish';
  t.throws(() => readOffer(offerOf(name), 'view', ['H264', 'opus']), {
    code: 'malformed-sdp',
    message: /offers to receive/,
  });
});
