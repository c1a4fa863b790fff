import t from 'tap';
import { writeAnswer } from '../../src/rtp/answer.ts';
import { readOffer } from '../../src/rtp/offer.ts';
import { offerOf } from '../support/offers.ts';

const local = {
  ice: { ufrag: 'ours', password: 'p'.repeat(24) },
  fingerprint: { algorithm: 'sha-256', value: new Array(32).fill('AB').join(':') },
  candidates: [
    { address: '203.0.113.5', port: 8189 },
    { address: '2001:db8::5', port: 8189 },
  ],
};
const transport = [
  'a=ice-ufrag:ours',
  `a=ice-pwd:${'p'.repeat(24)}`,
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${local.fingerprint.value}`,
  'a=setup:active',
];
const candidates = [
  'a=candidate:1 1 udp 2130706431 203.0.113.5 8189 typ host',
  'a=candidate:2 1 udp 2130706175 2001:db8::5 8189 typ host',
  'a=end-of-candidates',
];

t.test('a publisher of three layers is told that all are taken', async t => {
  const answer = writeAnswer(readOffer(offerOf('chromium-publish-simulcast'), 'publish'), local);
  t.match(answer, /^v=0\r\no=- \d+ 1 IN IP4 127\.0\.0\.1\r\n/);
  t.same(withoutOrigin(answer), [
    'v=0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'a=ice-lite',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...transport,
    ...candidates,
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtcp-fb:111 transport-cc',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=recvonly',
    'm=video 9 UDP/TLS/RTP/SAVPF 108 109',
    'c=IN IP4 0.0.0.0',
    'a=mid:1',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...transport,
    'a=rtpmap:108 H264/90000',
    'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    'a=rtcp-fb:108 nack',
    'a=rtcp-fb:108 nack pli',
    'a=rtcp-fb:108 transport-cc',
    'a=rtpmap:109 rtx/90000',
    'a=fmtp:109 apt=108',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
    'a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=recvonly',
    'a=rid:l recv',
    'a=rid:m recv',
    'a=rid:h recv',
    'a=simulcast:recv l;m;h',
    '',
  ]);
});

t.test('a viewer is told whose packets it will get; sound that the stream has not is refused', async t => {
  const offer = readOffer(offerOf('chromium-view'), 'view', ['VP8']);
  const answer = writeAnswer(offer, local, [{ mid: '1', ssrc: 1234, rtxSsrc: 1235, cname: 'reel' }]);
  t.same(withoutOrigin(answer), [
    'v=0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 1',
    'a=ice-lite',
    'm=audio 0 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=inactive',
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
    'c=IN IP4 0.0.0.0',
    'a=mid:1',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...transport,
    ...candidates,
    'a=rtpmap:96 VP8/90000',
    'a=rtcp-fb:96 nack',
    'a=rtcp-fb:96 nack pli',
    'a=rtcp-fb:96 ccm fir',
    'a=rtcp-fb:96 goog-remb',
    'a=rtpmap:97 rtx/90000',
    'a=fmtp:97 apt=96',
    'a=sendonly',
    'a=msid:reel video',
    'a=ssrc-group:FID 1234 1235',
    'a=ssrc:1234 cname:reel',
    'a=ssrc:1235 cname:reel',
    '',
  ]);
});

t.test('sections that livereel has no use for are refused in their places', async t => {
  const answer = writeAnswer(readOffer(offerOf('chromium-sendrecv-data'), 'publish'), local);
  t.same(
    answer.split('\r\n').filter(line => line.startsWith('m=')),
    [
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'm=video 9 UDP/TLS/RTP/SAVPF 108 109',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ],
  );
  t.match(answer, 'a=group:BUNDLE 0 1\r\n');
});

t.test('who has two channels of sound may send both', async t => {
  const stereo = writeAnswer(readOffer(offerOf('obs-publish'), 'publish'), local);
  t.match(stereo, 'a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1\r\n');
});

function withoutOrigin(answer: string): string[] {
  return answer.split('\r\n').filter(line => !line.startsWith('o='));
}
