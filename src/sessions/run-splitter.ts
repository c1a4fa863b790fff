import { LivereelError } from '../errors.ts';
import {
  type ContainerKind,
  type ContainerScanner,
  type ContainerVisitor,
  type MediaTracks,
  sniffContainer,
} from '../media/container.ts';
import { HeldBytes } from '../media/held-bytes.ts';
import { MatroskaScanner } from '../media/matroska-scanner.ts';
import { Mp4Scanner } from '../media/mp4-scanner.ts';
import { TransportStreamScanner } from '../media/transport-stream-scanner.ts';

/** One container stream with one header and one clock: what one ffmpeg can read. Offsets are the journal's. */
export type StreamRun = {
  readonly container: ContainerKind;
  readonly tracks: MediaTracks;
  readonly headerStart: number;
  readonly headerEnd: number;
  /** Where its media begins: behind its header, or further on when the clock jumped. */
  readonly mediaStart: number;
  /** Pictures of the journal before it. */
  readonly framesBefore: number;
};

export type SplitItem =
  | {
      readonly kind: 'begin';
      readonly run: StreamRun;
      readonly offset: number;
      readonly isHeaderIncluded: boolean;
    }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly endOffset: number }
  | {
      readonly kind: 'point';
      readonly offset: number;
      readonly timeSeconds: number;
      readonly frames: number;
    };

// No recorder's header is larger; a stream that does not tell what it holds by then never will.
const largestHeaderBytes = 8_388_608;

/**
 * Splits a journal's bytes into runs while they go by, and notes where a decoder could start again. Recorders
 * that were started anew, and clocks that jump, begin new runs. Pure: pieces in, items out, in order.
 */
