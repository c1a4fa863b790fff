import { LivereelError } from '../errors.ts';
import { LiveFfmpeg, type LiveFfmpegSettings } from '../ffmpeg/live-ffmpeg.ts';
import { Packager } from '../hls/packager.ts';
import type { CutterSettings } from '../hls/part-cutter.ts';
import type { PartWriter, TimelineEnd } from '../hls/part-writer.ts';
import type { TimelineEntry } from '../hls/timeline-log.ts';
import { type JournalPiece, JournalReader, type JournalTail } from '../journal/journal-reader.ts';
import type { Log } from '../log.ts';
import type { MediaTracks } from '../media/container.ts';
import { mayPassVideo, outputTo, packagedRun } from './live-run.ts';
import type { PlacedSpeech } from './placed-speech.ts';
import { RunSplitter, type SplitItem, type StreamRun } from './run-splitter.ts';

export type PipelineSettings = LiveFfmpegSettings & {
  readonly cutter: CutterSettings;
  /** Frames only: the constant rate at which they are shown. */
  readonly frameRate: number | null;
};

/** What became of a journal that was read to its end. */
export type PipelineResult = {
  /** Pictures in the journal, by its structure; and how many of them were published. */
  readonly journalFrames: number;
  readonly publishedFrames: number;
  /** How often bytes made no sense, or a stretch could not be decoded. */
  readonly damages: number;
  readonly durationSeconds: number;
  readonly tracks: MediaTracks;
};

/** Where a pipeline stands. `keyOffset`: of the newest key picture, in the journal; null before the first. */
export type StreamPlace = {
  readonly run: StreamRun;
  /** Media time less the run's own clock; null before its first sample. */
  readonly runOffsetSeconds: number | null;
  readonly keyOffset: number | null;
  /** Its pictures turned out not to be shown in the order in which they are coded. */
  readonly isVideoRefused: boolean;
};

type Point = { readonly offset: number; readonly timeSeconds: number; readonly frames: number };

// Sound is decoded from a little before where it goes on, so that its decoder has settled.
const resumeMarginSeconds = 0.1;
// What was said and not yet captioned when a server died is heard again, so far back.
const longestHeardAgainSeconds = 15;
const keptPoints = 240;
// A stretch that made ffmpeg fail so often is passed over.
const triesAtOnePlace = 3;
const restartDelayMillis = 200;
const endedBySignal = 'ended by ';
const ffmpegGone = new Error('ffmpeg is gone');

/**
 * The way from a session's journal to what viewers see: reads, decodes, packages, until the journal ends. It
 * begins behind whatever is published already, so a recovery and a live session are one. Owned by its session.
 */
export class SessionPipeline {
  readonly #journalDirectory: string;
  readonly #tail: JournalTail;
  readonly #writer: PartWriter;
  readonly #settings: PipelineSettings;
  readonly #log: Log;
  readonly #packager: Packager;
  readonly #abort = new AbortController();
  // Ends when the ffmpeg does that the next bytes are for: its death is noticed while no bytes come.
  #reading = new AbortController();
  readonly #onTracks: (tracks: MediaTracks) => void;
  readonly #speech: PlacedSpeech | null;
  #reader: JournalReader | null = null;
  #splitter: RunSplitter;
  #run: StreamRun | null = null;
  #runNumber = 0;
  #runStartedAtMillis: number;
  #ffmpeg: LiveFfmpeg | null = null;
  #isVideoRefused = false;
  #points: Point[] = [];
  #tracks: MediaTracks = { video: null, audio: null };
  #passedOver = 0;
  #failures = { count: 0, publishedSeconds: -1, lastWords: '' };
  #skipBefore = 0;
  readonly #ended: TimelineEnd['ended'];

  constructor(parts: {
    readonly journalDirectory: string;
    readonly tail: JournalTail;
    readonly writer: PartWriter;
    readonly end: TimelineEnd;
    readonly settings: PipelineSettings;
    readonly log: Log;
    /** Told what the stream holds, at each of its beginnings. */
    readonly onTracks: (tracks: MediaTracks) => void;
    /** Takes its sound; null: nobody listens. */
    readonly speech: PlacedSpeech | null;
  }) {
    this.#journalDirectory = parts.journalDirectory;
    this.#tail = parts.tail;
    this.#writer = parts.writer;
    this.#settings = parts.settings;
    this.#log = parts.log;
    this.#onTracks = parts.onTracks;
    this.#speech = parts.speech;
    this.#packager = new Packager(parts.writer, parts.end, parts.settings.cutter);
    this.#splitter = new RunSplitter(0, 0);
    this.#ended = parts.end.ended;
    this.#restore(parts.end);
    this.#runStartedAtMillis = parts.end.run?.startedAtMillis ?? 0;
  }

