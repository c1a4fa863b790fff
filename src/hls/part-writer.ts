import { LivereelError } from '../errors.ts';
import type { AvcParameterSets } from '../media/avc.ts';
import { fragment, initializationSection, type TrackRun } from '../media/fmp4-writer.ts';
import { idleBuffers } from '../media/idle-buffers.ts';
import type { AudioChannels } from '../media/media-sample.ts';
import { LineLog } from '../store/line-log.ts';
import { PartStore } from './part-store.ts';
import { durationOf, type Rendition, type Segment, sizeOf } from './rendition.ts';
import type { TimelineEntry } from './timeline-log.ts';
import type { VideoFormat } from './video-format.ts';

/** Where a rendition stands: enough for its packager to go on behind what is published. */
export type TimelineEnd = {
  readonly run: Extract<TimelineEntry, { type: 'run' }> | null;
  /** Media time less the run's own; null before the run's first sample. */
  readonly offsetSeconds: number | null;
  /** The header in use. */
  readonly init: {
    readonly audioChannels: AudioChannels;
    readonly video: { readonly timescale: number; readonly parameterSets: AvcParameterSets } | null;
  } | null;
  readonly lastPart: Extract<TimelineEntry, { type: 'part' }> | null;
  /** The newest picture that was published, over all runs with pictures of this clock. */
  readonly lastVideo: { readonly decodeTime: number; readonly presentationTime: number } | null;
  readonly points: readonly Extract<TimelineEntry, { type: 'point' }>[];
  /** Set when the rendition is over. */
  readonly ended: Extract<TimelineEntry, { type: 'end' }> | null;
};

/** A part that is cut and has its sound: all that is needed to publish it. */
export type CutPart = {
  readonly runs: readonly TrackRun[];
  readonly durationSeconds: number;
  readonly endSeconds: number;
  readonly isIndependent: boolean;
  /** The segment ends with it. */
  readonly isLast: boolean;
  readonly video: { readonly decodeTime: number; readonly presentationTime: number } | null;
  readonly audioEndTicks: number;
  readonly run: number;
  /** Pictures published up to here. */
  readonly frames: number;
  /** Set where the part begins a segment that does not follow from the one before. */
  readonly isDiscontinuity: boolean;
  readonly startedAtMillis: number;
  readonly partTargetSeconds: number;
};

// A collapsed segment's parts cannot be fetched one by one any more: far behind what playlists still list.
const segmentsWithParts = 24;

/**
 * Publishes parts of one rendition: bytes to the segment's file, a line to the log, then the state that viewers
 * see. Whatever moment a crash picks, nothing that was seen is lost. One at a time: the caller waits.
 */
export class PartWriter {
  readonly rendition: Rendition;
  readonly store: PartStore;
  readonly #log: LineLog<TimelineEntry>;
  readonly #onPublished: () => void;
  #initNumber = -1;
  #sequenceNumber = 0;

  private constructor(
    rendition: Rendition,
    store: PartStore,
    log: LineLog<TimelineEntry>,
    onPublished: () => void,
  ) {
    this.rendition = rendition;
    this.store = store;
    this.#log = log;
    this.#onPublished = onPublished;
  }

