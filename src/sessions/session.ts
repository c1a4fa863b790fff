import type { VideoState } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import { recordedFormat } from '../hls/recorded-format.ts';
import type { AppendFacts } from '../journal/record-layout.ts';
import { CaptionWarnings } from './caption-warnings.ts';
import { LiveClock } from './live-clock.ts';
import type { Publisher } from './publisher.ts';
import type { SessionParts } from './session-parts.ts';
import { type PipelineResult, SessionPipeline } from './session-pipeline.ts';
import type { SessionRecord } from './session-records.ts';
import { SessionStatus } from './session-status.ts';
import { openStorage, type SessionStorage } from './session-storage.ts';
import { SessionTimer } from './session-timer.ts';
import { watchableStream } from './watchable-stream.ts';

// A script that posts frame by frame is connected for a moment each time: it is not gone yet.
const quietMillis = 3_000;

/**
 * The live phase of one video: takes what its publisher sends into the journal, runs the pipeline behind it,
 * and hands the result on when it is over. State moves forward only. Owned by the registry.
 */
export class Session {
  readonly id: string;
  readonly input: SessionRecord['input'];
  readonly frameRate: number | null;
  readonly clientAddress: string | null;
  /** Where on the media timeline that stands what is taken in now. */
  readonly clock: LiveClock;
  /** Resolves when nothing of it is under way any more: it is a video, failed, deleted or closed. Never rejects. */
  readonly over: Promise<void>;
  readonly #parts: SessionParts;
  readonly #record: SessionRecord;
  readonly #journal: SessionStorage['journal'];
  readonly #writer: SessionStorage['writer'];
  readonly #playlists: SessionStorage['playlists'];
  readonly #pipeline: SessionPipeline;
  readonly #stopListening: () => void;
  readonly #status: SessionStatus;
  readonly #captions: SessionStorage['captions'];
  readonly #warnings: CaptionWarnings;
  #publisher: Publisher | null = null;
  readonly #timer = new SessionTimer();
  #isStarted = false;
  #isEnding = false;
  #isClosed = false;
  #resolveOver: () => void = () => undefined;

