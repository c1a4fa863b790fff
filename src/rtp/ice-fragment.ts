import { type MediaDescription, parse } from 'sdp-transform';
import { candidateLines, transportLines } from './answer.ts';
import type { LocalTransport } from './local-transport.ts';
import { malformedSdp } from './malformed-sdp.ts';
import type { Offer } from './offer.ts';
import { type IceCredentials, readIceCredentials } from './peer-transport.ts';

/** What a peer says of its addresses after its offer: the body of a WHIP or WHEP `PATCH` (RFC 9725, section 4.3). */
export type IceFragment = {
  /** Null where the fragment has none. Other ones than the offer's restart ICE. */
  readonly ice: IceCredentials | null;
  /** In the order in which they came; those of other transports than UDP are left out. */
  readonly candidates: readonly IceCandidate[];
  /** `a=end-of-candidates`: there will be no more. */
  readonly isComplete: boolean;
  /** The peer names its certificate: it takes a new DTLS handshake with the restart. */
  readonly takesNewDtls: boolean;
};

/** An address at which a peer may be reached. */
export type IceCandidate = {
  /** The section it belongs to; empty where the fragment names none. */
  readonly mid: string;
  /** An IP address, or a name that only means something in the peer's own network (`….local`). */
  readonly address: string;
  readonly port: number;
  /** The whole of it, from `candidate:` on, as engines take it. */
  readonly text: string;
};

const mostBytes = 16 * 1024;
const mostLines = 500;
const mostCandidates = 64;

/**
 * Reads a fragment of type `application/trickle-ice-sdpfrag` (RFC 8840, section 9).
 * @throws LivereelError `malformed-sdp` when there is nothing to be read in it, or too much.
 */
export function readIceFragment(fragment: string): IceFragment {
  if (Buffer.byteLength(fragment) > mostBytes) throw malformedSdp('the fragment is larger than 16 KiB.');
  if (fragment.split('\n', mostLines + 1).length > mostLines) {
    throw malformedSdp(`the fragment has more than ${mostLines} lines.`);
  }
  const session = parse(fragment);
  // Lines before the first m-line are of the whole bundle.
  const parts: readonly Partial<MediaDescription>[] = [session, ...session.media];
  // What is bundled has one transport: whoever says it first says it for all.
  const named = parts.find(({ iceUfrag, icePwd }) => iceUfrag !== undefined || icePwd !== undefined);
  const ice = named === undefined ? null : readIceCredentials(named.iceUfrag ?? '', named.icePwd ?? '');
  const candidates = parts.flatMap(part =>
    (part.candidates ?? []).map(candidate => ({ ...candidate, mid: String(part.mid ?? '') })),
  );
  if (candidates.length > mostCandidates) {
    throw malformedSdp(`the fragment has more than ${mostCandidates} candidates.`);
  }
  const isComplete = parts.some(({ endOfCandidates }) => endOfCandidates !== undefined);
  if (ice === null && candidates.length === 0 && !isComplete) {
    throw malformedSdp('the fragment has neither candidates nor ICE credentials.');
  }
  const takesNewDtls = parts.some(({ fingerprint }) => fingerprint !== undefined);
  return { ice, candidates: candidates.flatMap(usableCandidate), isComplete, takesNewDtls };
}

/**
 * The fragment that answers a restart of ICE (RFC 9725, section 4.3.3): our credentials and candidates; and who we are
 * by DTLS, for the engine begins that anew.
 */
export function writeIceFragment(offer: Offer, local: LocalTransport): string {
  const { media } = offer;
  const [first] = media;
  if (first === undefined) throw new RangeError('an offer without media');
  const lines = [
    `a=group:BUNDLE ${media.map(({ mid }) => mid).join(' ')}`,
    'a=ice-lite',
    `m=${first.kind} 9 UDP/TLS/RTP/SAVPF ${first.payloadType}`,
    `a=mid:${first.mid}`,
    ...transportLines(offer, local),
    ...candidateLines(local),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

type ReadCandidate = {
  readonly mid: string;
  readonly foundation: string;
  readonly component: number;
  readonly transport: string;
  readonly priority: number;
  readonly ip: string;
  readonly port: number;
  readonly type: string;
};

/** Written anew of its parts, so that nothing else of the peer's words reaches an engine. */
function usableCandidate(read: ReadCandidate): IceCandidate[] {
  const { mid, component, priority, port } = read;
  const foundation = String(read.foundation);
  const address = String(read.ip);
  const isUsable =
    String(read.transport).toLowerCase() === 'udp' &&
    component === 1 &&
    /^[\w+/]{1,32}$/.test(foundation) &&
    /^[\w.:-]{2,255}$/.test(address) &&
    isWithin(priority, 2 ** 32 - 1) &&
    isWithin(port, 65_535) &&
    /^(host|srflx|prflx|relay)$/.test(String(read.type));
  if (!isUsable) return [];
  const text = `candidate:${foundation} 1 udp ${priority} ${address} ${port} typ ${read.type}`;
  return [{ mid, address, port, text }];
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
