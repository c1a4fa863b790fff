import type { NegotiatedMedia } from '../../src/rtp/negotiated-media.ts';
import { readRtcp } from '../../src/rtp/rtcp-packet.ts';
import { goodbye, senderReport } from '../../src/rtp/rtcp-writer.ts';
import { rtpPacket } from '../../src/rtp/rtp-packet.ts';

const extensionId = { streamId: 10, repairedStreamId: 11, transportSequence: 3 } as const;
const pictureEveryMillis = 40;
const soundEveryMillis = 20;
const packetsOfPicture = { key: 12, other: 4 } as const;
// What came before the stream on the publisher's clock: not a round number.
const ntpStartMicros = 3_912_345_678_123_456;

/** A simulcast layer, or the one there is. */
type Layer = {
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly rid: string | null;
  readonly width: number;
  sequence: number;
  rtxSequence: number;
  wantsKey: boolean;
  isSent: boolean;
  packets: number;
  readonly history: Map<number, Sent>;
};

type Sent = { readonly timestamp: number; readonly isMarked: boolean; readonly payload: Buffer };

/** What the publisher sends: layers from the first that the offer lists, `widths` of their pictures. */
export type PublisherShape = {
  readonly widths?: readonly number[];
  readonly announces?: 'rids' | 'sources' | 'nothing';
  readonly hasRtx?: boolean;
  readonly hasSound?: boolean;
  /** False: as some hardware encoders send, the last packet of a picture looks like the others. */
  readonly hasMarkers?: boolean;
  /** How many packets of a layer, and of its repeats, carry its restriction id; browsers stop once it is known. */
  readonly namedPackets?: number;
};

/**
 * A publisher in virtual time: 25 pictures of VP8 a second, of several packets, and a packet of sound each 20 ms. It
 * repeats what it is asked for by RTX, and sends a key frame only when asked, as browsers do. Each picture tells its
 * number and its layer, so that what arrives can be compared with what was sent.
 */
export class SimulatedPublisher {
  readonly layers: Layer[];
  readonly #send: (bytes: Uint8Array) => void;
  readonly #shape: Required<PublisherShape>;
  /** How many packets each source has sent. */
  readonly #sentPackets = new Map<number, number>();
  #soundSequence = 65_000;
  #transportSequence = 60_000;
  pictures = 0;
  sounds = 0;
  keyFramesAskedFor = 0;
  nacks = 0;

