import type { IncomingSource } from './incoming-source.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import type { SenderReport } from './rtcp-packet.ts';
import { extensionOf, type RtpPacket, readUint16 } from './rtp-packet.ts';

/** A packet and the source it belongs to; a retransmission is unpacked already. */
export type SourcedPacket = {
  readonly source: IncomingSource;
  readonly packet: RtpPacket;
  readonly isRepeat: boolean;
};

// A source that takes another's place (the publisher changed its camera) waits until that one is silent for so long.
const silentMillis = 300;
const mostLayers = 8;
const mostRepairSources = 32;
const mostEarlyReports = 16;

/**
 * The sources of a publisher: one for the sound, one a layer of the pictures, whether the offer announced them or not.
 * A packet is told by its payload type, its layer by the restriction id (RFC 8852) or the place among the announced
 * sources.
 */
export class SourceTable {
  readonly #media: readonly NegotiatedMedia[];
  readonly #create: (media: NegotiatedMedia, ssrc: number, layerIndex: number) => IncomingSource;
  readonly #sources = new Map<number, IncomingSource>();
  /** Of retransmissions, by restriction ids: which layer each source of theirs repairs. */
  readonly #repaired = new Map<number, number>();

  /** Of sources that have sent no packet yet. */
  readonly #earlyReports = new Map<number, { readonly report: SenderReport; readonly atMillis: number }>();

  /** Only the first medium of a kind is taken: a stream has one picture and one sound. */
  constructor(
    media: readonly NegotiatedMedia[],
    create: (media: NegotiatedMedia, ssrc: number, layerIndex: number) => IncomingSource,
  ) {
    this.#media = media.filter((one, index) => media.findIndex(({ kind }) => kind === one.kind) === index);
    this.#create = create;
  }

  [Symbol.iterator](): IterableIterator<IncomingSource> {
    return this.#sources.values();
  }

  bySsrc(ssrc: number): IncomingSource | undefined {
    return this.#sources.get(ssrc);
  }

  /** A sender report came: it is kept for a source that is yet to begin. */
  report(report: SenderReport, nowMillis: number): void {
    const source = this.#sources.get(report.ssrc);
    if (source !== undefined) source.report(report, nowMillis);
    else remember(this.#earlyReports, report.ssrc, { report, atMillis: nowMillis }, mostEarlyReports);
  }

  /** What a packet is of; null for what was not negotiated. */
  mediaOf({ payloadType }: RtpPacket): NegotiatedMedia | null {
    for (const media of this.#media) {
      if (media.payloadType === payloadType || media.rtxPayloadType === payloadType) return media;
    }
    return null;
  }

  /** Whose packet it is; a source that was not known begins with it. Null when nothing can be made of it. */
  find(media: NegotiatedMedia, packet: RtpPacket, nowMillis: number): SourcedPacket | null {
    if (packet.payloadType === media.rtxPayloadType) return this.#findRepaired(media, packet);
    const source = this.#sources.get(packet.ssrc) ?? this.#add(media, packet, nowMillis);
    return source === null || source.media !== media ? null : { source, packet, isRepeat: false };
  }

  #add(media: NegotiatedMedia, packet: RtpPacket, nowMillis: number): IncomingSource | null {
    const layerIndex = layerIndexOf(media, packet);
    if (layerIndex === null) return null;
    for (const other of this.#sources.values()) {
      if (other.media !== media || other.layerIndex !== layerIndex) continue;
      if (nowMillis - other.lastPacketMillis < silentMillis) return null;
      other.close();
      this.#sources.delete(other.ssrc);
    }
    const source = this.#create(media, packet.ssrc, layerIndex);
    this.#sources.set(packet.ssrc, source);
    const early = this.#earlyReports.get(packet.ssrc);
    if (early !== undefined) source.report(early.report, early.atMillis);
    this.#earlyReports.delete(packet.ssrc);
    return source;
  }

  /** RFC 4588, section 4: the number of the packet that is repeated stands before its payload. */
  #findRepaired(media: NegotiatedMedia, packet: RtpPacket): SourcedPacket | null {
    const { payload } = packet;
    // Shorter ones probe the bandwidth.
    if (payload.length < 3) return null;
    const source = this.#repairedSource(media, packet);
    if (source === null) return null;
    const repeated: RtpPacket = {
      ...packet,
      payloadType: media.payloadType,
      sequence: readUint16(payload, 0),
      ssrc: source.ssrc,
      payload: payload.subarray(2),
    };
    return { source, packet: repeated, isRepeat: true };
  }

  #repairedSource(media: NegotiatedMedia, packet: RtpPacket): IncomingSource | null {
    const announced = media.sources.find(({ rtxSsrc }) => rtxSsrc === packet.ssrc);
    if (announced !== undefined) return this.#sources.get(announced.ssrc) ?? null;
    const own = [...this.#sources.values()].filter(source => source.media === media);
    if (media.streamIds.length === 0) return own.length === 1 ? (own[0] as IncomingSource) : null;
    const named = streamIndex(media, extensionOf(packet, media.extensions.repairedStreamId));
    // Named in the first packets only, until a report says that one of them came.
    if (named !== null) remember(this.#repaired, packet.ssrc, named, mostRepairSources);
    const layerIndex = named ?? this.#repaired.get(packet.ssrc);
    return own.find(source => source.layerIndex === layerIndex) ?? null;
  }
}

/** Null for a layer that was not offered, or is not named. */
function layerIndexOf(media: NegotiatedMedia, packet: RtpPacket): number | null {
  if (media.streamIds.length > 0) return streamIndex(media, extensionOf(packet, media.extensions.streamId));
  // A source that was not announced takes the place of the first.
  const index = media.sources.findIndex(({ ssrc }) => ssrc === packet.ssrc);
  return index >= mostLayers ? null : Math.max(0, index);
}

function streamIndex(media: NegotiatedMedia, value: Uint8Array | null): number | null {
  if (value === null) return null;
  const index = media.streamIds.indexOf(
    Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1'),
  );
  return index < 0 || index >= mostLayers ? null : index;
}

/** Keeps the newest `most` entries. */
function remember<Value>(map: Map<number, Value>, key: number, value: Value, most: number): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
