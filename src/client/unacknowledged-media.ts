/** What one message of the WebSocket carries, and where the next one begins. */
export type Piece = { readonly bytes: Uint8Array<ArrayBuffer>; readonly nextOffset: number };

type Entry = {
  bytes: Uint8Array<ArrayBuffer>;
  /** In the unit of the protocol's offsets: bytes for chunks, frames for frames. */
  start: number;
  readonly end: number;
  /** The media of an entry was captured between these two, in milliseconds of the caller's clock. */
  readonly sinceMillis: number;
  readonly addedAtMillis: number;
};

/**
 * Everything that was given to a publisher and is not yet safe on the server, in order, addressed by the
 * protocol's offsets. Bytes may be split anywhere; a frame is one message and stays whole.
 */
export class UnacknowledgedMedia {
  readonly #unit: 'bytes' | 'frames';
  readonly #entries: Entry[] = [];
  #start: number;
  #end: number;
  #sizeBytes = 0;
  #newestAtMillis: number | undefined;

  /** `offset`: where the first thing added begins; above 0 when somebody else has sent the beginning. */
  constructor(unit: 'bytes' | 'frames', offset: number) {
    this.#unit = unit;
    this.#start = offset;
    this.#end = offset;
  }

  /** The offset up to which everything is safe; nothing below is held. */
  get start(): number {
    return this.#start;
  }

  /** The offset after the last thing added. */
  get end(): number {
    return this.#end;
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** How much time of the recording is held, by when things were added. */
  get durationSeconds(): number {
    const oldest = this.#entries[0];
    if (oldest === undefined || this.#newestAtMillis === undefined) return 0;
    return (this.#newestAtMillis - oldest.sinceMillis) / 1_000;
  }

  /** How long the oldest thing held has been waiting for its acknowledgement; 0 when nothing is held. */
  waitingSeconds(nowMillis: number): number {
    const oldest = this.#entries[0];
    return oldest === undefined ? 0 : (nowMillis - oldest.addedAtMillis) / 1_000;
  }

  /**
   * How long ago the newest thing that is safe was captured: everything older is safe, what came after is not,
   * be it held here or not added yet.
   */
  unsafeSeconds(nowMillis: number): number {
    const sinceMillis = this.#entries[0]?.sinceMillis ?? this.#newestAtMillis;
    return sinceMillis === undefined ? 0 : (nowMillis - sinceMillis) / 1_000;
  }

  /** Keeps `bytes` (not a copy: they must not change) as what follows; `nowMillis` never goes back. */
  add(bytes: Uint8Array<ArrayBuffer>, nowMillis: number): void {
    if (bytes.byteLength === 0) return;
    const start = this.#end;
    this.#end += this.#unit === 'bytes' ? bytes.byteLength : 1;
    const sinceMillis = this.#newestAtMillis ?? nowMillis;
    this.#entries.push({ bytes, start, end: this.#end, sinceMillis, addedAtMillis: nowMillis });
    this.#newestAtMillis = nowMillis;
    this.#sizeBytes += bytes.byteLength;
  }

  /** Forgets what lies below `offset`, which is between `start` and `end`. */
  acknowledge(offset: number): void {
    this.#start = Math.max(this.#start, offset);
    let done = 0;
    for (const entry of this.#entries) {
      if (entry.end > offset) break;
      this.#sizeBytes -= entry.bytes.byteLength;
      done += 1;
    }
    this.#entries.splice(0, done);
    const head = this.#entries[0];
    if (head !== undefined && this.#unit === 'bytes' && head.start < offset) {
      this.#sizeBytes -= offset - head.start;
      head.bytes = head.bytes.subarray(offset - head.start);
      head.start = offset;
    }
  }

  /** What to send from `offset` on: at most `limitBytes` for chunks, one whole frame for frames. */
  pieceAt(offset: number, limitBytes: number): Piece | undefined {
    const entry = this.#entryAt(offset);
    if (entry === undefined) return undefined;
    if (this.#unit === 'frames') return { bytes: entry.bytes, nextOffset: entry.end };
    const from = offset - entry.start;
    const bytes = entry.bytes.subarray(from, from + limitBytes);
    return { bytes, nextOffset: offset + bytes.byteLength };
  }

  /** Lets go of everything. */
  clear(): void {
    this.#entries.length = 0;
    this.#sizeBytes = 0;
    this.#start = this.#end;
  }

  // After minutes without a connection there are thousands of entries, and each is asked for in turn.
  #entryAt(offset: number): Entry | undefined {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle] as Entry;
      if (offset < entry.start) high = middle - 1;
      else if (offset >= entry.end) low = middle + 1;
      else return entry;
    }
    return undefined;
  }
}