  private constructor(
    parts: SessionParts,
    record: SessionRecord,
    { journal, writer, end, playlists, captions }: SessionStorage,
  ) {
    this.id = record.id;
    this.input = record.input;
    this.frameRate = record.frameRate;
    this.clientAddress = record.clientAddress;
    this.#parts = parts;
    this.#record = record;
    this.#status = new SessionStatus(record.id, record.state, parts);
    this.#journal = journal;
    this.#writer = writer;
    this.#playlists = playlists;
    this.#captions = captions;
    this.#warnings = new CaptionWarnings(record.id, parts.events, warning =>
      this.#publisher?.warned(warning),
    );
    this.over = new Promise(resolve => {
      this.#resolveOver = resolve;
    });
    const settings = { ...parts.settings.pipeline, frameRate: record.frameRate };
    const { journalDirectory } = parts.places;
    this.#pipeline = new SessionPipeline({
      journalDirectory,
      tail: journal,
      writer,
      end,
      settings,
      log: parts.log,
      onTracks: tracks => this.#status.holds(tracks),
      speech: captions?.speech ?? null,
    });
    this.clock = new LiveClock(record.id, parts.events, () => this.#pipeline.place);
    this.#stopListening = journal.onAdvance(() => this.#advanced());
  }

  /** Opens a session that is new, or as a crash left it; it takes publishers from then on. */
  static async open(parts: SessionParts, record: SessionRecord): Promise<Session> {
    const session = new Session(parts, record, await openStorage(parts, record));
    session.#begin();
    return session;
  }

  get state(): VideoState {
    return this.#status.state;
  }

  /** What a publisher goes on from: bytes for chunks, frames for frames. */
  get safeUnits(): number {
    return this.#journal.safe.units;
  }

  /** The next byte's place in the journal. */
  get takenBytes(): number {
    return this.#journal.takenBytes;
  }

  /** As `safeUnits`, with what is on its way to the disk. */
  get takenUnits(): number {
    return this.#journal.taken.units;
  }

  /** Time of the newest frame on the stream's clock, -1 before the first; frames only. */
  get mediaTicks(): number {
    return this.#journal.mediaTicks;
  }

  /** Nothing was sent yet, in this life or an earlier one. */
  get isEmpty(): boolean {
    return this.#journal.takenBytes === 0;
  }

  /** The multivariant playlist, and that of sound and pictures. */
  get playlist() {
    return this.#playlists.main;
  }

  /** The media playlist of a rendition, by its name; undefined when there is no such rendition. */
  playlistOf(rendition: string | undefined) {
    return this.#playlists.of(rendition);
  }

  get rendition() {
    return this.#writer.rendition;
  }

  get ffmpegPid(): number | null {
    return this.#pipeline.ffmpegPid;
  }

  /** What viewers by WebRTC are fed from. @throws LivereelError `not-live`, `codecs-not-watchable`. */
  feedable() {
    const { journalDirectory } = this.#parts.places;
    const journal = { directory: journalDirectory, tail: this.#journal };
    return watchableStream(journal, () => this.#pipeline.place, this.clock, this.#parts.log);
  }

  /** A published part's bytes. @throws LivereelError `not-found`. */
  readPart(segment: number, part: number): Promise<Buffer> {
    return this.#writer.store.read(segment, part);
  }

  /** Lets a publisher in; who was there before is told. @throws LivereelError `session-ended`. */
  attach(publisher: Publisher): void {
    if (this.#isEnding || this.#journal.isEnded) throw sessionEnded();
    const previous = this.#publisher;
    this.#publisher = publisher;
    previous?.superseded();
    this.#warnings.repeat();
    this.#watch();
    if (this.state === 'interrupted') this.#status.enter('live');
  }

  /**
   * The publisher's connection is gone: it has the reconnect window to come back.
   * `isBrief`: it comes for a moment at a time; its absence is no interruption yet.
   */
  detach(publisher: Publisher, isBrief: boolean): void {
    if (this.#publisher !== publisher) return;
    this.#publisher = null;
    if (this.#isEnding || this.isEmpty) return;
    if (!isBrief) this.#interrupt();
    else this.#timer.start('absence', quietMillis, () => this.#interrupt());
  }

  /** The publisher stays, and is silent until its next request: its reconnect window begins. */
  rest(publisher: Publisher): void {
    if (this.#publisher !== publisher || this.#isEnding || this.isEmpty) return;
    this.#timer.start('absence', quietMillis, () => this.#interrupt());
  }

  /** From now on a publisher can come: who is away has all of the reconnect window from here. */
  reachable(): void {
    this.#timer.refresh('absence');
  }

  /** Whether somebody feeds the session. */
  get hasPublisher(): boolean {
    return this.#publisher !== null;
  }

  /** Whether it is this publisher that feeds the session. */
  isPublishedBy(publisher: Publisher): boolean {
    return this.#publisher === publisher;
  }

  /**
   * Takes the next bytes; they are copied. `acknowledged` tells when they are safe.
   * @throws LivereelError `session-ended`, `payload-too-large`, `disk-full`.
   */
  append(payload: readonly Uint8Array[], facts: AppendFacts): void {
    if (this.#isEnding) throw sessionEnded();
    if (this.#journal.takenBytes > this.#parts.settings.maxSessionBytes) {
      throw new LivereelError(
        'payload-too-large',
        'this session has reached its largest size; it becomes a video now',
      );
    }
    this.#journal.append(payload, facts);
    if (!this.#isStarted && !this.isEmpty) this.#start();
    // Once for all that is written together: a fast publisher sends tens of thousands of messages a second.
    if (!this.#timer.isFresh('silence')) this.#watch();
  }

  /** The language of the speech is known better now (BCP-47): captions go on in it. */
  setLanguage(language: string): void {
    this.#captions?.setLanguage(language);
  }

  /** Resolves when all that was taken so far is safe. @throws what made writing fail. */
  async safe(): Promise<void> {
    const { bytes, units } = this.#journal.taken;
    while (this.#journal.safe.units < units || this.#journal.safe.bytes < bytes) {
      if (this.#journal.failure !== null) throw this.#journal.failure;
      await new Promise<void>(resolve => {
        const stop = this.#journal.onAdvance(() => {
          stop();
          resolve();
        });
      });
    }
  }

  /** Ends the session after what was taken: it becomes a video. Ending twice is no error. */
  async end(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#timer.clear();
    if (this.isEmpty) return this.#remove();
    try {
      await this.#journal.end();
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the end could not be written');
    }
    this.#status.change({ endedAt: new Date() });
    this.#status.enter('processing');
    this.#publisher?.ended('processing');
    this.#publisher = null;
  }

  /** Ends the session and tells its publisher why. */
  async endBecause(error: LivereelError): Promise<void> {
    this.#publisher?.failed(error);
    this.#publisher = null;
    await this.end();
  }

  /**
   * Lets go of everything and makes no video of it; unless it was `deleted`, the journal goes on after the next start.
   * Publisher and viewers are told why. Safe to call twice, never throws.
   */
  async close(deleted?: LivereelError): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer.clear();
    this.#publisher?.failed(deleted ?? serverStops('connect again in a moment'));
    this.#publisher = null;
    await this.#journal.close().catch(() => undefined);
    this.#pipeline.close();
    this.#playlists.close(deleted ?? serverStops('it is back in a moment'));
    if (!this.#isStarted) await this.#letGo();
    await this.over;
  }

  #begin(): void {
    if (!this.isEmpty || this.#journal.isEnded) {
      this.#start();
      if (this.#journal.isEnded) {
        this.#isEnding = true;
        if (this.state !== 'processing') this.#status.enter('processing');
      } else this.#interrupt();
      return;
    }
    const ageMillis = Date.now() - this.#record.createdAt.getTime();
    const patience = this.#parts.settings.createdTimeoutSeconds * 1_000 - ageMillis;
    this.#timer.start('absence', Math.max(0, patience), () => void this.end());
  }

  #start(): void {
    this.#isStarted = true;
    if (this.state === 'created') {
      this.#status.change({ startedAt: new Date() });
      this.#status.enter('live');
    }
    void this.#work();
  }

  /** The pipeline's whole life, and what comes after it. */
  async #work(): Promise<void> {
    try {
      const result = await this.#pipeline.run();
      await this.#finish(result);
    } catch (error) {
      await this.#fail(error);
    } finally {
      await this.#letGo();
    }
  }

  async #finish(result: PipelineResult): Promise<void> {
    const { places, finished } = this.#parts;
    const { rendition } = this;
    const { width, height } = recordedFormat(rendition.formats);
    const size = { width: width || null, height: height || null };
    this.#status.change({ durationSeconds: result.durationSeconds, ...size });
    await this.#playlists.write(places);
    // Not waited for: a video is ready without its last captions. They are written beside the playlists.
    void this.#captions?.end();
    await this.#status.settled();
    const initCount = rendition.formats.length;
    const segmentCount = rendition.closed.length;
    await finished.record({ id: this.id, result, formats: rendition.formats, initCount, segmentCount });
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#isClosed) return;
    void this.#captions?.end();
    const known =
      error instanceof LivereelError
        ? error
        : new LivereelError('internal', 'the recording could not be processed', { cause: error });
    this.#parts.log.error({ err: error }, 'session failed');
    this.#isEnding = true;
    this.#timer.clear();
    this.#publisher?.failed(known);
    this.#publisher = null;
    this.#playlists.close(known);
    this.#status.change({
      errorCode: known.code,
      errorMessage: known.message,
      journalKept: true,
      endedAt: new Date(),
    });
    this.#status.enter('failed');
    await this.#status.settled();
  }

  async #remove(): Promise<void> {
    this.#publisher?.ended('created');
    this.#publisher = null;
    await this.#status.remove();
    this.#playlists.close(new LivereelError('session-not-found', 'nothing was ever sent in this session'));
    if (!this.#isStarted) await this.#letGo();
  }

  async #letGo(): Promise<void> {
    this.#stopListening();
    this.#warnings.close();
    if (this.#isClosed || this.isEmpty) await this.#captions?.close();
    await this.#journal.close().catch(() => undefined);
    await this.#writer.close().catch(() => undefined);
    await this.#status.settled();
    this.#resolveOver();
  }

  #advanced(): void {
    this.#timer.age();
    const { failure } = this.#journal;
    if (failure !== null && !this.#isClosed) void this.endBecause(failure);
    else this.#publisher?.acknowledged(this.#journal.safe.units);
  }

  #interrupt(): void {
    if (this.#isEnding) return;
    if (this.state === 'live') this.#status.enter('interrupted');
    this.#timer.start('absence', this.#parts.settings.reconnectWindowSeconds * 1_000, () => void this.end());
  }

  /** A publisher that is there and says nothing for very long has nothing more to say. */
  #watch(): void {
    if (this.state === 'interrupted') this.#status.enter('live');
    const silentMillis = this.#parts.settings.silentPublisherSeconds * 1_000;
    this.#timer.startOrRefresh('silence', silentMillis, () => void this.end());
  }
}

function serverStops(advice: string): LivereelError {
  return new LivereelError('server-draining', `the server is stopping: ${advice}`);
}

function sessionEnded(): LivereelError {
  return new LivereelError('session-ended', 'the session is over; create a new one');
}
