import { writeSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import { journalFile, recoverJournal } from './journal-files.ts';
import { RecordBatch } from './record-batch.ts';
import { type AppendFacts, fileHeadBytes, largestFileBytes, writeFileHead } from './record-layout.ts';
import { writeWhole, writeWholeNow } from './whole-writes.ts';

/** What stands in the journal's files: it survives `kill -9` of every process, and a power cut after a second. */
export type SafeEnd = { readonly bytes: number; readonly units: number };

// Flushed to the device this often while something was written.
const flushIntervalMillis = 1_000;
// Past this the socket's thread writes itself and so reads no more: the back-pressure of a slow disk. Twice this for each of
// eight publishers that flood is what `idleBuffers` keep: more is new memory, and a third slower.
const largestBacklogBytes = 524_288;
const smallBatchBytes = 262_144;
// More than this in so short a time is no live stream: a file that is sent as fast as the line carries it.
const floodBytes = 1_048_576;
const floodWindowMillis = 150;

/**
 * Appends to one session's journal. Appends of one turn become one write; while a write is under way the next
 * batch grows. Owned by its session; the only writer of its directory.
 */
export class JournalWriter {
  readonly #directory: string;
  readonly #listeners = new Set<() => void>();
  readonly #flushTimer: NodeJS.Timeout;
  #handle: FileHandle;
  #fileNumber: number;
  #position: number;
  #safe: SafeEnd;
  #takenBytes: number;
  #takenUnits: number;
  #mediaTicks: number;
  #isEnded: boolean;
  #filling = new RecordBatch();
  #spare = new RecordBatch();
  #writing: Promise<void> | null = null;
  #flood = { sinceMillis: 0, bytes: 0, isGoingOn: false };
  #isUnflushed = false;
  #failure: LivereelError | null = null;

  private constructor(
    directory: string,
    handle: FileHandle,
    end: {
      fileNumber: number;
      position: number;
      bytes: number;
      units: number;
      mediaTicks: number;
      isEnded: boolean;
    },
  ) {
    this.#directory = directory;
    this.#handle = handle;
    this.#fileNumber = end.fileNumber;
    this.#position = end.position;
    this.#safe = { bytes: end.bytes, units: end.units };
    this.#takenBytes = end.bytes;
    this.#takenUnits = end.units;
    this.#mediaTicks = end.mediaTicks;
    this.#isEnded = end.isEnded;
    this.#flushTimer = setInterval(() => void this.#flushToDevice(), flushIntervalMillis);
    this.#flushTimer.unref();
  }

  /** Opens the journal in `directory`, which is made when it is missing; goes on behind its last whole record. */
  static async open(directory: string): Promise<JournalWriter> {
    await mkdir(directory, { recursive: true });
    const end = await recoverJournal(directory);
    if (end !== null)
      return new JournalWriter(directory, await open(journalFile(directory, end.fileNumber), 'r+'), end);
    const handle = await open(journalFile(directory, 1), 'w+');
    try {
      await writeWhole(handle, [writeFileHead({ startBytes: 0, startUnits: 0 })], 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
    const start = {
      fileNumber: 1,
      position: fileHeadBytes,
      bytes: 0,
      units: 0,
      mediaTicks: -1,
      isEnded: false,
    };
    return new JournalWriter(directory, handle, start);
  }

  /** What is safe now. */
  get safe(): SafeEnd {
    return this.#safe;
  }

  /** What is safe or on its way to the disk. */
  get taken(): SafeEnd {
    return { bytes: this.#takenBytes, units: this.#takenUnits };
  }

  /** The bytes of `taken`. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Time of the newest frame on the stream's clock, -1 before the first; frames only. */
  get mediaTicks(): number {
    return this.#mediaTicks;
  }

  /** Whether the end is written: nothing can follow, also after a restart. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether bytes come far faster than any live stream: who reads along may give way to them. */
  get isFlooded(): boolean {
    const { sinceMillis, bytes, isGoingOn } = this.#flood;
    // Once begun it lasts until a stretch without one: else each stretch would begin with a moment of peace, in which
    // whoever reads along takes the machine.
    return (isGoingOn || bytes > floodBytes) && performance.now() - sinceMillis < floodWindowMillis;
  }

  /** Why nothing can be written any more, when so. */
  get failure(): LivereelError | null {
    return this.#failure;
  }

  /** Calls `listener` whenever more is safe, the end is written or writing failed; returns how to stop it. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes the next bytes; they are copied. They are safe once `safe` has passed them.
   * @throws LivereelError `session-ended` after the end, or what made writing fail.
   */
  append(payload: readonly Uint8Array[], facts: AppendFacts): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#isEnded)
      throw new LivereelError('session-ended', 'the session is over; nothing can be added to it');
    if (facts.mediaTicks !== undefined) this.#mediaTicks = facts.mediaTicks;
    const bytes = this.#filling.add(payload, facts, this.#mediaTicks);
    this.#takenBytes += bytes;
    this.#takenUnits += facts.units;
    if (this.#writing === null) this.#writing = this.#writeAll();
    else if (this.#filling.lengthBytes > largestBacklogBytes) this.#writeNow();
  }

  /** Writes the end and flushes all to the device. Safe to call twice. */
  async end(): Promise<void> {
    if (!this.#isEnded && this.#failure === null) {
      this.append([], { units: 0, kind: 'end' });
      await this.#drained();
      if (this.#failure === null) this.#isEnded = true;
      await this.#flushToDevice();
      this.#announce();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Writes what was taken, flushes it and lets the file go. */
  async close(): Promise<void> {
    clearInterval(this.#flushTimer);
    await this.#drained();
    await this.#flushToDevice();
    this.#failure ??= new LivereelError(
      'session-closed',
      'the server is stopping; send the rest when it is back',
    );
    this.#announce();
    await this.#handle.close().catch(() => undefined);
  }

  #countFlood(bytes: number): void {
    const nowMillis = performance.now();
    const elapsedMillis = nowMillis - this.#flood.sinceMillis;
    if (elapsedMillis <= floodWindowMillis) {
      this.#flood.bytes += bytes;
      return;
    }
    const isGoingOn = elapsedMillis <= 2 * floodWindowMillis && this.#flood.bytes > floodBytes;
    this.#flood = { sinceMillis: nowMillis, bytes, isGoingOn };
  }

  async #drained(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // A turn's messages come one by one: wait for the rest of them, write once.
    await new Promise<void>(resolve => setImmediate(resolve));
    try {
      while (this.#filling.lengthBytes > 0) {
        const batch = this.#swapBatches();
        const position = this.#position;
        this.#position += batch.lengthBytes;
        const target = this.taken;
        this.#countFlood(batch.lengthBytes);
        const isSmall = batch.lengthBytes <= smallBatchBytes;
        const bytes = batch.seal(Date.now());
        // A live stream's batch is small and goes to the page cache: handing it to another thread costs more. In a flood
        // this thread has enough to do with taking in.
        if (isSmall && !this.isFlooded) writeWholeNow(this.#handle.fd, bytes, position);
        else await writeWhole(this.#handle, bytes, position);
        batch.clear();
        // What `#writeNow` wrote behind this batch became safe with it.
        this.#safe = this.#filling.lengthBytes === 0 ? this.taken : target;
        this.#isUnflushed = true;
        this.#announce();
        if (this.#position > largestFileBytes) await this.#nextFile();
      }
      if (this.#safe.bytes !== this.#takenBytes) {
        this.#safe = this.taken;
        this.#announce();
      }
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#writing = null;
    }
  }

  /** Writes the growing batch on this thread, behind the batch that is under way: the disk is slower than the client. */
  #writeNow(): void {
    const { lengthBytes } = this.#filling;
    this.#countFlood(lengthBytes);
    try {
      writeWholeNow(this.#handle.fd, this.#filling.seal(Date.now()), this.#position);
      this.#position += lengthBytes;
      this.#filling.clear();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #swapBatches(): RecordBatch {
    const batch = this.#filling;
    this.#filling = this.#spare;
    this.#spare = batch;
    return batch;
  }

  async #nextFile(): Promise<void> {
    const next = await open(journalFile(this.#directory, this.#fileNumber + 1), 'w+');
    // No turn may pass between counting what stands in the old file and leaving it: `#writeNow` adds to it.
    const held = this.#filling.contents;
    const start = { startBytes: this.#takenBytes - held.bytes, startUnits: this.#takenUnits - held.units };
    writeSync(next.fd, writeFileHead(start), 0, fileHeadBytes, 0);
    const previous = this.#handle;
    this.#handle = next;
    this.#fileNumber += 1;
    this.#position = fileHeadBytes;
    await previous.datasync();
    await previous.close();
  }

  async #flushToDevice(): Promise<void> {
    if (!this.#isUnflushed) return;
    this.#isUnflushed = false;
    await this.#handle.datasync().catch((cause: unknown) => this.#fail(cause));
  }

  #fail(cause: unknown): void {
    const isFull = (cause as NodeJS.ErrnoException)?.code === 'ENOSPC';
    this.#failure ??= isFull
      ? new LivereelError('disk-full', 'the disk is full: free some space, then start a new session', {
          cause,
        })
      : new LivereelError('internal', 'the journal cannot be written', { cause });
    this.#announce();
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
