import { randomInt } from 'node:crypto';
import type { OutgoingSource } from './answer.ts';
import type { MediaPacket } from './media-packet.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import { canonicalName, senderReport } from './rtcp-writer.ts';
import { rtpHeaderBytes, timestampDistance, writeRtpHeader } from './rtp-packet.ts';
import { type SentPacket, SentPackets } from './sent-packets.ts';
import {
  type PictureNumberShift,
  type PictureNumbers,
  pictureNumbersAt,
  shiftPictureNumbers,
} from './vp8-picture-numbers.ts';

/** Where on the wire a packet goes; the bytes are written over as soon as it returns. */
export type Send = (bytes: Buffer) => void;

// A second of pictures at 8 Mbit/s; sound has 50 packets a second.
const keptPackets = { video: 1_024, audio: 64 } as const;
/** What a viewer may ask for again without having been sent as much: bursts of losses, not floods of requests. */
const mostRepairBytes = 1_000_000;
/** Packets of one source are not farther apart than this: publishers' packets wait among 2,048. */
const mostApart = 4_096;
/** A step of the source's ticks that its clock does not show is another beginning, not a pause. */
const mostDriftSeconds = 0.5;
// All viewers' packets are written here, one after the other: the engine copies what it encrypts.
const scratch = Buffer.allocUnsafeSlow(65_536);

/** The pictures or the sound of one viewer as RTP: sources, numbers and times of its own, and what was sent. */
export class OutgoingStream {
  readonly source: OutgoingSource;
  readonly #media: NegotiatedMedia;
  readonly #send: Send;
  readonly #sent: SentPackets;
  readonly #ticksPerMicro: number;
  /** Times begin anywhere (RFC 3550, section 5.1). */
  readonly #firstTimestamp = randomInt(2 ** 32);
  /** Of the newest packet; without wraps. */
  #sequence = randomInt(2 ** 16);
  /** Of packets' numbers to sequence numbers; null before a source began. */
  #numberShift: number | null = null;
  #highestNumber = 0;
  #rtxSequence = randomInt(2 ** 16);
  /** Of ticks to timestamps; null before a source began. */
  #tickShift: number | null = null;
  #last: { readonly timestamp: number; readonly ticks: number; readonly viewerMicros: number } | null = null;
  #pictureNumberShift: PictureNumberShift | null = null;
  #lastPictureNumbers: PictureNumbers = { picture: null, baseLayer: null };
  #repairBytes = 0;
  packetCount = 0;
  octetCount = 0;
  repairedCount = 0;

  constructor(media: NegotiatedMedia, cname: string, send: Send) {
    const hasRtx = media.rtxPayloadType !== null;
    const ssrc = randomInt(1, 2 ** 32 - 1);
    // Its neighbour: two that are surely different.
    this.source = { mid: media.mid, ssrc, rtxSsrc: hasRtx ? ssrc + 1 : null, cname };
    this.#media = media;
    this.#send = send;
    this.#sent = new SentPackets(keptPackets[media.kind]);
    this.#ticksPerMicro = media.clockHertz / 1e6;
  }

  /** The next packets are of another source or layer: its ticks and its pictures' numbers have another beginning. */
  begin(): void {
    this.#tickShift = null;
    this.#pictureNumberShift = null;
    this.renumber();
  }

  /** The next packet goes right behind the newest, whatever lies between their numbers. */
  renumber(): void {
    this.#numberShift = null;
  }

  /** The next packet's time is taken from the viewer's clock, not from the ticks since the packet before it. */
  retime(): void {
    this.#tickShift = null;
  }

