import { isIP } from 'node:net';
import { parse } from 'sdp-transform';
import { type PeerTransport, readPeerTransport } from './peer-transport.ts';

/** Our side of the transport that a peer is answered with. */
export type LocalTransport = PeerTransport & {
  /** Where the peer's packets can be sent to, the best first: addresses, IPv4 or IPv6. */
  readonly candidates: readonly { readonly address: string; readonly port: number }[];
};

/**
 * What an engine says of its side, once it has gathered its candidates, in a description of its own.
 * @throws LivereelError `malformed-sdp`
 */
export function readLocalTransport(sdp: string): LocalTransport {
  const session = parse(sdp);
  const [section] = session.media;
  if (section === undefined) throw new RangeError('a description without a section');
  return {
    // Who is passive in an answer is no concern of `readPeerTransport`, which reads offers.
    ...readPeerTransport({ ...section, setup: 'active' }, session),
    candidates: (section.candidates ?? [])
      .filter(
        ({ transport, type, ip }) => /^udp$/i.test(transport) && type === 'host' && isIP(String(ip)) !== 0,
      )
      .map(({ ip, port }) => ({ address: ip, port })),
  };
}