  /** Opens the rendition in `directory` (which exists) and restores what was published. */
  static async open(
    directory: string,
    logFile: string,
    rendition: Rendition,
    onPublished: () => void,
  ): Promise<{ writer: PartWriter; end: TimelineEnd }> {
    const { log, entries } = await LineLog.open<TimelineEntry>(logFile);
    const store = new PartStore(directory, rendition);
    const writer = new PartWriter(rendition, store, log, onPublished);
    try {
      const lost = await findLost(entries, store);
      const kept = lost < 0 ? entries : entries.slice(0, lost);
      if (lost >= 0) await log.cutBehind(kept);
      return { writer, end: await writer.#restore(kept) };
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  /** Notes what is not media: runs, clocks, points. */
  async note(...entries: readonly TimelineEntry[]): Promise<void> {
    await this.#log.append(...entries);
  }

  /** Begins to use another header; the next part begins a segment. */
  async useInit(
    video: VideoFormat | null,
    audioChannels: AudioChannels,
    codecs: readonly (string | undefined)[],
  ): Promise<void> {
    this.#initNumber += 1;
    await this.store.writeInit(this.#initNumber, initializationSection(video, audioChannels));
    const format = {
      codecs: codecs.filter(Boolean).join(','),
      width: video?.width ?? 0,
      height: video?.height ?? 0,
    };
    const hex = (sets: readonly Buffer[]) => sets.map(set => set.toString('hex'));
    const coding = video && {
      timescale: video.timescale,
      sps: hex(video.parameterSets.sps),
      pps: hex(video.parameterSets.pps),
    };
    await this.#log.append({ type: 'init', init: this.#initNumber, format, video: coding, audioChannels });
    this.rendition.formats.push(format);
  }

  /** Publishes a part, which opens a segment where none is open. */
  async publish(part: CutPart): Promise<void> {
    const entries: TimelineEntry[] = [];
    const { rendition } = this;
    const segment = rendition.open ?? this.#newSegment(part, entries);
    this.#sequenceNumber += 1;
    this.store.begin(segment.number);
    const { offsetBytes, sizeBytes } = this.#write(part);
    const { durationSeconds, isIndependent, partTargetSeconds } = part;
    entries.push({
      type: 'part',
      durationSeconds,
      isIndependent,
      sizeBytes,
      partTargetSeconds,
      endSeconds: part.endSeconds,
      isLast: part.isLast,
      video: part.video,
      run: part.run,
      audioEndTicks: part.audioEndTicks,
      frames: part.frames,
    });
    await this.#log.append(...entries);
    if (part.isLast) this.store.complete();
    segment.parts.push({ durationSeconds, isIndependent, offsetBytes, sizeBytes });
    rendition.partTargetSeconds = partTargetSeconds;
    rendition.open = segment;
    if (part.isLast) this.#closeSegment();
    this.#onPublished();
  }

  /** Closes the open segment where no part of it will follow. */
  async closeOpenSegment(): Promise<void> {
    if (this.rendition.open === null) return;
    await this.#log.append({ type: 'close' });
    this.store.complete();
    this.#closeSegment();
    this.#onPublished();
  }

  /** Marks the rendition as over: the journal held `journalFrames` pictures and made no sense `damages` times. */
  async end(journalFrames: number, damages: number): Promise<void> {
    await this.closeOpenSegment();
    if (this.rendition.isEnded) return;
    await this.#log.append({ type: 'end', journalFrames, damages });
    await this.#log.flush();
    this.rendition.isEnded = true;
    this.#onPublished();
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.#log.close();
  }

  /** The part's bytes are put together in memory that is lent for this moment: viewers get them from the file. */
  #write({ runs }: CutPart): { offsetBytes: number; sizeBytes: number } {
    let lent: Buffer | null = null;
    const bytes = fragment(this.#sequenceNumber, runs, sizeBytes => {
      lent = idleBuffers.takeFor(sizeBytes);
      return lent;
    });
    try {
      return { offsetBytes: this.store.append(bytes), sizeBytes: bytes.length };
    } finally {
      if (lent !== null) idleBuffers.give(lent);
    }
  }

  #newSegment({ isDiscontinuity, startedAtMillis }: CutPart, entries: TimelineEntry[]): Segment {
    const { closed } = this.rendition;
    const number = (closed.at(-1)?.number ?? -1) + 1;
    const init = this.#initNumber;
    // The first segment follows from nothing; another header breaks what follows from what.
    const segment = {
      number,
      initNumber: init,
      isDiscontinuity: number > 0 && (isDiscontinuity || closed.at(-1)?.initNumber !== init),
      startedAtMillis,
      parts: [],
    };
    entries.push({
      type: 'segment',
      segment: number,
      init,
      isDiscontinuity: segment.isDiscontinuity,
      startedAtMillis,
    });
    return segment;
  }

  #closeSegment(): void {
    const { rendition } = this;
    if (rendition.open === null) return;
    rendition.closed.push(rendition.open);
    rendition.open = null;
    const old = rendition.closed.at(-segmentsWithParts);
    if (old !== undefined && old.parts.length > 1) {
      const merged = {
        durationSeconds: durationOf(old),
        isIndependent: true,
        offsetBytes: 0,
        sizeBytes: sizeOf(old),
      };
      old.parts.splice(0, old.parts.length, merged);
    }
  }

