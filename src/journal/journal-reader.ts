import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import { idleBuffers } from '../media/idle-buffers.ts';
import { journalFile, journalFileNumbers } from './journal-files.ts';
import { fileHeadBytes, readFileHead, readRecordHead, recordHeadBytes } from './record-layout.ts';

/** What a reader follows: how far the journal is safe, and whether more can come. */
export interface JournalTail {
  readonly safe: { readonly bytes: number };
  readonly isEnded: boolean;
  readonly failure: LivereelError | null;
  /** Bytes come far faster than any live stream. */
  readonly isFlooded: boolean;
  onAdvance(listener: () => void): () => void;
}

/** The next bytes of a journal; `bytes` is valid until the next read. */
export type JournalPiece = {
  readonly offset: number;
  readonly bytes: Buffer;
  /** A new stream begins with these bytes: the publisher said so by beginning one. */
  readonly isFresh: boolean;
  readonly arrivedAtMillis: number;
};

const windowBytes = idleBuffers.bufferBytes;
const noWindow: Buffer = Buffer.alloc(0);
// While more floods in: how long one read waits, and how long all of them. A flood that lasts longer is a stream that
// people may be watching.
const wayMillis = 20;
const wayWaitsARead = 25;
const wayWaitsAFlood = 500;

/**
 * Reads a journal from any offset and follows it while it grows, whoever writes it and however long ago: a live
 * session is a recovery that has caught up. Owned by its pipeline.
 */
export class JournalReader {
  readonly #directory: string;
  readonly #tail: JournalTail;
  #handle: FileHandle | null = null;
  #fileNumber = 0;
  #window = noWindow;
  #windowStart = 0;
  #windowEnd = 0;
  // Bytes past this were not safe when the window was filled: they may not have been written then.
  #trustedOffset = 0;
  #position = 0;
  #offset: number;
  #wayWaits = 0;
  #record = { remainingBytes: 0, isFresh: false, arrivedAtMillis: 0 };

  private constructor(directory: string, tail: JournalTail, offset: number) {
    this.#directory = directory;
    this.#tail = tail;
    this.#offset = offset;
  }