  /** Seconds of media that are published. */
  get publishedSeconds(): number {
    return this.#packager.publishedSeconds;
  }

  /** The stream that is read now and where it stands: its clock's place on the media timeline, once it has one. */
  get place(): StreamPlace | null {
    if (this.#run === null) return null;
    const { runOffsetSeconds } = this.#packager;
    const keyOffset = this.#points.at(-1)?.offset ?? null;
    return { run: this.#run, runOffsetSeconds, keyOffset, isVideoRefused: this.#isVideoRefused };
  }

  /** The session's ffmpeg, when one runs. */
  get ffmpegPid(): number | null {
    return this.#ffmpeg?.pid ?? null;
  }

  /**
   * Works until the journal ends and all of it is published.
   * @throws LivereelError `media-unusable` when nothing in it can be shown; `session-closed` after `close`.
   */
  async run(): Promise<PipelineResult> {
    try {
      if (!this.#writer.rendition.isEnded) {
        if (this.#run !== null) await this.#resume();
        else this.#reader = await JournalReader.open(this.#journalDirectory, this.#tail, 0);
        await this.#readToEnd();
        await this.#finish();
      }
    } finally {
      await this.#reader?.close();
      await this.#ffmpeg?.close();
      await this.#packager.close();
    }
    return this.#result();
  }

  /** Stops where it is; the journal tells the next pipeline how to go on. */
  close(): void {
    const closed = new LivereelError('session-closed', 'the server is stopping');
    this.#abort.abort(closed);
    this.#reading.abort(closed);
    void this.#ffmpeg?.close();
  }

  #restore(end: TimelineEnd): void {
    const { run } = end;
    if (run === null) return;
    this.#runNumber = run.run;
    const { container, tracks, headerStart, headerEnd, mediaStart, framesBefore } = run;
    this.#run = { container, tracks, headerStart, headerEnd, mediaStart, framesBefore };
    this.#tracks = run.tracks;
    this.#points = [...end.points];
  }

  /** Reads to the journal's end; what a restart has to read again is read again. */
  async #readToEnd(): Promise<void> {
    do {
      for (let piece = await this.#nextPiece(); piece !== null; piece = await this.#nextPiece()) {
        if (this.#run === null || piece.isFresh) this.#runStartedAtMillis = piece.arrivedAtMillis;
        await this.#takeAll(this.#splitter.push(piece.bytes, piece.isFresh));
      }
      if (!this.#tail.isEnded)
        throw this.#tail.failure ?? new LivereelError('session-closed', 'the journal was closed');
      // After the last byte ffmpeg ends because its input does, and the packager because ffmpeg did.
    } while (!(await this.#takeAll(this.#splitter.end())) || !(await this.#endRun()));
  }

  async #nextPiece(): Promise<JournalPiece | null> {
    for (;;) {
      try {
        return await (this.#reader as JournalReader).read(this.#reading.signal);
      } catch (error) {
        this.#abort.signal.throwIfAborted();
        if (error !== ffmpegGone || this.#ffmpeg === null) throw error;
        await this.#restart(this.#ffmpeg);
      }
    }
  }

  async #finish(): Promise<void> {
    if (!this.#writer.rendition.isPlayable) throw this.#unusable();
    await this.#writer.end(this.#splitter.frames, this.#splitter.damages + this.#passedOver);
  }

  #unusable(): LivereelError {
    const words = this.#failures.lastWords;
    const message = 'Nothing of what was sent can be played: no picture and no sound in it can be decoded.';
    return new LivereelError('media-unusable', `${message}${words && ` (${words})`}`);
  }

  /** False when a restart reads again from a safe point: what is left of these items comes again. */
  async #takeAll(items: readonly SplitItem[]): Promise<boolean> {
    const reader = this.#reader;
    for (const item of items) {
      if (item.kind === 'begin') await this.#begin(item);
      else if (item.kind === 'point') await this.#notePoint(item);
      else {
        const skipped = Math.max(0, this.#skipBefore - item.endOffset + item.bytes.length);
        if (skipped < item.bytes.length) await this.#feed(item.bytes.subarray(skipped));
      }
      if (this.#reader !== reader) return false;
    }
    return true;
  }

  async #begin({ run, offset, isHeaderIncluded }: Extract<SplitItem, { kind: 'begin' }>): Promise<void> {
    if (!(await this.#endRun())) return;
    this.#isVideoRefused = false;
    this.#skipBefore = 0;
    this.#run = run;
    this.#runNumber += 1;
    this.#tracks = run.tracks;
    this.#points = [];
    // A run never begins before the last picture of the one before it was taken.
    const startedAtMillis = Math.max(this.#runStartedAtMillis || Date.now(), this.#packager.endMillis);
    const entry: TimelineEntry = {
      type: 'run',
      run: this.#runNumber,
      ...run,
      startSeconds: this.#packager.publishedSeconds,
      startedAtMillis,
    };
    await this.#writer.note(entry);
    this.#onTracks(run.tracks);
    this.#packager.beginRun(packagedRun(this.#run as StreamRun, this.#runNumber, startedAtMillis));
    this.#startFfmpeg(null);
    if (!isHeaderIncluded) await this.#feedHeader();
    this.#log.info(
      { run: this.#runNumber, offset, container: run.container, tracks: run.tracks },
      'stream began',
    );
  }

  async #notePoint({ offset, timeSeconds, frames }: Point): Promise<void> {
    const known = this.#points.at(-1);
    if (known !== undefined && offset <= known.offset) return;
    this.#points.push({ offset, timeSeconds, frames });
    if (this.#points.length > keptPoints) this.#points.shift();
    await this.#writer.note({ type: 'point', offset, timeSeconds, frames });
    if (this.#skipBefore === Number.POSITIVE_INFINITY && this.#run !== null)
      await this.#beginBehindDamage(offset);
  }

  async #feed(bytes: Buffer): Promise<void> {
    const ffmpeg = this.#ffmpeg;
    if (ffmpeg === null) return;
    await ffmpeg.write(bytes);
    if (ffmpeg.isGone) await this.#restart(ffmpeg);
  }

  /** Ends the run's ffmpeg after its last byte; false when it failed on the way and the run is read again. */
  async #endRun(): Promise<boolean> {
    const ffmpeg = this.#ffmpeg;
    if (ffmpeg === null) return true;
    const { reason } = await ffmpeg.endInput();
    this.#abort.signal.throwIfAborted();
    await this.#packager.settled();
    this.#speech?.settle();
    // An error at the end of a stream that was cut is no crash: whatever could be read was. A signal is one.
    this.#failures.lastWords = reason ?? '';
    if (reason?.startsWith(endedBySignal)) {
      await this.#restart(ffmpeg);
      return false;
    }
    this.#ffmpeg = null;
    await this.#packager.endRun();
    return true;
  }

  /** ffmpeg is gone in mid-stream: goes on behind what it published, or past what it cannot read. */
  async #restart(ffmpeg: LiveFfmpeg): Promise<void> {
    const { reason } = await ffmpeg.ended;
    this.#ffmpeg = null;
    this.#abort.signal.throwIfAborted();
    this.#reading = new AbortController();
    await this.#packager.settled();
    if (ffmpeg.isVideoRefused) {
      this.#isVideoRefused = true;
      return this.#resume();
    }
    const { publishedSeconds } = this.#packager;
    const isSamePlace = publishedSeconds === this.#failures.publishedSeconds;
    this.#failures = {
      count: isSamePlace ? this.#failures.count + 1 : 1,
      publishedSeconds,
      lastWords: reason ?? '',
    };
    this.#log.warn(
      { reason, publishedSeconds, tries: this.#failures.count },
      'ffmpeg ended before its input',
    );
    if (this.#failures.count > triesAtOnePlace) {
      if (!this.#writer.rendition.isPlayable) throw this.#unusable();
      this.#passedOver += 1;
      this.#skipBefore = Number.POSITIVE_INFINITY;
      await this.#packager.endRun();
      return;
    }
    if (this.#failures.count > 1) await new Promise(resolve => setTimeout(resolve, restartDelayMillis));
    await this.#resume();
  }

  /** A stretch could not be decoded: a new run begins at the first point behind it. */
  async #beginBehindDamage(offset: number): Promise<void> {
    const run = { ...(this.#run as StreamRun), mediaStart: offset, framesBefore: this.#splitter.frames };
    await this.#begin({ kind: 'begin', run, offset, isHeaderIncluded: false });
    this.#skipBefore = offset;
  }

  /** Feeds the run again from the last safe point before what is published. */
  async #resume(): Promise<void> {
    const run = this.#run as StreamRun;
    const limit = this.#resumeSeconds - resumeMarginSeconds;
    // After a power cut the journal may end before a point that was noted.
    const point = this.#points.findLast(
      ({ timeSeconds, offset }) => timeSeconds <= limit && offset <= this.#tail.safe.bytes,
    );
    const offset = point?.offset ?? run.mediaStart;
    const frames = point?.frames ?? run.framesBefore;
    const header = await this.#headerBytes(run);
    await this.#reader?.close();
    this.#reader = await JournalReader.open(this.#journalDirectory, this.#tail, offset);
    this.#splitter = RunSplitter.resumed(run, header, offset, frames);
    this.#packager.resumeRun(packagedRun(this.#run as StreamRun, this.#runNumber, this.#runStartedAtMillis));
    this.#onTracks(run.tracks);
    this.#startFfmpeg(this.#packager.publishedRunSeconds);
    await this.#ffmpeg?.write(header);
    this.#log.info(
      { offset, fromSeconds: point?.timeSeconds ?? null, publishedSeconds: this.publishedSeconds },
      'stream resumed',
    );
  }

  /** From here on, on the run's own clock, there is something that is not published or not heard. */
  get #resumeSeconds(): number {
    const { resumeSeconds, runOffsetSeconds } = this.#packager;
    if (resumeSeconds === null) return Number.NEGATIVE_INFINITY;
    if (this.#speech === null || runOffsetSeconds === null) return resumeSeconds;
    const heardSeconds = this.#speech.heardSeconds - runOffsetSeconds;
    return Math.min(resumeSeconds, Math.max(heardSeconds, resumeSeconds - longestHeardAgainSeconds));
  }

  #startFfmpeg(resumeSeconds: number | null): void {
    const run = this.#run as StreamRun;
    const packager = this.#packager;
    const { frameRate, cutter } = this.#settings;
    const input = {
      container: run.container,
      tracks: run.tracks,
      isHeard: this.#speech !== null && run.tracks.audio !== null,
      isVideoPassed: mayPassVideo(run) && !this.#isVideoRefused,
      frameRate,
      resumeSeconds,
      keyframeSeconds: cutter.segmentSeconds,
      // A segment that a crash left open is filled up, but never ends before the part that it announced.
      firstKeyframeSeconds: Math.max(cutter.partSeconds, cutter.segmentSeconds - packager.openSegmentSeconds),
    };
    this.#speech?.begin(() => packager.runOffsetSeconds);
    const ffmpeg = new LiveFfmpeg(this.#settings, input, outputTo(packager, this.#speech), this.#log);
    const reading = new AbortController();
    void ffmpeg.ended.then(() => reading.abort(ffmpegGone));
    this.#ffmpeg = ffmpeg;
    this.#reading = reading;
  }

  async #feedHeader(): Promise<void> {
    await this.#ffmpeg?.write(await this.#headerBytes(this.#run as StreamRun));
  }

  #headerBytes({ headerStart, headerEnd }: StreamRun): Promise<Buffer> {
    const place = { directory: this.#journalDirectory, tail: this.#tail };
    return JournalReader.bytesOf(place, headerStart, headerEnd, this.#abort.signal);
  }

  #result(): PipelineResult {
    return {
      journalFrames: this.#ended?.journalFrames ?? this.#splitter.frames,
      publishedFrames: this.#packager.frames,
      damages: this.#ended?.damages ?? this.#splitter.damages + this.#passedOver,
      durationSeconds: this.#packager.publishedSeconds,
      tracks: this.#tracks,
    };
  }
}
