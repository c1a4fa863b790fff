import { pictureSizeOf } from '../media/avc.ts';
import {
  type Depacketiser,
  type PacketRole,
  type Picture,
  PictureAssembly,
  plainRole,
} from './depacketiser.ts';
import { h264Aggregate, nalType, readH264Payload } from './h264-payload.ts';
import type { RtpPacket } from './rtp-packet.ts';

const startCode = new Uint8Array([0, 0, 0, 1]);
/** The start code and the head of a NAL unit, by its head; made once. */
const beginnings: Uint8Array[] = [];
const keyFrameRole: PacketRole = { beginsKeyFrame: true, before: null };
const mostSets = 32;
// So that they can be sent ahead of a key picture in one packet; real ones have less than a hundred bytes together.
const mostSetBytes = 1_100;

/**
 * Makes access units in the byte stream format (H.264, annex B) of RTP payloads (RFC 6184). A key picture that comes
 * without its parameter sets gets those that came last.
 */
export class H264Depacketiser implements Depacketiser {
  readonly #assembly: PictureAssembly;
  readonly #sets = new ParameterSets();
  /** A NAL unit whose last piece has not come. */
  #isInPieces = false;
  #isPastLoss = false;
  /** Whether the sender puts parameter sets into its key pictures; if so, one without them has lost them. */
  #setsComeWithKeys = false;
  #hasBegunKey = false;
  #hasSlice = false;

  constructor(complete: (picture: Picture) => void) {
    this.#assembly = new PictureAssembly(complete);
  }

  get needsKeyFrame(): boolean {
    return this.#assembly.needsKeyFrame;
  }

  get pictureArea(): number {
    return this.#sets.pictureArea;
  }

  push(packet: RtpPacket, isAfterLoss: boolean): PacketRole {
    const assembly = this.#assembly;
    if (isAfterLoss) {
      if (assembly.timestamp !== null) assembly.spoil();
      assembly.requireKeyFrame();
    }
    if (packet.timestamp !== assembly.timestamp) {
      // A sender that sets no marker ends a picture by beginning another.
      this.#endPicture();
      assembly.begin(packet.timestamp);
      this.#isPastLoss = isAfterLoss;
    }
    const role = this.#take(packet.payload);
    if (packet.isMarked) this.#endPicture();
    return role;
  }

  #take(payload: Uint8Array): PacketRole {
    const read = readH264Payload(payload);
    if (read === null || (read.kind === 'piece' ? read.isFirst : true) === this.#isInPieces) {
      this.#isInPieces = false;
      this.#assembly.spoil();
      return plainRole;
    }
    if (read.kind === 'whole') {
      let role = plainRole;
      for (const nal of read.nals) {
        const { beginsKeyFrame, before } = this.#beginNal((nal[0] as number) & 0x1f, nal);
        if (beginsKeyFrame) role = { beginsKeyFrame, before };
        this.#addNal(nal);
      }
      return role;
    }
    this.#isInPieces = !read.isLast;
    if (!read.isFirst) {
      this.#assembly.add(read.bytes);
      return plainRole;
    }
    const role = this.#beginNal(read.head & 0x1f, null);
    this.#assembly.add(beginningOf(read.head));
    this.#assembly.add(read.bytes);
    return role;
  }

  /** `nal`: null when it comes in pieces. */
  #beginNal(type: number, nal: Uint8Array | null): PacketRole {
    if (type >= nalType.slice && type <= nalType.keySlice) this.#hasSlice = true;
    const isSet = type === nalType.sequenceParameters || type === nalType.pictureParameters;
    if (isSet) {
      // Parameter sets that do not fit into a packet are none.
      if (nal === null || !this.#sets.add(type, nal)) this.#assembly.spoil();
    }
    if (type === nalType.keySlice) this.#assembly.markKey();
    const beginsKey = type === nalType.keySlice || type === nalType.sequenceParameters;
    if (!beginsKey || this.#hasBegunKey) return plainRole;
    this.#hasBegunKey = true;
    if (type === nalType.sequenceParameters) return keyFrameRole;
    const before = this.#bringSets();
    return before === null ? plainRole : { beginsKeyFrame: true, before };
  }

  /** For a key picture that begins without parameter sets of its own. */
  #bringSets(): Uint8Array | null {
    const sets = this.#sets.remembered;
    if (sets.length === 0 || (this.#isPastLoss && this.#setsComeWithKeys)) {
      this.#assembly.spoil();
      return null;
    }
    for (const nal of sets) this.#addNal(nal);
    return h264Aggregate(sets);
  }

  #addNal(nal: Uint8Array): void {
    const type = (nal[0] as number) & 0x1f;
    // Delimiters, ends and filling (9 to 12) are the transport's business, later types those of other profiles.
    if (type > nalType.pictureParameters) return;
    this.#assembly.add(startCode);
    this.#assembly.add(nal);
  }

  #endPicture(): void {
    const assembly = this.#assembly;
    if (assembly.timestamp === null) return;
    if (this.#isInPieces) assembly.spoil();
    // Parameter sets alone are no picture: they are remembered for the next one.
    if (!this.#hasSlice) assembly.drop();
    else if (assembly.end() && this.#hasBegunKey) this.#setsComeWithKeys = this.#sets.cameNow;
    this.#sets.endPicture();
    this.#isInPieces = false;
    this.#hasBegunKey = false;
    this.#hasSlice = false;
  }
}

function beginningOf(head: number): Uint8Array {
  beginnings[head] ??= new Uint8Array([...startCode, head]);
  return beginnings[head];
}

/** The parameter sets of the newest picture that brought some. */
class ParameterSets {
  #sequence: Uint8Array[] = [];
  #picture: Uint8Array[] = [];
  #newTypes = new Set<number>();
  pictureArea = 0;

  /** Whether the picture that is being read brought sequence parameters. */
  get cameNow(): boolean {
    return this.#newTypes.has(nalType.sequenceParameters);
  }

  get remembered(): readonly Uint8Array[] {
    return this.#sequence.length > 0 && this.#picture.length > 0 ? [...this.#sequence, ...this.#picture] : [];
  }

  /** The first of its type in a picture replaces those of the pictures before it. False when there are too many. */
  add(type: number, nal: Uint8Array): boolean {
    const isSequence = type === nalType.sequenceParameters;
    if (!this.#newTypes.has(type)) {
      this.#newTypes.add(type);
      if (isSequence) this.#sequence = [];
      else this.#picture = [];
    }
    const all = [...this.#sequence, ...this.#picture];
    if (all.length >= mostSets || all.reduce((sum, { length }) => sum + length, nal.length) > mostSetBytes)
      return false;
    // A copy: it outlives the packet by hours.
    const copy = Buffer.from(nal);
    (isSequence ? this.#sequence : this.#picture).push(copy);
    if (isSequence) {
      const size = pictureSizeOf(copy);
      if (size !== null) this.pictureArea = size.width * size.height;
    }
    return true;
  }

  endPicture(): void {
    this.#newTypes.clear();
  }
}
