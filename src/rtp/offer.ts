import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { LivereelError } from '../errors.ts';
import { type ChosenCodec, chooseCodec, kindOfCodec } from './codec-choice.ts';
import { malformedSdp } from './malformed-sdp.ts';
import type { NegotiatedMedia, RtpCodec } from './negotiated-media.ts';
import { announcedSources, offeredStreamIds } from './offered-sources.ts';
import { type PeerTransport, readPeerTransport } from './peer-transport.ts';

/** What the peer that made the offer wants to do. */
export type PeerRole = 'publish' | 'view';

/** An offer as it was understood: what the engine is told of it (`narrowOffer`), and what it is answered (`writeAnswer`). */
export type Offer = {
  readonly role: PeerRole;
  /** Of the one transport that carries everything that was agreed on. */
  readonly transport: PeerTransport;
  /**
   * Our part in the DTLS handshake. The one that begins, where the peer leaves the choice: an engine that waits loses
   * the peer's first message as long as its own ICE is not through, which costs clients with OpenSSL's timers a second.
   */
  readonly setup: 'active' | 'passive';
  /** All that were offered, in order: an answer has as many. */
  readonly sections: readonly OfferedSection[];
  /** What was agreed on: one or two sections, at most one of a kind, in the order of the offer. */
  readonly media: readonly NegotiatedMedia[];
};

/** One m-section (RFC 8866, section 5.14) and what becomes of it. */
export type OfferedSection = {
  /** The first three words of the answer's m-line are made of these. */
  readonly kind: string;
  readonly protocol: string;
  /** Any of the formats that were offered: a refused section has to repeat one. */
  readonly format: string;
  /** Empty where a refused section has none. */
  readonly mid: string;
  /** Null: refused. */
  readonly agreed: AgreedSection | null;
};

/** What both sides know of a section that is not refused. */
export type AgreedSection = {
  readonly media: NegotiatedMedia;
  /** Of `a=fmtp`; null where the codec needs none. */
  readonly formatParameters: string | null;
  /** What follows the payload type in `a=rtcp-fb`. */
  readonly feedback: readonly string[];
};

// A browser's offer has 7 KiB and 300 lines.
const mostBytes = 64 * 1024;
const mostLines = 2_000;
const mostSections = 16;

/** The header extensions that livereel uses, by the names they have in `a=extmap`. */
export const extensionUris = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  streamId: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedStreamId: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportSequence: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
} as const satisfies Record<keyof NegotiatedMedia['extensions'], string>;

/**
 * The feedback that is used. A publisher's bandwidth is found by transport-wide feedback; a viewer's by its loss and
 * by its own estimate, which cost a viewer nothing a packet.
 */
const usedFeedback: Record<PeerRole, readonly string[]> = {
  publish: ['nack', 'nack pli', 'transport-cc'],
  view: ['nack', 'nack pli', 'ccm fir', 'goog-remb'],
};

/**
 * Reads a peer's offer (RFC 9725, section 4.2; RFC 8829). `wish`: the codecs that will do, the best first; for a viewer
 * those of the stream.
 * @throws LivereelError `malformed-sdp`: it is none, too large, not WebRTC's (ICE, DTLS, bundled), or nothing in it goes
 * the way the role asks for. `no-common-codec`: names what was offered and what is taken.
 */
export function readOffer(
  sdp: string,
  role: PeerRole,
  wish: readonly RtpCodec[] = ['H264', 'VP8', 'opus'],
): Offer {
  const session = parseBounded(sdp);
  const sections = session.media.map(section => agreeOn(section, session, role, wish));
  const accepted = onlyFirstOfAKind(sections);
  const media = accepted.flatMap(({ agreed }) => (agreed === null ? [] : [agreed.media]));
  refuseWithoutCodec(session, role, wish, media);
  if (media.length === 0) throw malformedSdp(whyNothing(session, role));
  checkShared(session, media);
  const first = session.media[accepted.findIndex(({ agreed }) => agreed !== null)] as MediaDescription;
  const transport = readPeerTransport(first, session);
  const setup = (first.setup ?? session.setup) === 'active' ? 'passive' : 'active';
  return { role, transport, setup, sections: accepted, media };
}

