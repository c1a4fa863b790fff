import type { ServerMessage } from '../api/ingest-message.ts';
import { type CloseReason, connectionLostWords, readCloseCode } from './close-reason.ts';
import { readServerMessage } from './server-message.ts';
import type { UnacknowledgedMedia } from './unacknowledged-media.ts';
import type { WebSocketClass, WebSocketLike } from './web-socket-class.ts';

/** What a connection tells its publisher, in the order in which it happens; `closed` comes once, last. */
export interface ConnectionOwner {
  message(message: ServerMessage): void;
  /** So many bytes were handed to the socket. */
  sent(sizeBytes: number): void;
  closed(reason: CloseReason): void;
}

// Small messages, so that on a slow line each acknowledgement is near and a loss costs little to repeat.
const pieceBytes = 64 * 1024;
// More waits in our own memory anyway; what lies in the socket's buffer cannot be taken back.
const bufferedLimitBytes = 512 * 1024;
const pumpAgainMillis = 50;
// The server acknowledges every 500 ms. A line that carries nothing at all for this long is dead, though TCP
// would find out only after minutes.
const silenceLimitMillis = 10_000;

/** One WebSocket to `/ingest/<id>`, from opening to close; owned by a `Publisher`, never used twice. */
export class IngestConnection {
  readonly #socket: WebSocketLike;
  readonly #media: UnacknowledgedMedia;
  readonly #owner: ConnectionOwner;
  readonly #watchdog: ReturnType<typeof setInterval>;
  #pumpTimer: ReturnType<typeof setTimeout> | undefined;
  #sendOffset: number | undefined;
  #endRequested = false;
  #endSent = false;
  #isOver = false;
  #said: Extract<ServerMessage, { type: 'error' }> | undefined;
  #movedAtMillis = performance.now();
  #bufferedBefore = 0;

  constructor(url: string, socketClass: WebSocketClass, media: UnacknowledgedMedia, owner: ConnectionOwner) {
    this.#media = media;
    this.#owner = owner;
    this.#socket = new socketClass(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = (event: { data: unknown }) => this.#received(event.data);
    this.#socket.onclose = (event: { code: number }) => this.#over(readCloseCode(event.code, this.#said));
    // A close event always follows; without a listener `ws` throws.
    this.#socket.onerror = () => {};
    this.#watchdog = setInterval(() => this.#watch(), 1_000);
  }

  /** Whether the end was asked for on this connection after everything else had been sent. */
  get endSent(): boolean {
    return this.#endSent;
  }

  /** How long nothing has moved in either direction although something should; 0 when nothing is due. */
  get silentMillis(): number {
    this.#noticeMovement();
    return this.#isSomethingDue() ? performance.now() - this.#movedAtMillis : 0;
  }

  /** Begins, or begins again, to send at `offset`: the server's `ready`. */
  start(offset: number): void {
    this.#sendOffset = offset;
    this.pump();
  }

  /** Sends what the line takes. Called after each addition; goes on by itself while something is left. */
  pump(): void {
    clearTimeout(this.#pumpTimer);
    if (this.#isOver || this.#sendOffset === undefined) return;
    while (this.#socket.bufferedAmount < bufferedLimitBytes) {
      const piece = this.#media.pieceAt(this.#sendOffset, pieceBytes);
      if (piece === undefined) break;
      this.#socket.send(piece.bytes);
      this.#sendOffset = piece.nextOffset;
      this.#owner.sent(piece.bytes.byteLength);
    }
    // There is no event for a drained buffer.
    if (this.#sendOffset < this.#media.end) this.#pumpTimer = setTimeout(() => this.pump(), pumpAgainMillis);
    else if (this.#endRequested && !this.#endSent) {
      this.#endSent = true;
      this.#socket.send('{"type":"end"}');
    }
  }

  /** The offset up to which everything was handed to the socket. */
  get sentOffset(): number {
    return this.#sendOffset ?? this.#media.start;
  }

  /** Says `end` once everything was sent. */
  end(): void {
    this.#endRequested = true;
    this.pump();
  }

  /** Lets go of the socket without a word to the owner. Safe to call twice. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#watchdog);
    clearTimeout(this.#pumpTimer);
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #received(data: unknown): void {
    this.#movedAtMillis = performance.now();
    if (typeof data !== 'string') return;
    const message = readServerMessage(data);
    if (message === undefined) return;
    if (message.type === 'error') this.#said = message;
    this.#owner.message(message);
  }

  #over(reason: CloseReason): void {
    if (this.#isOver) return;
    this.close();
    this.#owner.closed(reason);
  }

  #watch(): void {
    if (this.silentMillis > silenceLimitMillis) this.#over({ next: 'retry', problem: connectionLostWords });
  }

  #noticeMovement(): void {
    const buffered = this.#socket.bufferedAmount;
    if (buffered !== this.#bufferedBefore || !this.#isSomethingDue()) this.#movedAtMillis = performance.now();
    this.#bufferedBefore = buffered;
  }

  #isSomethingDue(): boolean {
    return this.#sendOffset === undefined || this.#media.start < this.#sendOffset || this.#endSent;
  }
}
