import type { PeerTransport } from './peer-transport.ts';

/** Our side of the transport that a peer is answered with. */
export type LocalTransport = PeerTransport & {
  /** Where the peer's packets can be sent to, the best first: addresses, IPv4 or IPv6. */
  readonly candidates: readonly { readonly address: string; readonly port: number }[];
};
