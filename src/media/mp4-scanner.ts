import { type ContainerScanner, type ContainerVisitor, isClockJump } from './container.ts';
import { ElementReader } from './element-reader.ts';
import { type BoxHead, readBoxHead } from './mp4-box.ts';
import { readMovieFragment } from './mp4-fragment.ts';
import { type Mp4TrackHeader, readMovieHeader, tracksOf } from './mp4-track-header.ts';

const topLevelBoxes = new Set([
  'ftyp', 'styp', 'sidx', 'ssix', 'moov', 'moof', 'mdat', 'free', 'skip', 'wide', 'uuid', 'mfra', 'emsg', 'prft', 'meta', 'pdin',
]); // biome-ignore format: one list
const largestHeaderBytes = 4_194_304;

/** Follows a fragmented MP4 byte stream (ISO 14496-12): header, fragments, pictures. A plain MP4 passes too if `moov` comes first. */
export class Mp4Scanner implements ContainerScanner {
  readonly #visitor: ContainerVisitor;
  readonly #reader: ElementReader;
  #tracks: Mp4TrackHeader[] = [];
  #isHeaderOpen = false;
  #isLost = false;
  #newestFragmentMicros = Number.NEGATIVE_INFINITY;

  /** `offset`: where in the journal the first pushed byte stands. */
  constructor(visitor: ContainerVisitor, offset: number) {
    this.#visitor = visitor;
    this.#reader = new ElementReader(offset, data => this.#step(data));
  }

  get scannedOffset(): number {
    return this.#reader.offset;
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  #step(data: Buffer): number {
    if (this.#isLost) return this.#findWayBack(data);
    const head = readBoxHead(data, 0);
    if (head === null) return 0;
    if (head === 'malformed' || !topLevelBoxes.has(head.type)) return this.#lose();
    if (head.type === 'moov' || head.type === 'moof') return this.#whole(data, head);
    if (head.type === 'ftyp') this.#startStream();
    this.#reader.skip(head.sizeBytes - head.headBytes);
    return head.headBytes;
  }

  #startStream(): void {
    this.#visitor.streamStarted(this.#reader.offset);
    this.#isHeaderOpen = true;
    this.#newestFragmentMicros = Number.NEGATIVE_INFINITY;
  }

  #whole(data: Buffer, head: BoxHead): number {
    if (head.sizeBytes > largestHeaderBytes) return this.#lose();
    if (data.length < head.sizeBytes) return this.#reader.need(head.sizeBytes);
    const content = data.subarray(head.headBytes, head.sizeBytes);
    if (head.type === 'moov') this.#readHeader(content, this.#reader.offset + head.sizeBytes);
    else this.#readFragment(content);
    return head.sizeBytes;
  }

  #readHeader(moov: Buffer, end: number): void {
    if (!this.#isHeaderOpen) this.#startStream();
    this.#isHeaderOpen = false;
    this.#tracks = readMovieHeader(moov);
    this.#visitor.tracksFound(tracksOf(this.#tracks), end);
    const video = this.#tracks.find(track => track.kind === 'video');
    if (video !== undefined && video.sampleCount > 0) this.#visitor.videoFrames(video.sampleCount);
  }

  #readFragment(moof: Buffer): void {
    let fragments: ReturnType<typeof readMovieFragment>;
    try {
      fragments = readMovieFragment(moof, this.#tracks);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#visitor.damaged(this.#reader.offset);
      return;
    }
    const hasVideo = this.#tracks.some(track => track.kind === 'video');
    const leading = fragments.find(({ track }) => track.kind === (hasVideo ? 'video' : 'audio'));
    const first = leading?.samples[0];
    if (leading === undefined || first === undefined) return;
    const timeMicros = (first.decodeTime * 1_000_000) / (leading.track.timescale || 1_000);
    if (isClockJump(this.#newestFragmentMicros, timeMicros)) this.#visitor.clockJumped(this.#reader.offset);
    this.#newestFragmentMicros = timeMicros;
    this.#visitor.safePoint(this.#reader.offset, timeMicros, first.isSync || !hasVideo);
    if (hasVideo) this.#visitor.videoFrames(leading.samples.length);
  }

  #lose(): number {
    this.#visitor.damaged(this.#reader.offset);
    this.#isLost = true;
    return 1;
  }

  #findWayBack(data: Buffer): number {
    const found = [moofType, ftypType].map(type => data.indexOf(type, 4) - 4).filter(index => index >= 0);
    if (found.length === 0) return Math.max(0, data.length - 7);
    this.#isLost = false;
    const next = Math.min(...found);
    return next === 0 ? this.#step(data) : next;
  }
}

const moofType = Buffer.from('moof');
const ftypType = Buffer.from('ftyp');
