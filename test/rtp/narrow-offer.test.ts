import t from 'tap';
import { narrowOffer } from '../../src/rtp/narrow-offer.ts';
import { readOffer } from '../../src/rtp/offer.ts';
import { BrowserPeer, closePeers } from '../support/browser-peer.ts';
import { eventually } from '../support/eventually.ts';
import { type OfferName, offerOf } from '../support/offers.ts';

t.teardown(closePeers);

t.test('one section and the transport are left of an offer, without candidates', async t => {
  t.equal(
    narrowOffer(readOffer(offerOf('obs-publish'), 'publish')),
    [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      'a=ice-ufrag:QvQo',
      'a=ice-pwd:mCd0A3ngLE2BqWhcHO5WmZ',
      'a=ice-options:trickle',
      'a=fingerprint:sha-256 4F:6B:3C:11:90:AE:5D:72:08:C4:77:1E:E9:2B:D5:63:38:FA:0C:84:51:9D:E6:B7:2A:73:CF:18:95:40:DB:6E',
      'a=setup:passive',
      'a=sendonly',
      'a=rtcp-mux',
      'a=rtpmap:111 opus/48000/2',
      '',
    ].join('\r\n'),
  );
});

const offers: readonly OfferName[] = [
  'aiortc-publish',
  'aiortc-view',
  'chromium-publish-simulcast',
  'chromium-sendrecv-data',
  'chromium-view',
  'gstreamer-publish',
];
for (const name of offers) {
  t.test(`the engine takes ${name}, opens one track, and begins with DTLS`, async t => {
    const role = name.endsWith('view') ? 'view' : 'publish';
    const peer = new BrowserPeer(offerOf(name), role);
    await peer.answer();
    await eventually(() => peer.direction !== undefined);
    t.equal(peer.direction, role === 'view' ? 'SendOnly' : 'RecvOnly');
    t.match(peer.description, 'a=setup:active');
    peer.close();
  });
}