  /**
   * Sends a packet, unless it was sent already. Numbers that lack, lack for the viewer too, and may come later.
   * `viewerMicros`: when the packet is, on the viewer's clock, which its sound and pictures share.
   */
  packet(packet: MediaPacket, viewerMicros: number, nowMillis: number): void {
    const payloadBytes = packet.payload.length;
    if (payloadBytes > scratch.length - 64) return;
    const unwrapped = this.#sequenceOf(packet);
    const isNewest = unwrapped > this.#sequence || this.packetCount === 0;
    const sequence = unwrapped & 0xffff;
    if (!isNewest && this.#sent.find(sequence) !== null) return;
    const timestamp = this.#timestampOf(packet, viewerMicros);
    const hasPictureNumbers = this.#media.codec === 'VP8' && payloadBytes > 0;
    const sent: SentPacket = {
      sequence,
      timestamp,
      isMarked: packet.isMarked,
      payload: packet.payload,
      pictureNumberShift: hasPictureNumbers ? this.#pictureNumbersOf(packet.payload, isNewest) : null,
      sentMillis: nowMillis,
    };
    this.#sent.keep(sent);
    if (isNewest) {
      this.#sequence = unwrapped;
      this.#highestNumber = packet.number;
      this.#last = { timestamp, ticks: packet.ticks, viewerMicros };
    }
    this.packetCount += 1;
    this.octetCount += payloadBytes;
    this.#repairBytes = Math.min(mostRepairBytes, this.#repairBytes + payloadBytes);
    this.#write(sent, null);
  }

  /**
   * Sends a packet once more: as a retransmission (RFC 4588) where those were agreed on, else as it was. Nothing when
   * it is forgotten, on its way already (`leastGapMillis`), or the viewer asks for more than it can have lost.
   */
  repair(sequence: number, nowMillis: number, leastGapMillis: number): void {
    const sent = this.#sent.find(sequence);
    if (sent === null || nowMillis - sent.sentMillis < leastGapMillis) return;
    if (sent.payload.length > this.#repairBytes) return;
    this.#repairBytes -= sent.payload.length;
    sent.sentMillis = nowMillis;
    this.repairedCount += 1;
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    this.#write(sent, this.source.rtxSsrc === null ? null : this.#rtxSequence);
  }

  /**
   * What the source's timestamps mean on the viewer's clock now, and its name; null before the first packet. Sound and
   * pictures are kept in step by it: both are reported at the same moment of one clock.
   */
  report(nowMillis: number): Buffer | null {
    if (this.#last === null) return null;
    const sinceMicros = nowMillis * 1_000 - this.#last.viewerMicros;
    const report = senderReport({
      ssrc: this.source.ssrc,
      ntpMicros: nowMillis * 1_000,
      rtpTimestamp: (this.#last.timestamp + Math.round(sinceMicros * this.#ticksPerMicro)) >>> 0,
      packetCount: this.packetCount,
      octetCount: this.octetCount,
    });
    return Buffer.concat([report, canonicalName(this.source.ssrc, this.source.cname)]);
  }

  /** Without wraps. */
  #sequenceOf({ kind, number, isAfterLoss }: MediaPacket): number {
    if (this.#numberShift === null || Math.abs(number - this.#highestNumber) > mostApart) {
      // Sound goes on over a loss: a number is left out, so that the viewer's decoder knows to conceal it.
      const isConcealed = kind === 'audio' && isAfterLoss && this.packetCount > 0;
      this.#numberShift = this.#sequence + (isConcealed ? 2 : 1) - number;
    }
    return number + this.#numberShift;
  }

  #timestampOf({ ticks }: MediaPacket, viewerMicros: number): number {
    const last = this.#last;
    if (this.#tickShift !== null && last !== null) {
      const drift = ticks - last.ticks - (viewerMicros - last.viewerMicros) * this.#ticksPerMicro;
      if (Math.abs(drift) > mostDriftSeconds * this.#media.clockHertz) this.#tickShift = null;
    }
    if (this.#tickShift === null) {
      const timestamp = Math.round(this.#firstTimestamp + viewerMicros * this.#ticksPerMicro);
      const ahead = last === null ? 1 : timestampDistance(last.timestamp, timestamp);
      // A decoder drops what is not later than what it has.
      this.#tickShift = timestamp - ticks + (ahead > 0 ? 0 : 1 - ahead);
    }
    return (ticks + this.#tickShift) >>> 0;
  }

  #pictureNumbersOf(payload: Uint8Array, isNewest: boolean): PictureNumberShift {
    const numbers = pictureNumbersAt(payload, 0);
    const last = this.#lastPictureNumbers;
    this.#pictureNumberShift ??= {
      picture: last.picture === null || numbers.picture === null ? 0 : last.picture + 1 - numbers.picture,
      baseLayer:
        last.baseLayer === null || numbers.baseLayer === null ? 0 : last.baseLayer + 1 - numbers.baseLayer,
    };
    const shift = this.#pictureNumberShift;
    if (!isNewest) return shift;
    this.#lastPictureNumbers = {
      picture: numbers.picture === null ? null : numbers.picture + shift.picture,
      baseLayer: numbers.baseLayer === null ? null : numbers.baseLayer + shift.baseLayer,
    };
    return shift;
  }

  #write(sent: SentPacket, rtxSequence: number | null): void {
    const isRepair = rtxSequence !== null;
    writeRtpHeader(scratch, {
      isMarked: sent.isMarked,
      payloadType: isRepair ? (this.#media.rtxPayloadType as number) : this.#media.payloadType,
      sequence: isRepair ? rtxSequence : sent.sequence,
      timestamp: sent.timestamp,
      ssrc: isRepair ? (this.source.rtxSsrc as number) : this.source.ssrc,
    });
    let at = rtpHeaderBytes;
    if (isRepair) {
      // The number that it had (RFC 4588, section 4).
      scratch[at] = sent.sequence >> 8;
      scratch[at + 1] = sent.sequence;
      at += 2;
    }
    scratch.set(sent.payload, at);
    if (sent.pictureNumberShift !== null) shiftPictureNumbers(scratch, at, sent.pictureNumberShift);
    this.#send(scratch.subarray(0, at + sent.payload.length));
  }
}
