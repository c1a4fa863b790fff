import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import type { ServerMessage } from '../../src/api/ingest-message.ts';

/** What a test sends: bytes of a recording, or one JPEG, and when the source gave it out. */
export type IngestItem = {
  readonly bytes: Uint8Array;
  readonly atSeconds: number;
  /** Frames with `timestamps=us` only. */
  readonly capturedAtMicros?: number;
};

/** How a test publishes. */
export type IngestClientOptions = {
  /** `ingestUrl` of the session. */
  readonly url: string;
  readonly input: 'chunks' | 'frames';
  readonly items: readonly IngestItem[];
  /** `real`: at the items' own times, whatever happens to the connection; `fast`: as fast as it goes. */
  readonly pace: 'real' | 'fast';
  /** Default true: `{"type":"end"}` after the last item. False: `run` resolves once all is acknowledged. */
  readonly end?: boolean;
  /** Default true: connect again after a lost connection and go on where `ready` says. */
  readonly reconnect?: boolean;
  /** Frames: send capture times. */
  readonly timestamps?: boolean;
};

/** How a publication went. */
export type IngestResult = {
  readonly closeCode: number;
  readonly ended: Extract<ServerMessage, { type: 'ended' }> | null;
  readonly errors: readonly Extract<ServerMessage, { type: 'error' }>[];
  readonly warnings: readonly Extract<ServerMessage, { type: 'warning' }>[];
  readonly connections: number;
};

// After these the server will not have us again.
const finalCloseCodes = new Set([1000, 1009, 4400, 4401, 4404, 4409, 4415]);
// More than this unsent in the socket: wait, as every decent client does.
const bufferedLimitBytes = 1024 * 1024;
// A server that was not there for so long does not come back: a test that failed must come to its end.
const giveUpMillis = 60_000;

/**
 * A raw publisher for tests: no library of ours between the test and the socket.
 * One use: construct, `run`, read the counters.
 */
export class IngestClient {
  readonly #options: IngestClientOptions;
  /** Where each item begins: bytes for chunks, its index for frames. */
  readonly #starts: number[] = [];
  readonly #total: number;
  readonly #errors: Extract<ServerMessage, { type: 'error' }>[] = [];
  readonly #warnings: Extract<ServerMessage, { type: 'warning' }>[] = [];
  #ended: Extract<ServerMessage, { type: 'ended' }> | null = null;
  #connections = 0;
  #acknowledged = 0;
  #wasEndSent = false;
  #isStopped = false;
  #socket: WebSocket | null = null;
  /** `performance.now()` at the start: what the items' and acknowledgements' times count from. */
  readonly startedAtMillis = performance.now();
  /** Every offset that a `ready` has named, in order. */
  readonly readyOffsets: number[] = [];
  /** Each acknowledgement: when (milliseconds since the start) and how far. */
  readonly acks: { atMillis: number; offset: number }[] = [];
  /** `performance.now()` at which each item was first given to the socket. */
  readonly sentAtMillis: number[] = [];
  /** A rule of the protocol that the server broke: an offset that went back or beyond what was sent. */
  readonly faults: string[] = [];

  constructor(options: IngestClientOptions) {
    this.#options = options;
    let offset = 0;
    for (const item of options.items) {
      this.#starts.push(offset);
      offset += options.input === 'frames' ? 1 : item.bytes.length;
    }
    this.#total = offset;
  }

  /** Bytes or frames that the server has said are safe. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Bytes or frames that there are to send. */
  get total(): number {
    return this.#total;
  }