function parseBounded(sdp: string): SessionDescription {
  if (Buffer.byteLength(sdp) > mostBytes) throw malformedSdp('it is larger than 64 KiB.');
  if (!/^v=0\r?\n/.test(sdp)) throw malformedSdp('it does not begin with "v=0".');
  if (sdp.split('\n', mostLines + 1).length > mostLines)
    throw malformedSdp(`it has more than ${mostLines} lines.`);
  const session = parse(sdp);
  if (session.media.length > mostSections) {
    throw malformedSdp(`it has ${session.media.length} m-sections, at most ${mostSections} are read.`);
  }
  return session;
}

function agreeOn(
  section: MediaDescription,
  session: SessionDescription,
  role: PeerRole,
  wish: readonly RtpCodec[],
): OfferedSection {
  const mid = section.mid === undefined ? '' : String(section.mid);
  const refused = {
    kind: section.type ?? '',
    protocol: section.protocol ?? '',
    format: String(section.payloads ?? '').split(' ', 1)[0] || '0',
    mid: isToken(mid) ? mid : '',
    agreed: null,
  };
  if (!/^\w{1,32}$/.test(refused.kind) || !/^[\w/]{1,64}$/.test(refused.protocol) || !isToken(refused.format))
    throw malformedSdp('it has an m-line that cannot be read.');
  if (!goesTheWay(section, session, role)) return refused;
  const chosen = chooseCodec(section, wish);
  if (chosen === null) return refused;
  checkTransportOf(section);
  if (refused.mid === '') throw malformedSdp(`the section of ${section.type} has no a=mid.`);
  return { ...refused, agreed: agreedOf(section, session, role, chosen, mid) };
}

function agreedOf(
  section: MediaDescription,
  session: SessionDescription,
  role: PeerRole,
  chosen: ChosenCodec,
  mid: string,
): AgreedSection {
  const feedback = offeredFeedback(section, chosen.payloadType);
  const extensions = extensionsOf(section, session, role);
  const streamIds = role === 'publish' && extensions.streamId !== null ? offeredStreamIds(section) : [];
  return {
    media: {
      kind: kindOfCodec[chosen.codec],
      mid,
      codec: chosen.codec,
      clockHertz: chosen.codec === 'opus' ? 48_000 : 90_000,
      payloadType: chosen.payloadType,
      rtxPayloadType: chosen.rtxPayloadType,
      extensions: {
        ...extensions,
        streamId: streamIds.length > 0 ? extensions.streamId : null,
        repairedStreamId: streamIds.length > 0 ? extensions.repairedStreamId : null,
        transportSequence: feedback.has('transport-cc') ? extensions.transportSequence : null,
      },
      streamIds,
      sources: role === 'publish' ? announcedSources(section) : [],
    },
    formatParameters: chosen.formatParameters,
    feedback: usedFeedback[role].filter(name => feedback.has(name)),
  };
}

/** Whether a section is sound or pictures, open, and goes from a publisher or to a viewer. */
function goesTheWay(section: MediaDescription, session: SessionDescription, role: PeerRole): boolean {
  if (section.type !== 'audio' && section.type !== 'video') return false;
  // Port 0 is a section that is closed, unless it only waits for its bundle (RFC 9143, section 6).
  if (section.port === 0 && section.bundleOnly === undefined) return false;
  const direction = section.direction ?? session.direction ?? 'sendrecv';
  return direction === 'sendrecv' || direction === (role === 'publish' ? 'sendonly' : 'recvonly');
}

/** The first section of each kind is taken, the others are refused: a stream has one picture and one sound. */
function onlyFirstOfAKind(sections: readonly OfferedSection[]): OfferedSection[] {
  const taken = new Set<string>();
  return sections.map(section => {
    if (section.agreed === null) return section;
    if (taken.has(section.kind)) return { ...section, agreed: null };
    taken.add(section.kind);
    return section;
  });
}

function checkTransportOf(section: MediaDescription): void {
  if (!/^(UDP|TCP)\/TLS\/RTP\/SAVPF$/.test(section.protocol)) {
    throw malformedSdp(`${section.type} goes by ${section.protocol}; WebRTC's is UDP/TLS/RTP/SAVPF.`);
  }
  if (section.rtcpMux === undefined) {
    throw malformedSdp(`the section of ${section.type} has no a=rtcp-mux; there is only one port.`);
  }
}

