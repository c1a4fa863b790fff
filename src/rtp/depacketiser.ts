import type { RtpPacket } from './rtp-packet.ts';

/** A whole picture as it was sent; `parts` are views into its packets. */
export type Picture = {
  readonly isKey: boolean;
  /** Of its packets. */
  readonly timestamp: number;
  /** One after the other they are what `MediaFrame.bytes` is. */
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
};

/** What a packet is to those who forward it. */
export type PacketRole = {
  /** The first packet of a key frame. */
  readonly beginsKeyFrame: boolean;
  /** What a decoder must have before this packet, as a payload of its own; null where it has it. */
  readonly before: Uint8Array | null;
};

/**
 * Makes pictures of one source's packets. A picture that is not whole is dropped, and everything after it until the
 * next key frame: what is shown freezes, but is never corrupt. Malformed payloads count as lost. Never throws.
 */
export interface Depacketiser {
  /**
   * Takes the next packet in order. `isAfterLoss`: one before it never came. Whole pictures are handed over within the
   * call, before the one they were completed by.
   */
  push(packet: RtpPacket, isAfterLoss: boolean): PacketRole;
  /** Nothing can be decoded until a key frame comes. */
  readonly needsKeyFrame: boolean;
  /** The width times the height of the newest key frame; 0 before it. */
  readonly pictureArea: number;
}

/** The role of most packets. */
export const plainRole: PacketRole = { beginsKeyFrame: false, before: null };

// A key frame of 4K at the highest quality has two megabytes.
const largestPictureBytes = 4 * 1_024 * 1_024;
const mostParts = 16_384;

/** Gathers the parts of one picture; the depacketisers say where it begins and whether it is whole. */
export class PictureAssembly {
  readonly #complete: (picture: Picture) => void;
  #timestamp: number | null = null;
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;
  #isKey = false;
  #isWhole = true;
  #needsKeyFrame = true;

  constructor(complete: (picture: Picture) => void) {
    this.#complete = complete;
  }

  get needsKeyFrame(): boolean {
    return this.#needsKeyFrame;
  }

  /** The picture that is being gathered; null between pictures. */
  get timestamp(): number | null {
    return this.#timestamp;
  }

  /** A picture begins. The one before it must have ended. */
  begin(timestamp: number): void {
    this.#timestamp = timestamp;
  }

  /** Nothing is kept of a picture that is spoilt already. */
  add(part: Uint8Array): void {
    if (!this.#isWhole) return;
    this.#parts.push(part);
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > largestPictureBytes || this.#parts.length > mostParts) this.spoil();
  }

  /** The picture can be decoded without any before it. */
  markKey(): void {
    this.#isKey = true;
  }

  /** Something of the picture is missing: no more of it is kept, and nothing can be decoded until a key frame. */
  spoil(): void {
    this.#isWhole = false;
    this.#needsKeyFrame = true;
    this.#parts = [];
    this.#sizeBytes = 0;
  }

  /** Something before the picture is missing: only a key frame can be decoded now. */
  requireKeyFrame(): void {
    this.#needsKeyFrame = true;
  }

  /** No more parts: hands the picture over, and is true, if it is whole and can be decoded. */
  end(): boolean {
    const timestamp = this.#timestamp;
    const isKey = this.#isKey;
    const parts = this.#parts;
    const sizeBytes = this.#sizeBytes;
    const isWhole = this.#isWhole && parts.length > 0;
    this.drop();
    if (timestamp === null || !isWhole || (this.#needsKeyFrame && !isKey)) return false;
    this.#needsKeyFrame = false;
    this.#complete({ isKey, timestamp, parts, sizeBytes });
    return true;
  }

  /** What was gathered is no picture. */
  drop(): void {
    this.#timestamp = null;
    this.#parts = [];
    this.#sizeBytes = 0;
    this.#isKey = false;
    this.#isWhole = true;
  }
}