  /** Milliseconds since 1970 at which item `index` was or will be due at real pace. */
  dueAt(index: number): number {
    return (
      performance.timeOrigin + this.startedAtMillis + (this.#options.items[index]?.atSeconds ?? 0) * 1_000
    );
  }

  /** Cuts the connection without a word, as a lost network does; it reconnects unless told not to. */
  cut(): void {
    this.#socket?.terminate();
  }

  /** No further connection; `run` resolves when this one is closed. */
  stop(): void {
    this.#isStopped = true;
    this.#socket?.close();
  }

  /** Publishes until the session has ended, the server refuses for good, or all is acknowledged. */
  async run(): Promise<IngestResult> {
    const reconnect = this.#options.reconnect ?? true;
    let lastHeardAt = performance.now();
    for (;;) {
      const before = this.#connections;
      const closeCode = await this.#connectOnce();
      if (this.#connections > before) lastHeardAt = performance.now();
      const isComplete = this.#acknowledged === this.#total;
      const isOver =
        this.#ended !== null ||
        this.#isStopped ||
        !reconnect ||
        performance.now() - lastHeardAt > giveUpMillis ||
        finalCloseCodes.has(closeCode) ||
        (isComplete && this.#options.end === false);
      if (isOver) {
        const { length } = this.readyOffsets;
        // The end was said, the answer lost, and the session is over: that is an end, not an error.
        return {
          closeCode: closeCode === 4409 && this.#wasEndSent && isComplete && length > 0 ? 1000 : closeCode,
          ended: this.#ended,
          errors: this.#errors,
          warnings: this.#warnings,
          connections: this.#connections,
        };
      }
      await delay(100);
    }
  }

  /** One connection's life; resolves with its close code, 1006 when there was none. */
  #connectOnce(): Promise<number> {
    const url = new URL(this.#options.url);
    if (this.#options.timestamps) url.searchParams.set('timestamps', 'us');
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    return new Promise(resolve => {
      let isOpen = true;
      socket.on('error', () => {});
      socket.on('open', () => {
        this.#connections += 1;
      });
      socket.on('message', (data, isBinary) => {
        if (isBinary) this.faults.push('the server sent a binary message');
        else this.#heard(JSON.parse(data.toString()) as ServerMessage, socket, () => isOpen);
      });
      socket.on('close', code => {
        isOpen = false;
        resolve(code);
      });
    });
  }

  #heard(message: ServerMessage, socket: WebSocket, isOpen: () => boolean): void {
    if (message.type === 'ready') {
      if (message.offset < this.#acknowledged) {
        this.faults.push(`ready at ${message.offset} after ${this.#acknowledged} was acknowledged`);
      }
      this.readyOffsets.push(message.offset);
      this.#noteSafe(message.offset);
      this.#sendFrom(message.offset, socket, isOpen).catch((error: unknown) => {
        if (isOpen()) this.faults.push(String(error));
      });
    } else if (message.type === 'ack') {
      if (message.offset < this.#acknowledged) {
        this.faults.push(`ack of ${message.offset} after ${this.#acknowledged}`);
      }
      this.#noteSafe(message.offset);
      if (this.#options.end === false && this.#acknowledged === this.#total) socket.close();
    } else if (message.type === 'ended') this.#ended = message;
    else if (message.type === 'warning') this.#warnings.push(message);
    else this.#errors.push(message);
  }

  #noteSafe(offset: number): void {
    if (offset > this.#total) this.faults.push(`${offset} acknowledged of ${this.#total}`);
    this.#acknowledged = Math.max(this.#acknowledged, offset);
    this.acks.push({ atMillis: performance.now() - this.startedAtMillis, offset });
  }

  async #sendFrom(offset: number, socket: WebSocket, isOpen: () => boolean): Promise<void> {
    const { items, input, pace } = this.#options;
    for (const [index, item] of items.entries()) {
      const start = this.#starts[index] ?? 0;
      const end = this.#starts[index + 1] ?? this.#total;
      if (end <= offset) continue;
      if (pace === 'real') {
        const waitMillis = this.startedAtMillis + item.atSeconds * 1_000 - performance.now();
        if (waitMillis > 0) await delay(waitMillis);
      }
      while (isOpen() && socket.bufferedAmount > bufferedLimitBytes) await delay(5);
      if (!isOpen()) return;
      this.sentAtMillis[index] ??= performance.now();
      if (input === 'chunks') socket.send(item.bytes.subarray(Math.max(0, offset - start)));
      else socket.send(this.#options.timestamps ? withCaptureTime(item) : item.bytes);
    }
    if (this.#options.end ?? true) {
      socket.send(JSON.stringify({ type: 'end' }));
      this.#wasEndSent = true;
    }
  }
}

/** The frame behind its eight bytes of capture time (docs/protocol.md, section 3.1). */
export function withCaptureTime(item: IngestItem): Buffer {
  const message = Buffer.alloc(8 + item.bytes.length);
  message.writeBigUInt64BE(BigInt(Math.round(item.capturedAtMicros ?? item.atSeconds * 1_000_000)));
  message.set(item.bytes, 8);
  return message;
}