  constructor(shape: PublisherShape, send: (bytes: Uint8Array) => void) {
    const usual = { hasRtx: true, hasSound: true, hasMarkers: true, namedPackets: Number.POSITIVE_INFINITY };
    this.#shape = { widths: [640], announces: 'nothing', ...usual, ...shape };
    this.#send = send;
    this.layers = this.#shape.widths.map((width, index) => ({
      ssrc: 1_000 + index,
      rtxSsrc: 2_000 + index,
      rid: this.#shape.announces === 'rids' ? `r${index}` : null,
      width,
      sequence: 65_400 + index,
      rtxSequence: 100,
      wantsKey: true,
      isSent: true,
      packets: 0,
      history: new Map(),
    }));
  }

  /** What the two sides agreed on. */
  get media(): NegotiatedMedia[] {
    const { announces, hasRtx, hasSound } = this.#shape;
    const video: NegotiatedMedia = {
      kind: 'video',
      mid: '0',
      codec: 'VP8',
      clockHertz: 90_000,
      payloadType: 96,
      rtxPayloadType: hasRtx ? 97 : null,
      extensions: { mid: null, ...extensionId },
      streamIds: announces === 'rids' ? this.layers.map(({ rid }) => rid as string) : [],
      sources:
        announces === 'sources'
          ? this.layers.map(({ ssrc, rtxSsrc }) => ({ ssrc, rtxSsrc: hasRtx ? rtxSsrc : null }))
          : [],
    };
    const audio: NegotiatedMedia = {
      kind: 'audio',
      mid: '1',
      codec: 'opus',
      clockHertz: 48_000,
      payloadType: 111,
      rtxPayloadType: null,
      extensions: { mid: null, streamId: null, repairedStreamId: null, transportSequence: 3 },
      streamIds: [],
      sources: [],
    };
    return hasSound ? [video, audio] : [video];
  }

  /** A millisecond passes. */
  tick(nowMillis: number): void {
    if (nowMillis % pictureEveryMillis === 0) {
      for (const layer of this.layers) if (layer.isSent) this.#sendPicture(layer, nowMillis);
      this.pictures += 1;
    }
    if (this.#shape.hasSound && nowMillis % soundEveryMillis === 0) this.#sendSound(nowMillis);
    if (nowMillis % 1_000 === 300) this.#sendReports(nowMillis);
  }

  /** RTCP came back. */
  receive(bytes: Uint8Array): void {
    for (const packet of readRtcp(bytes)) {
      if (packet.type === 'picture-loss') {
        this.keyFramesAskedFor += 1;
        for (const layer of this.layers) if (layer.ssrc === packet.ssrc) layer.wantsKey = true;
      }
      if (packet.type !== 'nack') continue;
      this.nacks += 1;
      const layer = this.layers.find(({ ssrc }) => ssrc === packet.ssrc);
      if (layer !== undefined && this.#shape.hasRtx)
        for (const sequence of packet.sequences) this.#repeat(layer, sequence);
    }
  }

  sayGoodbye(): void {
    this.#send(Buffer.concat([...this.layers.map(({ ssrc }) => ssrc), 3_000].map(goodbye)));
  }

  #sendPicture(layer: Layer, nowMillis: number): void {
    const isKey = layer.wantsKey;
    layer.wantsKey = false;
    const timestamp = (0xffff_0000 + layer.ssrc * 7_777 + nowMillis * 90) >>> 0;
    const count = isKey ? packetsOfPicture.key : packetsOfPicture.other;
    for (let index = 0; index < count; index += 1) {
      const data =
        index === 0 ? pictureHead(isKey, layer.width, this.pictures) : Buffer.alloc(1_000, this.pictures);
      const payload = Buffer.concat([Buffer.from([index === 0 ? 0x10 : 0x00]), data]);
      const sent = { timestamp, isMarked: this.#shape.hasMarkers && index === count - 1, payload };
      layer.history.set(layer.sequence, sent);
      layer.history.delete((layer.sequence - 1_000) & 0xffff);
      this.#sendVideo(96, layer.ssrc, layer.sequence, sent, layer.rid, extensionId.streamId);
      layer.sequence = (layer.sequence + 1) & 0xffff;
      layer.packets += 1;
    }
  }

  #repeat(layer: Layer, sequence: number): void {
    const sent = layer.history.get(sequence);
    if (sent === undefined) return;
    const payload = Buffer.concat([Buffer.from([sequence >> 8, sequence & 0xff]), sent.payload]);
    const { repairedStreamId } = extensionId;
    this.#sendVideo(97, layer.rtxSsrc, layer.rtxSequence, { ...sent, payload }, layer.rid, repairedStreamId);
    layer.rtxSequence = (layer.rtxSequence + 1) & 0xffff;
  }

  #sendVideo(
    payloadType: number,
    ssrc: number,
    sequence: number,
    sent: Sent,
    rid: string | null,
    ridId: number,
  ): void {
    const { timestamp, isMarked, payload } = sent;
    const extensions = [this.#transportExtension()];
    const packetsBefore = this.#sentPackets.get(ssrc) ?? 0;
    this.#sentPackets.set(ssrc, packetsBefore + 1);
    const isNamed = packetsBefore < this.#shape.namedPackets;
    if (rid !== null && isNamed) extensions.push({ id: ridId, value: Buffer.from(rid) });
    this.#send(rtpPacket({ isMarked, payloadType, sequence, timestamp, ssrc }, payload, extensions));
  }

  #sendSound(nowMillis: number): void {
    const payload = Buffer.alloc(80);
    payload.writeUInt32BE(this.sounds);
    const timestamp = (0xffff_ff00 + nowMillis * 48) >>> 0;
    const fields = {
      isMarked: false,
      payloadType: 111,
      sequence: this.#soundSequence,
      timestamp,
      ssrc: 3_000,
    };
    this.#send(rtpPacket(fields, payload, [this.#transportExtension()]));
    this.#soundSequence = (this.#soundSequence + 1) & 0xffff;
    this.sounds += 1;
  }

  #sendReports(nowMillis: number): void {
    const report = (ssrc: number, rtpTimestamp: number) =>
      this.#send(
        senderReport({
          ssrc,
          ntpMicros: ntpStartMicros + nowMillis * 1_000,
          rtpTimestamp: rtpTimestamp >>> 0,
          packetCount: 0,
          octetCount: 0,
        }),
      );
    for (const { ssrc } of this.layers) report(ssrc, 0xffff_0000 + ssrc * 7_777 + nowMillis * 90);
    report(3_000, 0xffff_ff00 + nowMillis * 48);
  }

  #transportExtension(): { id: number; value: Buffer } {
    const value = Buffer.alloc(2);
    value.writeUInt16BE(this.#transportSequence);
    this.#transportSequence = (this.#transportSequence + 1) & 0xffff;
    return { id: extensionId.transportSequence, value };
  }
}

/** What `pictureHead` wrote into a picture that arrived. */
export function readPicture(bytes: Uint8Array): {
  isKey: boolean;
  width: number;
  number: number;
  sizeBytes: number;
} {
  const buffer = Buffer.from(bytes);
  const isKey = ((buffer[0] as number) & 1) === 0;
  return { isKey, width: buffer.readUInt16LE(6), number: buffer.readUInt32BE(10), sizeBytes: buffer.length };
}

/** How many bytes a whole picture has. */
export function pictureBytes(isKey: boolean): number {
  return 1_000 * ((isKey ? packetsOfPicture.key : packetsOfPicture.other) - 1) + 14;
}

/** The head of a VP8 frame (RFC 6386, section 9.1), for other frames of the same length, and the picture's number. */
function pictureHead(isKey: boolean, width: number, number: number): Buffer {
  const head = Buffer.alloc(14);
  head[0] = isKey ? 0x10 : 0x11;
  if (isKey) head.set([0x9d, 0x01, 0x2a], 3);
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(Math.round((width * 9) / 16), 8);
  head.writeUInt32BE(number, 10);
  return head;
}
