import { type ContainerScanner, type ContainerVisitor, isClockJump } from './container.ts';
import { type ElementHead, ebmlId, readElementHead, readUnsigned } from './ebml.ts';
import { ElementReader } from './element-reader.ts';
import {
  clusterMagic,
  ebmlMagic,
  readTracks,
  skippedElements,
  timestampScaleNanosOf,
} from './matroska-track.ts';

const descended = new Set<number>([ebmlId.segment, ebmlId.cluster, ebmlId.blockGroup]);
const wholeElements = new Set<number>([ebmlId.info, ebmlId.tracks, ebmlId.timestamp, ebmlId.referenceBlock]);

const largestHeaderElementBytes = 1_048_576;
const largestBlockBytes = 67_108_864;
// A block's own head: track number (1 to 8), relative time (2), flags (1).
const blockHeadBytes = 11;

/**
 * Follows a WebM or Matroska byte stream (RFC 9559): headers, clusters, pictures. Recorders write clusters and
 * segments of unknown size, so the structure is read element by element, never by a parent's end.
 */
export class MatroskaScanner implements ContainerScanner {
  readonly #visitor: ContainerVisitor;
  readonly #reader: ElementReader;
  #timestampScaleNanos = 1_000_000;
  #tracks = new Map<number, 'video' | 'audio' | 'other'>();
  #hasVideo = false;
  #isHeaderOpen = false;
  #isLost = false;
  #cluster: { offset: number; timeMicros: number; isTimed: boolean; isPlaced: boolean } | null = null;
  #newestClusterMicros = Number.NEGATIVE_INFINITY;

  /** `offset`: where in the journal the first pushed byte stands. */
  constructor(visitor: ContainerVisitor, offset: number) {
    this.#visitor = visitor;
    this.#reader = new ElementReader(offset, data => this.#step(data));
  }

  get scannedOffset(): number {
    // A cluster whose time is not read yet may turn out to begin a new stream: nobody may have passed it.
    return this.#cluster !== null && !this.#cluster.isTimed ? this.#cluster.offset : this.#reader.offset;
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  /** Reads one element (or finds the way back after damage); how many bytes it took, 0 when more are needed. */
  #step(data: Buffer): number {
    if (this.#isLost) return this.#findWayBack(data);
    const head = readElementHead(data, 0);
    if (head === null) return 0;
    if (head === 'malformed') return this.#lose();
    if (descended.has(head.id)) return this.#enter(head);
    if (head.id === ebmlId.ebml) return this.#startStream(head);
    if (head.id === ebmlId.simpleBlock || head.id === ebmlId.block) return this.#block(data, head);
    if (wholeElements.has(head.id)) return this.#whole(data, head);
    if (!skippedElements.has(head.id) || head.sizeBytes > largestBlockBytes) return this.#lose();
    this.#reader.skip(head.sizeBytes);
    return head.headBytes;
  }

  #startStream(head: ElementHead): number {
    if (head.sizeBytes > largestHeaderElementBytes) return this.#lose();
    this.#visitor.streamStarted(this.#reader.offset);
    this.#tracks.clear();
    this.#timestampScaleNanos = 1_000_000;
    this.#isHeaderOpen = true;
    this.#cluster = null;
    this.#newestClusterMicros = Number.NEGATIVE_INFINITY;
    this.#reader.skip(head.sizeBytes);
    return head.headBytes;
  }

  #enter(head: ElementHead): number {
    if (head.id === ebmlId.cluster)
      this.#cluster = { offset: this.#reader.offset, timeMicros: 0, isTimed: false, isPlaced: false };
    return head.headBytes;
  }

  #whole(data: Buffer, head: ElementHead): number {
    if (head.sizeBytes > largestHeaderElementBytes) return this.#lose();
    const length = head.headBytes + head.sizeBytes;
    if (data.length < length) return this.#reader.need(length);
    const content = data.subarray(head.headBytes, length);
    if (head.id === ebmlId.info) this.#timestampScaleNanos = timestampScaleNanosOf(content);
    else if (head.id === ebmlId.tracks) this.#readTracks(content, this.#reader.offset + length);
    else if (head.id === ebmlId.timestamp) this.#readClusterTime(readUnsigned(content));
    return length;
  }

  #readTracks(content: Buffer, end: number): void {
    if (!this.#isHeaderOpen) return;
    const { entries, tracks } = readTracks(content);
    for (const { number, kind } of entries) this.#tracks.set(number, kind);
    this.#hasVideo = tracks.video !== null;
    this.#isHeaderOpen = false;
    this.#visitor.tracksFound(tracks, end);
  }

  #readClusterTime(ticks: number): void {
    const cluster = this.#cluster;
    if (cluster === null) return;
    cluster.isTimed = true;
    cluster.timeMicros = (ticks * this.#timestampScaleNanos) / 1_000;
    if (isClockJump(this.#newestClusterMicros, cluster.timeMicros)) this.#visitor.clockJumped(cluster.offset);
    this.#newestClusterMicros = cluster.timeMicros;
  }

  #block(data: Buffer, head: ElementHead): number {
    if (head.sizeBytes > largestBlockBytes || head.sizeBytes < 4 || this.#cluster === null)
      return this.#lose();
    const needed = head.headBytes + Math.min(blockHeadBytes, head.sizeBytes);
    if (data.length < needed) return 0;
    const numberLength = Math.clz32(data[head.headBytes] as number) - 23;
    if (numberLength > 8 || head.sizeBytes < numberLength + 3) return this.#lose();
    // Without the marker bit: 7 bits of each byte (RFC 8794, section 4).
    const number =
      data.readUIntBE(head.headBytes, Math.min(numberLength, 2)) & (numberLength === 1 ? 0x7f : 0x3fff);
    const kind = numberLength > 2 ? undefined : this.#tracks.get(number);
    if (kind === undefined) return this.#lose();
    const relativeTicks = data.readInt16BE(head.headBytes + numberLength);
    const flags = data[head.headBytes + numberLength + 2] as number;
    this.#place(kind, relativeTicks, head.id === ebmlId.simpleBlock && (flags & 0x80) !== 0);
    this.#reader.skip(head.headBytes + head.sizeBytes - needed);
    return needed;
  }

  #place(kind: 'video' | 'audio' | 'other', relativeTicks: number, isKey: boolean): void {
    const cluster = this.#cluster;
    if (cluster !== null && !cluster.isPlaced && kind === (this.#hasVideo ? 'video' : 'audio')) {
      cluster.isPlaced = true;
      const timeMicros = cluster.timeMicros + (relativeTicks * this.#timestampScaleNanos) / 1_000;
      this.#visitor.safePoint(cluster.offset, timeMicros, isKey || !this.#hasVideo);
    }
    if (kind === 'video') this.#visitor.videoFrames(1);
  }

  #lose(): number {
    this.#visitor.damaged(this.#reader.offset);
    this.#isLost = true;
    this.#cluster = null;
    return 1;
  }

  #findWayBack(data: Buffer): number {
    const found = [clusterMagic, ebmlMagic].map(magic => data.indexOf(magic)).filter(index => index >= 0);
    if (found.length === 0) return Math.max(0, data.length - 3);
    this.#isLost = false;
    const next = Math.min(...found);
    return next === 0 ? this.#step(data) : next;
  }
}