  async #restore(entries: readonly TimelineEntry[]): Promise<TimelineEnd> {
    const { rendition } = this;
    const end: { -readonly [Key in keyof TimelineEnd]: TimelineEnd[Key] } = {
      run: null,
      offsetSeconds: null,
      init: null,
      lastPart: null,
      lastVideo: null,
      points: [],
      ended: null,
    };
    const points: Extract<TimelineEntry, { type: 'point' }>[] = [];
    for (const entry of entries) {
      if (entry.type === 'run') {
        end.run = entry;
        end.offsetSeconds = null;
        points.length = 0;
      } else if (entry.type === 'clock') end.offsetSeconds = entry.offsetSeconds;
      else if (entry.type === 'point') points.push(entry);
      else if (entry.type === 'end') end.ended = entry;
      else if (entry.type === 'init') {
        const video = entry.video && {
          timescale: entry.video.timescale,
          parameterSets: { sps: fromHex(entry.video.sps), pps: fromHex(entry.video.pps) },
        };
        end.init = { audioChannels: entry.audioChannels, video };
        end.lastVideo = null;
        this.#initNumber = entry.init;
        rendition.formats.push(entry.format);
      } else if (entry.type === 'part') {
        end.lastPart = entry;
        end.lastVideo = entry.video ?? end.lastVideo;
      }
      this.#restoreSegment(entry);
    }
    const { open } = rendition;
    // A crash between the log's line and the file's last name: finish what was begun.
    if (open !== null) await this.store.reopen(open.number, sizeOf(open));
    else await this.#nameLastSegment();
    return { ...end, points };
  }

  #restoreSegment(entry: TimelineEntry): void {
    const { rendition } = this;
    if (entry.type === 'segment') {
      const { segment: number, init: initNumber, isDiscontinuity, startedAtMillis } = entry;
      rendition.open = { number, initNumber, isDiscontinuity, startedAtMillis, parts: [] };
    } else if (entry.type === 'part') {
      if (rendition.open === null)
        throw new LivereelError('internal', 'the timeline log has a part without a segment');
      const { durationSeconds, isIndependent, sizeBytes } = entry;
      rendition.open.parts.push({
        durationSeconds,
        isIndependent,
        offsetBytes: sizeOf(rendition.open),
        sizeBytes,
      });
      rendition.partTargetSeconds = entry.partTargetSeconds;
      this.#sequenceNumber += 1;
      if (entry.isLast) this.#closeSegment();
    } else if (entry.type === 'close') this.#closeSegment();
    else if (entry.type === 'end') rendition.isEnded = true;
  }

  async #nameLastSegment(): Promise<void> {
    const last = this.rendition.closed.at(-1);
    if (last === undefined) return;
    if (!(await this.store.isUnnamed(last.number))) return;
    await this.store.reopen(last.number, sizeOf(last));
    this.store.complete();
  }
}

function fromHex(sets: readonly string[]): Buffer[] {
  return sets.map(set => Buffer.from(set, 'hex'));
}

/**
 * The first entry whose bytes are not in the files any more, -1 when all are there. A crash leaves bytes without
 * their line, never a line without its bytes; a power cut may.
 */
async function findLost(entries: readonly TimelineEntry[], store: PartStore): Promise<number> {
  let missingBytes = 0;
  for (const [index, entry] of entries.entries()) {
    if (entry.type === 'init' && (await store.bytesOnDisk({ init: entry.init })) === 0) return index;
    if (entry.type === 'segment') missingBytes = -(await store.bytesOnDisk({ segment: entry.segment }));
    if (entry.type !== 'part') continue;
    missingBytes += entry.sizeBytes;
    if (missingBytes > 0) return index;
  }
  return -1;
}