  /** `offset`: of the first byte to be read; at most what is safe. */
  static async open(directory: string, tail: JournalTail, offset: number): Promise<JournalReader> {
    const reader = new JournalReader(directory, tail, offset);
    try {
      await reader.#seek(offset);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  /** The bytes from `start` to before `end`, waiting for them; fewer when the journal ends before. @throws as `read`. */
  static async bytesOf(
    place: { readonly directory: string; readonly tail: JournalTail },
    start: number,
    end: number,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const reader = await JournalReader.open(place.directory, place.tail, start);
    const pieces: Buffer[] = [];
    try {
      for (let missing = end - start; missing > 0; ) {
        const piece = await reader.read(signal);
        if (piece === null) break;
        pieces.push(Buffer.from(piece.bytes.subarray(0, missing)));
        missing -= piece.bytes.length;
      }
    } finally {
      await reader.close();
    }
    return Buffer.concat(pieces);
  }

  /** Reads what comes next, waiting for it; null after the end. @throws LivereelError `session-closed`, the signal's reason. */
  async read(signal: AbortSignal): Promise<JournalPiece | null> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#tail.isFlooded) await this.#giveWay();
      else this.#wayWaits = 0;
      const piece = await this.#next();
      if (piece !== null) return piece;
      if (this.#tail.isEnded && this.#offset >= this.#tail.safe.bytes) return null;
      if (this.#tail.failure !== null && this.#offset >= this.#tail.safe.bytes) return null;
      if (this.#offset >= this.#tail.safe.bytes) await this.#advance(signal);
      else await this.#openFile(this.#fileNumber + 1);
    }
  }

  /** Taking in comes before reading along: a stream that is sent as a file is decoded when it is there. */
  async #giveWay(): Promise<void> {
    const most = Math.min(wayWaitsAFlood, this.#wayWaits + wayWaitsARead);
    for (; this.#tail.isFlooded && this.#wayWaits < most; this.#wayWaits += 1) {
      await new Promise(resolve => setTimeout(resolve, wayMillis));
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  /** The next piece that is in the file already; null at what is safe or at the file's end. */
  async #next(): Promise<JournalPiece | null> {
    while (this.#offset < this.#tail.safe.bytes) {
      if (this.#offset >= this.#trustedOffset) {
        if (!(await this.#fill())) return null;
        continue;
      }
      if (this.#record.remainingBytes === 0) {
        if (!(await this.#enterRecord())) return null;
        continue;
      }
      if (this.#position >= this.#windowEnd && !(await this.#fill())) return null;
      const start = this.#position - this.#windowStart;
      const available = Math.min(this.#windowEnd - this.#position, this.#record.remainingBytes);
      const length = Math.min(available, this.#trustedOffset - this.#offset);
      const piece = {
        offset: this.#offset,
        bytes: this.#window.subarray(start, start + length),
        isFresh: this.#record.isFresh,
        arrivedAtMillis: this.#record.arrivedAtMillis,
      };
      this.#advanceBy(length);
      return piece;
    }
    return null;
  }

  #advanceBy(length: number): void {
    this.#position += length;
    this.#offset += length;
    this.#record.remainingBytes -= length;
    this.#record.isFresh = false;
  }

  async #enterRecord(): Promise<boolean> {
    if (this.#windowEnd - this.#position < recordHeadBytes) await this.#fill();
    const window = this.#window.subarray(
      this.#position - this.#windowStart,
      this.#windowEnd - this.#windowStart,
    );
    const head = readRecordHead(window, 0);
    if (head === null) return false;
    this.#position += recordHeadBytes;
    this.#record = {
      remainingBytes: head.payloadBytes,
      isFresh: head.kind === 'fresh',
      arrivedAtMillis: head.arrivedAtMillis,
    };
    return true;
  }

  async #fill(): Promise<boolean> {
    this.#trustedOffset = this.#tail.safe.bytes;
    const bytesRead = await this.#readAt(this.#position);
    this.#windowStart = this.#position;
    this.#windowEnd = this.#position + bytesRead;
    return bytesRead > 0;
  }

  /** What was written a moment ago is in the page cache: reading it here is quicker than asking another thread to. */
  #readAt(position: number): Promise<number> | number {
    const handle = this.#file();
    if (this.#window === noWindow) this.#window = idleBuffers.take();
    if (this.#tail.safe.bytes - this.#offset < windowBytes) {
      return readSync(handle.fd, this.#window, 0, windowBytes, position);
    }
    return handle.read(this.#window, 0, windowBytes, position).then(({ bytesRead }) => bytesRead);
  }

  #file(): FileHandle {
    if (this.#handle === null) throw new LivereelError('session-closed', 'the journal is closed');
    return this.#handle;
  }

  async #openFile(number: number): Promise<number> {
    const next = await open(journalFile(this.#directory, number), 'r');
    await this.#handle?.close();
    this.#handle = next;
    this.#fileNumber = number;
    this.#position = 0;
    await this.#fill();
    const head = readFileHead(this.#window.subarray(0, this.#windowEnd));
    if (head === null) throw new LivereelError('internal', `journal file ${number} has no head`);
    this.#position = fileHeadBytes;
    return head.startBytes;
  }

  /** Stands before the byte at `offset`: the newest file that begins at or before it, then record by record. */
  async #seek(offset: number): Promise<void> {
    let start = 0;
    for (const number of (await journalFileNumbers(this.#directory)).reverse()) {
      start = await this.#openFile(number);
      if (start <= offset) break;
    }
    this.#offset = start;
    while (this.#offset < offset && (this.#record.remainingBytes > 0 || (await this.#enterRecord()))) {
      this.#advanceBy(Math.min(this.#record.remainingBytes, offset - this.#offset));
    }
    if (this.#offset !== offset)
      throw new LivereelError('internal', `the journal ends before byte ${offset}`);
  }

  /** While it waits it needs no window: what comes is read from the file then. */
  #releaseWindow(): void {
    idleBuffers.give(this.#window);
    this.#window = noWindow;
    this.#windowStart = this.#position;
    this.#windowEnd = this.#position;
  }

  #advance(signal: AbortSignal): Promise<void> {
    this.#releaseWindow();
    return new Promise((resolve, reject) => {
      const stop = () => {
        stopListening();
        signal.removeEventListener('abort', aborted);
      };
      const aborted = () => {
        stop();
        reject(signal.reason);
      };
      const stopListening = this.#tail.onAdvance(() => {
        stop();
        resolve();
      });
      signal.addEventListener('abort', aborted, { once: true });
    });
  }
}
