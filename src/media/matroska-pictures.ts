import { type AvcParameterSets, isCodedInOrder, parameterSetsIn, withLengths } from './avc.ts';
import { childElements, ebmlId, element, openElement, readElementHead, readUnsigned } from './ebml.ts';
import { ElementReader } from './element-reader.ts';
import {
  clusterMagic,
  parameterSetsOf,
  readTracks,
  skippedElements,
  type TrackEntry,
  timestampScaleNanosOf,
} from './matroska-track.ts';
import type { MediaSample } from './media-sample.ts';
import { SampleMemory } from './sample-memory.ts';

/** Gets the pictures of a Matroska stream as they are coded; times in 1/90000 s of the stream's own clock. */
export interface PictureVisitor {
  /** How the pictures are coded, before the first of them; the size is the header's. */
  coding(parameterSets: AvcParameterSets, width: number, height: number): void;
  /**
   * NAL units behind lengths of 4 bytes; parameter sets that change stand in the picture itself. Whoever has no need of
   * its bytes any more gives them to `SampleMemory.letGo`.
   */
  picture(sample: MediaSample): void;
  /** Sound until `seconds` on the stream's own clock went by: it is in what `push` gives back. */
  soundPassed(seconds: number): void;
  /** They are not what can be passed on: no more will come. */
  refused(): void;
}

/** Ticks in a second of the pictures' times. */
export const pictureTimescale = 90_000;

const largestElementBytes = 67_108_864;
const presumedFrameTicks = pictureTimescale / 30;
// What is needed as a whole; everything else is passed over by its length.
const taken = new Set<number>([
  ebmlId.ebml,
  ebmlId.info,
  ebmlId.tracks,
  ebmlId.timestamp,
  ebmlId.simpleBlock,
  ebmlId.blockGroup,
]);

/**
 * Takes H.264 pictures out of a Matroska stream (RFC 9559) that can be shown as they are: in the order in which they
 * are coded, with their parameter sets in the header or, as Chromium's recorder writes them, in front of each key.
 * What is left is a Matroska stream with the sound alone. For one header and one clock; damage is passed over to the
 * next cluster. Memory: one block.
 */
export class MatroskaPictures {
  readonly #visitor: PictureVisitor;
  readonly #rest: Buffer[] = [];
  readonly #memory = new SampleMemory();
  readonly #reader = new ElementReader(0, data => this.#step(data));
  #isLost = false;
  #tickMicros = 1_000;
  #clusterTicks = 0;
  #audioTrack = -1;
  #video: TrackEntry | null = null;
  #isCodingKnown = false;
  #isRefused = false;
  #hasKey = false;
  // A picture's duration is what lies between it and the next.
  #newest: { readonly decodeTime: number; readonly isSync: boolean; readonly data: Buffer } | null = null;
  #frameTicks = presumedFrameTicks;

  constructor(visitor: PictureVisitor) {
    this.#visitor = visitor;
  }

  /** Takes the next bytes and makes copies of pictures; returns the part of the stream that is left, which may be empty. */
  push(bytes: Buffer): Buffer {
    this.#reader.push(bytes);
    return Buffer.concat(this.#rest.splice(0));
  }

  /** No more comes: the newest picture is as long as the one before it. */
  end(): void {
    this.#giveNewest(this.#frameTicks);
    this.#newest = null;
  }

  /** Reads one element; how many bytes it took, 0 when more are needed. */
  #step(data: Buffer): number {
    if (this.#isLost) return this.#findWayBack(data);
    const head = readElementHead(data, 0);
    if (head === null) return 0;
    if (head === 'malformed') return this.#lose();
    const { id, headBytes, sizeBytes } = head;
    if (id === ebmlId.segment || id === ebmlId.cluster) {
      // Its length is another without the pictures.
      this.#rest.push(openElement(id));
      return headBytes;
    }
    if (sizeBytes > largestElementBytes) return this.#lose();
    const length = headBytes + sizeBytes;
    if (!taken.has(id)) {
      if (!skippedElements.has(id)) return this.#lose();
      this.#reader.skip(sizeBytes);
      return headBytes;
    }
    if (data.length < length) return this.#reader.need(length);
    this.#element(id, data.subarray(0, length), data.subarray(headBytes, length));
    return length;
  }

  #element(id: number, whole: Buffer, content: Buffer): void {
    if (id === ebmlId.simpleBlock) this.#block(content, null, whole);
    else if (id === ebmlId.blockGroup) this.#group(content, whole);
    else if (id === ebmlId.tracks) this.#tracks(content);
    else {
      if (id === ebmlId.timestamp) this.#clusterTicks = readUnsigned(content);
      else if (id === ebmlId.info) this.#tickMicros = timestampScaleNanosOf(content) / 1_000;
      this.#rest.push(Buffer.from(whole));
    }
  }

