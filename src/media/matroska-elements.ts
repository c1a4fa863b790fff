import { childElements, ebmlId, readElementHead } from './ebml.ts';
import { ElementReader } from './element-reader.ts';
import { clusterMagic, skippedElements } from './matroska-track.ts';

/** Gets the elements of a Matroska stream that are needed to take it apart, in order. Bytes hold until it returns. */
export interface ElementVisitor {
  /** A segment or a cluster begins, which holds what follows. */
  opened(id: number): void;
  /** One of the EBML header, `Info`, `Tracks`, a cluster's `Timestamp`, `SimpleBlock`, `BlockGroup`. */
  element(id: number, whole: Buffer, content: Buffer): void;
}

const largestElementBytes = 67_108_864;
// What is needed as a whole; everything else is passed over by its length.
const taken = new Set<number>([
  ebmlId.ebml,
  ebmlId.info,
  ebmlId.tracks,
  ebmlId.timestamp,
  ebmlId.simpleBlock,
  ebmlId.blockGroup,
]);

/** Takes a live Matroska stream (RFC 9559) apart; damage is passed over to the next cluster. Memory: one block. */
export class MatroskaElements {
  readonly #visitor: ElementVisitor;
  readonly #reader = new ElementReader(0, data => this.#step(data));
  #isLost = false;

  constructor(visitor: ElementVisitor) {
    this.#visitor = visitor;
  }

  /** Takes the next bytes, and keeps copies of what it cannot read yet. */
  push(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  /** Reads one element; how many bytes it took, 0 when more are needed. */
  #step(data: Buffer): number {
    if (this.#isLost) return this.#findWayBack(data);
    const head = readElementHead(data, 0);
    if (head === null) return 0;
    if (head === 'malformed') return this.#lose();
    const { id, headBytes, sizeBytes } = head;
    if (id === ebmlId.segment || id === ebmlId.cluster) {
      this.#visitor.opened(id);
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
    this.#visitor.element(id, data.subarray(0, length), data.subarray(headBytes, length));
    return length;
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

/** A block of one frame, or of several that are laced together (RFC 9559, section 10.3). */
export type MatroskaBlock = {
  readonly trackNumber: number;
  /** On the cluster's clock, to be added to its time. */
  readonly relativeTicks: number;
  readonly isKey: boolean;
  readonly isLaced: boolean;
  readonly payload: Buffer;
};

/** Reads the content of a `SimpleBlock` or `BlockGroup`; null when it holds no block of one of the first 16,383 tracks. */
export function readBlock(id: number, content: Buffer): MatroskaBlock | null {
  if (id === ebmlId.simpleBlock) return blockOf(content, null);
  let block: Buffer | null = null;
  let isKey = true;
  for (const child of childElements(content)) {
    if (child.id === ebmlId.block) block = child.content;
    else if (child.id === ebmlId.referenceBlock) isKey = false;
  }
  return block === null ? null : blockOf(block, isKey);
}

/** `isKey` null: the block's own flags tell. */
function blockOf(content: Buffer, isKey: boolean | null): MatroskaBlock | null {
  const numberBytes = Math.clz32(content[0] ?? 0) - 23;
  if (numberBytes > 2 || content.length < numberBytes + 3) return null;
  const flags = content[numberBytes + 2] as number;
  return {
    trackNumber: content.readUIntBE(0, numberBytes) & (numberBytes === 1 ? 0x7f : 0x3fff),
    relativeTicks: content.readInt16BE(numberBytes),
    isKey: isKey ?? (flags & 0x80) !== 0,
    isLaced: (flags & 0x06) !== 0,
    payload: content.subarray(numberBytes + 3),
  };
}
