import { type AvcParameterSets, isCodedInOrder, parameterSetsIn, withLengths } from './avc.ts';
import { ebmlId, element, openElement, readUnsigned } from './ebml.ts';
import { type MatroskaBlock, MatroskaElements, readBlock } from './matroska-elements.ts';
import { parameterSetsOf, readTracks, type TrackEntry, timestampScaleNanosOf } from './matroska-track.ts';
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

const presumedFrameTicks = pictureTimescale / 30;
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
  readonly #elements = new MatroskaElements({
    // Its length is another without the pictures.
    opened: id => this.#rest.push(openElement(id)),
    element: (id, whole, content) => this.#element(id, whole, content),
  });
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
    this.#elements.push(bytes);
    return Buffer.concat(this.#rest.splice(0));
  }

  /** No more comes: the newest picture is as long as the one before it. */
  end(): void {
    this.#giveNewest(this.#frameTicks);
    this.#newest = null;
  }

  #element(id: number, whole: Buffer, content: Buffer): void {
    if (id === ebmlId.simpleBlock || id === ebmlId.blockGroup) this.#block(readBlock(id, content), whole);
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

  #block(block: MatroskaBlock | null, whole: Buffer): void {
    if (block === null) return;
    const ticks = this.#clusterTicks + block.relativeTicks;
    if (block.trackNumber === this.#audioTrack) {
      this.#rest.push(Buffer.from(whole));
      this.#visitor.soundPassed((ticks * this.#tickMicros) / 1_000_000);
    } else if (block.trackNumber === this.#video?.number) {
      // Laced pictures are nobody's.
      if (block.isLaced) this.#refuse();
      this.#picture(ticks, block.isKey, block.payload);
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
}
