import { h264Aggregate, nalType } from './h264-payload.ts';
import type { MediaFrame } from './media-frame.ts';
import type { MediaPacket } from './media-packet.ts';

// What fits into a packet of 1,280 bytes, IPv6's least, behind the headers of IP, UDP, RTP, SRTP and retransmission.
const mostPayloadBytes = 1_200;

// Delimiters, ends of sequence and stream, filler: of no use to who gets whole pictures by their marks.
const leftOut: readonly number[] = [9, 10, 11, 12];

/**
 * Makes packets of the frames of a stream that no WebRTC peer publishes, once for all its viewers. Payloads are views
 * into the frame where they can be: it must not be written to afterwards.
 */
export class Packetiser {
  #pictureId = 0;
  readonly #numbers = { video: 0, audio: 0 };

  /** In order; empty when there is nothing in the frame that is sent. */
  packets(frame: MediaFrame): MediaPacket[] {
    const payloads = this.#payloads(frame);
    const isVideo = frame.kind === 'video';
    const firstNumber = this.#numbers[frame.kind];
    this.#numbers[frame.kind] += payloads.length;
    return payloads.map((payload, index) => ({
      kind: frame.kind,
      number: firstNumber + index,
      ticks: Math.round(isVideo ? (frame.timeMicros * 9) / 100 : (frame.timeMicros * 6) / 125),
      timeMicros: frame.timeMicros,
      // Of sound the mark says that speech begins after silence, which is not known here.
      isMarked: isVideo && index === payloads.length - 1,
      beginsKeyFrame: isVideo && frame.isKey && index === 0,
      isAfterLoss: false,
      layer: 0,
      payload,
    }));
  }

  #payloads({ codec, bytes }: MediaFrame): Uint8Array[] {
    if (bytes.length === 0) return [];
    if (codec === 'opus') return [bytes];
    if (codec === 'H264') return h264Payloads(bytes);
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    return vp8Payloads(bytes, this.#pictureId);
  }
}

/** RFC 7741, section 4.2: a descriptor with a picture id of 15 bits before each piece of the frame. */
function vp8Payloads(frame: Uint8Array, pictureId: number): Uint8Array[] {
  return piecesOf(frame, 4, (target, at, { isFirst }) => {
    // Extended; the first packet begins the first partition.
    target[at] = isFirst ? 0x90 : 0x80;
    target[at + 1] = 0x80;
    target[at + 2] = 0x80 | (pictureId >> 8);
    target[at + 3] = pictureId;
  });
}

/** RFC 6184: small units together (STAP-A), large ones in pieces (FU-A), others as they are. */
function h264Payloads(accessUnit: Uint8Array): Uint8Array[] {
  const units = nalUnitsOfAnnexB(accessUnit).filter(unit => !leftOut.includes((unit[0] as number) & 0x1f));
  const payloads: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  let smallBytes = 1;
  const flush = (): void => {
    if (small.length > 0)
      payloads.push(small.length === 1 ? (small[0] as Uint8Array) : (h264Aggregate(small) as Uint8Array));
    small = [];
    smallBytes = 1;
  };
  for (const unit of units) {
    if (smallBytes + 2 + unit.length > mostPayloadBytes) flush();
    if (unit.length > mostPayloadBytes) {
      payloads.push(...fragments(unit));
    } else {
      small.push(unit);
      smallBytes += 2 + unit.length;
    }
  }
  flush();
  return payloads;
}

/** One unit in several packets (RFC 6184, section 5.8); its first byte is spread over those of each piece. */
function fragments(unit: Uint8Array): Uint8Array[] {
  const head = unit[0] as number;
  return piecesOf(unit.subarray(1), 2, (target, at, { isFirst, isLast }) => {
    target[at] = (head & 0xe0) | nalType.fragment;
    target[at + 1] = (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0) | (head & 0x1f);
  });
}

/** Pieces of one size, each behind `headBytes` bytes that `writeHead` fills; in one piece of memory. */
function piecesOf(
  data: Uint8Array,
  headBytes: number,
  writeHead: (target: Uint8Array, at: number, piece: { isFirst: boolean; isLast: boolean }) => void,
): Uint8Array[] {
  const count = Math.ceil(data.length / (mostPayloadBytes - headBytes));
  const pieceBytes = Math.ceil(data.length / count);
  const memory = new Uint8Array(data.length + count * headBytes);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const piece = data.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    writeHead(memory, at, { isFirst: index === 0, isLast: index === count - 1 });
    memory.set(piece, at + headBytes);
    pieces.push(memory.subarray(at, at + headBytes + piece.length));
    at += headBytes + piece.length;
  }
  return pieces;
}

/** The units between the start codes of three or four bytes (H.264, annex B); views. */
function nalUnitsOfAnnexB(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let begin = -1;
  const end = (at: number): void => {
    // Zeros before a start code belong to it, or fill up.
    while (at > begin && bytes[at - 1] === 0) at -= 1;
    if (begin >= 0 && at > begin) units.push(bytes.subarray(begin, at));
  };
  // A one is rarer than a zero, and `indexOf` is native: large pictures are searched fast.
  for (let one = bytes.indexOf(1, 2); one !== -1; one = bytes.indexOf(1, one + 1)) {
    if (bytes[one - 1] !== 0 || bytes[one - 2] !== 0) continue;
    end(one - 2);
    begin = one + 1;
  }
  end(bytes.length);
  return units;
}