  #tracks(content: Buffer): void {
    const { entries } = readTracks(content);
    const kept: Buffer[] = [];
    for (const entry of entries) {
      if (entry.kind === 'video') {
        this.#video = entry;
        const sets = parameterSetsOf(entry);
        if (sets !== null) this.#useCoding(sets);
        else if (entry.codecPrivate.length > 0) this.#refuse();
      } else if (entry.kind === 'audio') {
        this.#audioTrack = entry.number;
        kept.push(element(ebmlId.trackEntry, entry.content));
      }
    }
    this.#rest.push(element(ebmlId.tracks, ...kept));
  }

  #group(content: Buffer, whole: Buffer): void {
    let block: Buffer | null = null;
    let isSync = true;
    for (const child of childElements(content)) {
      if (child.id === ebmlId.block) block = child.content;
      else if (child.id === ebmlId.referenceBlock) isSync = false;
    }
    if (block !== null) this.#block(block, isSync, whole);
  }

  /** `isSync` null: the block's own flags tell. */
  #block(content: Buffer, isSync: boolean | null, whole: Buffer): void {
    const numberBytes = Math.clz32(content[0] ?? 0) - 23;
    if (numberBytes > 2 || content.length < numberBytes + 3) return;
    const number = content.readUIntBE(0, numberBytes) & (numberBytes === 1 ? 0x7f : 0x3fff);
    const ticks = this.#clusterTicks + content.readInt16BE(numberBytes);
    if (number === this.#audioTrack) {
      this.#rest.push(Buffer.from(whole));
      this.#visitor.soundPassed((ticks * this.#tickMicros) / 1_000_000);
    } else if (number === this.#video?.number) {
      const flags = content[numberBytes + 2] as number;
      // Laced pictures (RFC 9559, section 10.3) are nobody's.
      if ((flags & 0x06) !== 0) this.#refuse();
      this.#picture(ticks, isSync ?? (flags & 0x80) !== 0, content.subarray(numberBytes + 3));
    }
  }

  #picture(ticks: number, isSync: boolean, content: Buffer): void {
    if (this.#isRefused || content.length === 0) return;
    // With no configuration in the header it is a byte stream (H.264, annex B). The bytes themselves cannot tell: a
    // length of 256 to 511 looks like a start code.
    const isByteStream = this.#video?.codecPrivate.length === 0;
    const data = isByteStream
      ? withLengths(content, sizeBytes => this.#memory.take(sizeBytes))
      : this.#memory.copy(content);
    const sets = isSync ? parameterSetsIn(data) : null;
    if (sets !== null && !isCodedInOrder(sets)) this.#refuse();
    if (this.#isRefused) return;
    // Nothing before the first key can be shown.
    if (sets !== null && !this.#isCodingKnown) this.#useCoding(sets);
    this.#hasKey ||= isSync && this.#isCodingKnown;
    if (!this.#hasKey) return;
    const decodeTime = Math.round((ticks * this.#tickMicros * pictureTimescale) / 1_000_000);
    if (this.#newest !== null) {
      const duration = decodeTime - this.#newest.decodeTime;
      if (duration > 0) this.#frameTicks = duration;
      this.#giveNewest(Math.max(1, duration));
    }
    this.#newest = { decodeTime, isSync, data };
  }

  #useCoding(sets: AvcParameterSets): void {
    this.#isCodingKnown = true;
    this.#visitor.coding(sets, this.#video?.width ?? 0, this.#video?.height ?? 0);
  }

  #refuse(): void {
    if (!this.#isRefused) this.#visitor.refused();
    this.#isRefused = true;
  }

  #giveNewest(duration: number): void {
    if (this.#newest !== null) this.#visitor.picture({ ...this.#newest, compositionOffset: 0, duration });
  }

  #lose(): number {
    this.#isLost = true;
    return 1;
  }

  #findWayBack(data: Buffer): number {
    const found = data.indexOf(clusterMagic);
    this.#isLost = found < 0;
    return found < 0 ? Math.max(0, data.length - 3) : found === 0 ? this.#step(data) : found;
  }
}
