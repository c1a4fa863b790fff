import { randomInt } from 'node:crypto';
import type { LocalTransport } from './local-transport.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import { type AgreedSection, extensionUris, type Offer, type OfferedSection } from './offer.ts';

/** What a viewer is told of the packets it will get; `OutgoingMedia.sources` has them. */
export type OutgoingSource = {
  readonly mid: string;
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
  /** The same for all sources of one viewer: what is to be kept in step (RFC 3550, section 6.5.1). */
  readonly cname: string;
};

/**
 * The answer to an offer (RFC 8829, section 5.3; RFC 9725, section 4.2): ICE-lite, complete with its
 * candidates. `sources`: of a viewer, one for each of `offer.media`.
 */
export function writeAnswer(
  offer: Offer,
  local: LocalTransport,
  sources: readonly OutgoingSource[] = [],
): string {
  const mids = offer.media.map(({ mid }) => mid);
  const lines = [
    'v=0',
    `o=- ${randomInt(1, 2 ** 47)} 1 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids.join(' ')}`,
    'a=ice-lite',
    ...offer.sections.flatMap(section =>
      section.agreed === null
        ? refusedSection(section)
        : [
            ...sectionHead(section, section.agreed.media),
            ...transportLines(offer, local),
            // One transport for all: its candidates stand in the first section of the bundle.
            ...(section.mid === mids[0] ? candidateLines(local) : []),
            ...mediaLines(section.agreed),
            ...directionLines(offer, section.agreed.media, sources),
          ],
    ),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Candidates of our own addresses (RFC 8839, section 5.1), and that there will be no others. */
export function candidateLines({ candidates }: LocalTransport): string[] {
  return [
    ...candidates.map(({ address, port }, index) => {
      // Host candidates, each a little less wanted than the one before it (RFC 8445, section 5.1.2.1).
      const priority = 126 * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255;
      return `a=candidate:${index + 1} 1 udp ${priority} ${address} ${port} typ host`;
    }),
    'a=end-of-candidates',
  ];
}

/** What a section says of the transport: ICE, and whose DTLS begins. As in an answer and in what answers a restart. */
export function transportLines({ setup }: Offer, local: LocalTransport): string[] {
  const { ice } = local;
  return [
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.password}`,
    'a=ice-options:trickle',
    `a=fingerprint:${local.fingerprint.algorithm} ${local.fingerprint.value}`,
    `a=setup:${setup}`,
  ];
}

function refusedSection({ kind, protocol, format, mid }: OfferedSection): string[] {
  return [
    `m=${kind} 0 ${protocol} ${format}`,
    'c=IN IP4 0.0.0.0',
    ...(mid === '' ? [] : [`a=mid:${mid}`]),
    'a=inactive',
  ];
}

function sectionHead({ kind, protocol }: OfferedSection, media: NegotiatedMedia): string[] {
  const payloadTypes = [media.payloadType, media.rtxPayloadType].filter(type => type !== null);
  return [
    `m=${kind} 9 ${protocol} ${payloadTypes.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${media.mid}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
  ];
}

function mediaLines({ media, formatParameters, feedback }: AgreedSection): string[] {
  const { payloadType, rtxPayloadType, codec, clockHertz, extensions } = media;
  return [
    `a=rtpmap:${payloadType} ${codec}/${clockHertz}${codec === 'opus' ? '/2' : ''}`,
    ...(formatParameters === null ? [] : [`a=fmtp:${payloadType} ${formatParameters}`]),
    ...feedback.map(name => `a=rtcp-fb:${payloadType} ${name}`),
    ...(rtxPayloadType === null
      ? []
      : [`a=rtpmap:${rtxPayloadType} rtx/${clockHertz}`, `a=fmtp:${rtxPayloadType} apt=${payloadType}`]),
    ...Object.entries(extensionUris).flatMap(([name, uri]) => {
      const id = extensions[name as keyof typeof extensionUris];
      return id === null ? [] : [`a=extmap:${id} ${uri}`];
    }),
  ];
}

function directionLines(
  { role }: Offer,
  { kind, mid, streamIds }: NegotiatedMedia,
  sources: readonly OutgoingSource[],
): string[] {
  if (role === 'publish') {
    const layers = streamIds.map(id => `a=rid:${id} recv`);
    return [
      'a=recvonly',
      ...layers,
      ...(layers.length > 0 ? [`a=simulcast:recv ${streamIds.join(';')}`] : []),
    ];
  }
  return [
    'a=sendonly',
    ...sources
      .filter(source => source.mid === mid)
      .flatMap(({ ssrc, rtxSsrc, cname }) => [
        // Sound and pictures of one stream are kept in step by browsers.
        `a=msid:${cname} ${kind}`,
        ...(rtxSsrc === null ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
        `a=ssrc:${ssrc} cname:${cname}`,
        ...(rtxSsrc === null ? [] : [`a=ssrc:${rtxSsrc} cname:${cname}`]),
      ]),
  ];
}