export class RunSplitter implements ContainerVisitor {
  #scanner: ContainerScanner | null = null;
  #container: ContainerKind | null = null;
  #run: StreamRun | null = null;
  #streamStart: number | null = null;
  #isPriming = false;
  // A stream whose header tells nothing: neither its bytes nor its structure are wanted until the next begins.
  #isIgnoring = false;
  #isDropping = false;
  #heldOffset: number;
  readonly #held = new HeldBytes();
  #frames: number;
  #damages = 0;
  #events: (
    | { kind: 'begin'; run: StreamRun; offset: number; isHeaderIncluded: boolean }
    | Extract<SplitItem, { kind: 'point' }>
    | { kind: 'drop'; offset: number }
  )[] = [];

  /** `offset`: where the first piece begins; `frames`: pictures before it. */
  constructor(offset: number, frames: number) {
    this.#heldOffset = offset;
    this.#frames = frames;
  }

  /** Goes on with `run` at the safe point `offset`; `header`: the journal's bytes from `headerStart` to `headerEnd`. */
  static resumed(run: StreamRun, header: Buffer, offset: number, frames: number): RunSplitter {
    const splitter = new RunSplitter(offset, frames);
    splitter.#container = run.container;
    splitter.#run = run;
    splitter.#isPriming = true;
    // The scanner reads the header as if it stood right before the point: all offsets after it are the journal's.
    splitter.#scanner = splitter.#newScanner(run.container, offset - header.length);
    if (header.length > 0) splitter.#scanner.push(header);
    // A transport stream's header comes again and again in the stream itself.
    splitter.#isPriming = run.container === 'mpegts';
    return splitter;
  }

  /** Pictures in the journal so far, published or not. */
  get frames(): number {
    return this.#frames;
  }

  /** How often bytes made no sense. */
  get damages(): number {
    return this.#damages;
  }

  /** Takes the next bytes; items refer to them until the next call. @throws LivereelError `media-unusable`. */
  push(bytes: Buffer, isFresh: boolean): SplitItem[] {
    const items: SplitItem[] = [];
    if (isFresh && this.#scanner !== null) {
      items.push(...this.#takeRest());
      this.#scanner = null;
    }
    this.#held.add(bytes);
    if (this.#scanner === null) {
      if (!this.#recognize()) {
        this.#held.keep();
        return items;
      }
      (this.#scanner as unknown as ContainerScanner).push(this.#held.bytes);
    } else this.#scanner.push(bytes);
    items.push(...this.#drain());
    return items;
  }

  /** What is left when nothing more comes. */
  end(): SplitItem[] {
    return [...this.#drain(), ...this.#takeRest()];
  }

  #recognize(): boolean {
    const container = sniffContainer(this.#held.bytes);
    if (container === null) return false;
    // Mid-way: a publisher that begins anew with something else. What cannot be read is passed over.
    if (container === 'unknown') {
      if (this.#container === null)
        throw new LivereelError('media-unusable', 'this is no container that we take');
      this.#damages += 1;
      this.#scanner = this.#newScanner(this.#container, this.#heldOffset);
      return true;
    }
    this.#container = container;
    this.#scanner = this.#newScanner(container, this.#heldOffset);
    return true;
  }

  #newScanner(container: ContainerKind, offset: number): ContainerScanner {
    if (container === 'matroska') return new MatroskaScanner(this, offset);
    if (container === 'mp4') return new Mp4Scanner(this, offset);
    return new TransportStreamScanner(this, offset);
  }

  #drain(): SplitItem[] {
    const items: SplitItem[] = [];
    for (const event of this.#events.splice(0)) {
      if (event.kind !== 'point') items.push(...this.#takeUntil(event.offset));
      if (event.kind === 'drop') this.#isDropping = true;
      else items.push(event);
      if (event.kind === 'begin') this.#isDropping = false;
    }
    if (this.#streamStart !== null && this.#held.length > largestHeaderBytes) items.push(...this.#giveUp());
    if (this.#streamStart === null) items.push(...this.#takeUntil(this.#scanner?.scannedOffset ?? 0));
    this.#held.keep();
    return items;
  }

  /** What came before a stream that does not tell what it holds was good, and stays. */
  #giveUp(): SplitItem[] {
    if (this.#run === null)
      throw new LivereelError('media-unusable', 'the stream does not tell what it holds');
    const items = this.#takeUntil(this.#streamStart ?? 0);
    this.#ignore();
    this.#isDropping = true;
    return items;
  }

  #ignore(): void {
    this.#damages += 1;
    this.#streamStart = null;
    this.#isIgnoring = true;
  }

  /** All that is held, less a header that is not whole. */
  #takeRest(): SplitItem[] {
    const items = this.#streamStart === null ? [] : this.#takeUntil(this.#streamStart);
    if (this.#streamStart !== null) this.#isDropping = true;
    this.#streamStart = null;
    return [...items, ...this.#takeUntil(this.#heldOffset + this.#held.length)];
  }

  #takeUntil(offset: number): SplitItem[] {
    const length = offset - this.#heldOffset;
    if (length <= 0) return [];
    const bytes = this.#held.take(length);
    this.#heldOffset = offset;
    const isWanted = this.#run !== null && !this.#isDropping;
    return isWanted ? [{ kind: 'bytes', bytes, endOffset: offset }] : [];
  }

  streamStarted(offset: number): void {
    if (this.#isPriming) return;
    this.#streamStart = offset;
    this.#isIgnoring = false;
  }

  tracksFound(tracks: MediaTracks, headerEnd: number): void {
    if (this.#isPriming || this.#container === null) {
      this.#isPriming = false;
      return;
    }
    if (this.#isIgnoring) return;
    const headerStart = this.#streamStart ?? headerEnd;
    this.#streamStart = null;
    if (tracks.video === null && tracks.audio === null) {
      this.#events.push({ kind: 'drop', offset: headerStart });
      this.#ignore();
      return;
    }
    this.#run = {
      container: this.#container,
      tracks,
      headerStart,
      headerEnd: Math.max(headerStart, headerEnd),
      mediaStart: headerEnd,
      framesBefore: this.#frames,
    };
    this.#events.push({ kind: 'begin', run: this.#run, offset: headerStart, isHeaderIncluded: true });
  }

  safePoint(offset: number, timeMicros: number, isKey: boolean): void {
    if (!isKey || this.#isPriming || this.#isIgnoring) return;
    this.#events.push({ kind: 'point', offset, timeSeconds: timeMicros / 1_000_000, frames: this.#frames });
  }

  clockJumped(offset: number): void {
    if (this.#run === null || this.#isPriming || this.#isIgnoring) return;
    this.#run = { ...this.#run, mediaStart: offset, framesBefore: this.#frames };
    this.#events.push({ kind: 'begin', run: this.#run, offset, isHeaderIncluded: false });
  }

  videoFrames(count: number): void {
    if (!this.#isPriming && !this.#isIgnoring) this.#frames += count;
  }

  damaged(): void {
    this.#damages += 1;
  }
}