/** Everything shares one transport: so it is bundled, and a packet's payload type tells its section. */
function checkShared(session: SessionDescription, media: readonly NegotiatedMedia[]): void {
  const mids = media.map(({ mid }) => mid);
  if (new Set(mids).size < mids.length) throw malformedSdp('two sections have the same a=mid.');
  const groups = session.groups?.filter(({ type }) => type === 'BUNDLE') ?? [];
  const isBundled = groups.some(group => {
    const bundled = new Set(String(group.mids).split(' '));
    return mids.every(mid => bundled.has(mid));
  });
  if (mids.length > 1 && !isBundled) {
    throw malformedSdp('its sections are not in one BUNDLE group; everything goes by one transport.');
  }
  const types = media.flatMap(({ payloadType, rtxPayloadType }) =>
    [payloadType, rtxPayloadType ?? []].flat(),
  );
  if (new Set(types).size < types.length) throw malformedSdp('two codecs have the same payload type.');
}

/** @throws LivereelError `no-common-codec` when a kind that the peer and we want has none. */
function refuseWithoutCodec(
  session: SessionDescription,
  role: PeerRole,
  wish: readonly RtpCodec[],
  media: readonly NegotiatedMedia[],
): void {
  const flowing = session.media.filter(section => goesTheWay(section, session, role));
  const wanted = flowing.filter(({ type }) => wish.some(codec => kindOfCodec[codec] === type));
  const without = wanted.find(({ type }) => media.every(({ kind }) => kind !== type));
  // A viewer that only listens to a stream without sound has nothing in common with it either.
  const section = without ?? (media.length === 0 ? flowing[0] : undefined);
  if (section === undefined) return;
  const offered = section.rtp.map(({ codec }) => String(codec).slice(0, 20));
  throw new LivereelError(
    'no-common-codec',
    `The offer has ${section.type} in ${[...new Set(offered)].slice(0, 12).join(', ') || 'no known codec'}; ` +
      (role === 'publish'
        ? 'livereel takes H264 (packetization-mode=1) or VP8 for pictures, opus for sound.'
        : `the stream has ${wish.join(', ')}${wish.includes('H264') ? ' (packetization-mode=1)' : ''}.`),
  );
}

function whyNothing(session: SessionDescription, role: PeerRole): string {
  const hasMedia = session.media.some(({ type }) => type === 'audio' || type === 'video');
  if (!hasMedia) return 'it has neither sound nor pictures.';
  return role === 'publish'
    ? 'nothing in it is sent (a=sendonly); a publisher offers to send.'
    : 'nothing in it is received (a=recvonly); a viewer offers to receive.';
}

function offeredFeedback(section: MediaDescription, payloadType: number): Set<string> {
  const all = section.rtcpFb ?? [];
  const ours = all.filter(({ payload }) => payload === payloadType || payload === '*');
  return new Set(ours.map(({ type, subtype }) => (subtype === undefined ? type : `${type} ${subtype}`)));
}

function extensionsOf(
  section: MediaDescription,
  session: SessionDescription,
  role: PeerRole,
): NegotiatedMedia['extensions'] {
  const offered = [...(section.ext ?? []), ...(session.ext ?? [])];
  const idOf = (uri: string): number | null => {
    // Of what a viewer is sent every source is announced: it needs no extension. One byte's ids go to 14.
    const found =
      role === 'publish' && offered.find(ext => ext.uri === uri && ext['encrypt-uri'] === undefined);
    return found && found.value >= 1 && found.value <= 14 ? found.value : null;
  };
  return {
    mid: idOf(extensionUris.mid),
    streamId: idOf(extensionUris.streamId),
    repairedStreamId: idOf(extensionUris.repairedStreamId),
    transportSequence: idOf(extensionUris.transportSequence),
  };
}

/** A token of RFC 8866, section 9, of a length that somebody meant. */
function isToken(text: string): boolean {
  return /^[\w!#$%&'*+.^`{|}~-]{1,64}$/.test(text);
}
