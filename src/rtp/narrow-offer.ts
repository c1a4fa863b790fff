import type { Offer } from './offer.ts';

/**
 * What the engine is told of an offer: only its transport and one section, so that every packet of the bundle arrives
 * on one track, whatever source it names (docs/design.md, section 6). No candidates, since the peer finds us.
 */
export function narrowOffer({ role, transport, setup, media }: Offer): string {
  const [first] = media;
  if (first === undefined) throw new RangeError('an offer without media');
  const { kind, mid, payloadType, codec, clockHertz } = first;
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mid}`,
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=ice-ufrag:${transport.ice.ufrag}`,
    `a=ice-pwd:${transport.ice.password}`,
    'a=ice-options:trickle',
    `a=fingerprint:${transport.fingerprint.algorithm} ${transport.fingerprint.value}`,
    `a=setup:${setup === 'active' ? 'passive' : 'active'}`,
    role === 'publish' ? 'a=sendonly' : 'a=recvonly',
    'a=rtcp-mux',
    `a=rtpmap:${payloadType} ${codec}/${clockHertz}${codec === 'opus' ? '/2' : ''}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
