import type { ServerMessage } from '../api/ingest-message.ts';
import type { SessionAnswer } from '../api/session.ts';
import { type CloseReason, connectionLostWords } from './close-reason.ts';
import { IngestConnection } from './ingest-connection.ts';
import { PublishError } from './publish-error.ts';
import { reachableUrl } from './reachable-url.ts';
import { retryDelayMillis } from './retry-delay.ts';
import { createSession, readIngestStatus, type SessionRequest } from './session-api.ts';
import { UnacknowledgedMedia } from './unacknowledged-media.ts';
import { type WebSocketClass, webSocketClass } from './web-socket-class.ts';

export { PublishError } from './publish-error.ts';
export type { SessionRequest } from './session-api.ts';
export type { WebSocketClass, WebSocketLike } from './web-socket-class.ts';

/**
 * `connecting` until the server is ready for the first time; `publishing` while it takes what is sent;
 * `reconnecting` while the connection is gone. `ended` and `failed` are for ever.
 */
export type PublisherState = 'connecting' | 'publishing' | 'reconnecting' | 'ended' | 'failed';

/** The server's last word about a session that has ended as it should. */
export type Ended = Extract<ServerMessage, { type: 'ended' }>;

/** How to publish; everything has a default. */
export type PublisherOptions = {
  /** Which session to create. */
  readonly session?: SessionRequest;
  /** Frames only: each is sent with its capture time. */
  readonly timestamps?: 'us';
  /** An account's access token, where the server wants one for creating sessions. */
  readonly accessToken?: string;
  /** For platforms without a WebSocket of their own (Node 20): the one of the `ws` package. */
  readonly webSocket?: WebSocketClass;
  /** Where what will be sent begins, in bytes or frames, when somebody else has sent the beginning. */
  readonly offset?: number;
};

/** A notice of the server that something was refused or skipped while the session goes on; event `warning`. */
export class PublisherWarning extends Event {
  readonly code: string;
  readonly message: string;

  constructor(code: string, message: string) {
    super('warning');
    this.code = code;
    this.message = message;
  }
}

// A source that is not live (a file) is asked to wait while more than this is not yet safe.
const roomLimitBytes = 8 * 1024 * 1024;
// After `online`, a connection that has been silent this long most likely belonged to the network before.
const suspectSilenceMillis = 1_500;
const alreadyEnded = new Set(['session-ended', 'session-closed', 'session-superseded']);
// Node has no `online` event.
const browser = globalThis as { addEventListener?: Listen; removeEventListener?: Listen };
type Listen = (type: string, listener: () => void) => void;

/**
 * Publishes one session over the ingest WebSocket (docs/protocol.md, section 3.1). Keeps everything that the
 * server has not acknowledged, and sends it again after a lost connection from where the server says; nothing
 * is dropped, so while the connection is gone memory grows with the recording.
 *
 * Events: `change` when the state, the counters or `problem` have changed; `warning` (`PublisherWarning`).
 */
export class Publisher extends EventTarget {
  /** What the server answered when the session was created. */
  readonly session: SessionAnswer;
  readonly #ingestUrl: string;
  readonly #socketClass: WebSocketClass;
  readonly #input: 'chunks' | 'frames';
  readonly #hasTimestamps: boolean;
  readonly #media: UnacknowledgedMedia;
  readonly #ended: Promise<Ended>;
  #settleEnded!: { resolve: (ended: Ended) => void; reject: (error: PublishError) => void };
  #state: PublisherState = 'connecting';
  #error: PublishError | undefined;
  #problem: string | undefined;
  #connection: IngestConnection | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #isEnding = false;
  #wasEndSent = false;
  #addedBytes = 0;
  #sentBytes = 0;
  #waitingForRoom: (() => void)[] = [];
  #conversions: Promise<void> = Promise.resolve();
  #pendingConversions = 0;

  /**
   * Creates a session and connects to it.
   * @throws PublishError `server-unreachable` or the server's refusal; TypeError without any WebSocket class.
   */
  static async create(serverUrl: string, options: PublisherOptions = {}): Promise<Publisher> {
    webSocketClass(options.webSocket);
    const session = await createSession(serverUrl, options.session ?? {}, options.accessToken);
    return new Publisher(serverUrl, session, options);
  }

  /** Connects to a session that exists. `session` is the answer of `POST /api/v1/sessions`. */
  constructor(serverUrl: string, session: SessionAnswer, options: PublisherOptions = {}) {
    super();
    this.session = session;
    this.#input = options.session?.input === 'frames' ? 'frames' : 'chunks';
    this.#hasTimestamps = options.timestamps === 'us';
    this.#ingestUrl = reachableUrl(session.ingestUrl, serverUrl);
    if (this.#hasTimestamps) this.#ingestUrl += '&timestamps=us';
    this.#socketClass = webSocketClass(options.webSocket);
    this.#media = new UnacknowledgedMedia(this.#input === 'frames' ? 'frames' : 'bytes', options.offset ?? 0);
    this.#ended = new Promise((resolve, reject) => {
      this.#settleEnded = { resolve, reject };
    });
    // Whoever never calls `end` learns of a failure by the state.
    this.#ended.catch(() => {});
    browser.addEventListener?.('online', this.#onOnline);
    this.#connect();
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** Why the state is `failed`. */
  get error(): PublishError | undefined {
    return this.#error;
  }

  /** What is wrong at the moment, in words, while it is being retried. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Bytes handed to the network, repeats included. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes that are safe: they survive a crash of the server. */
  get safeBytes(): number {
    return this.#addedBytes - this.#media.sizeBytes;
  }

  /** Bytes that exist only here. */
  get keptBytes(): number {
    return this.#media.sizeBytes;
  }

  /** How much of the recording exists only here. */
  get keptSeconds(): number {
    return this.#media.durationSeconds;
  }

  /** How long the oldest of what exists only here has been waiting to become safe; 0 when nothing waits. */
  get waitingSeconds(): number {
    return this.#media.waitingSeconds(performance.now());
  }

  /** Of a live source: everything captured longer ago than this is safe on the server. */
  get unsafeSeconds(): number {
    return this.#media.unsafeSeconds(performance.now());
  }

  /**
   * Publishes what comes next of the recording (`chunks`) or one JPEG (`frames`); bytes are kept, not copied.
   * Resolves when there is room for more, which a live source need not wait for. Once the session is over,
   * what comes is let go.
   * @throws PublishError `publisher-ended` after `end()`.
   */
  async send(bytes: Uint8Array | ArrayBuffer | Blob): Promise<void> {
    if (this.#isEnding) throw new PublishError('publisher-ended', 'Nothing can be sent after end().');
    if (bytes instanceof Blob) await this.#convert(bytes);
    else if (this.#pendingConversions > 0) await this.#convert(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    else this.#add(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>));
    await this.#room();
  }

  /**
   * Publishes one JPEG. `capturedAtMicros`: any epoch, never decreasing; required with `timestamps: 'us'`.
   * @throws PublishError as `send`; RangeError without a time that was promised.
   */
  async sendFrame(jpeg: Uint8Array, capturedAtMicros?: number | bigint): Promise<void> {
    if (!this.#hasTimestamps) return this.send(jpeg);
    if (capturedAtMicros === undefined)
      throw new RangeError("timestamps: 'us' needs a capture time with each frame");
    const message = new Uint8Array(8 + jpeg.byteLength);
    new DataView(message.buffer).setBigUint64(0, BigInt(capturedAtMicros));
    message.set(jpeg, 8);
    return this.send(message);
  }

  /**
   * Nothing more will come: sends what is left, then ends the session. Resolves with the server's last word;
   * waits for as long as the server is away, `close()` ends the waiting.
   * @throws PublishError when the session failed before its end was safe.
   */
  async end(): Promise<Ended> {
    this.#isEnding = true;
    await this.#conversions;
    this.#connection?.end();
    return this.#ended;
  }

  /** Lets go now; what is not safe is lost, and the server's reconnect window runs. Safe to call twice. */
  close(): void {
    this.#fail(new PublishError('publisher-closed', 'Publishing was stopped here.'));
  }

  async #convert(blob: Blob): Promise<void> {
    this.#pendingConversions += 1;
    // One after the other: a large blob must not be overtaken by a small one behind it.
    const converted = this.#conversions.then(async () => this.#add(new Uint8Array(await blob.arrayBuffer())));
    this.#conversions = converted
      .catch(() => {})
      .finally(() => {
        this.#pendingConversions -= 1;
      });
    await converted;
  }

  #add(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isOver()) return;
    this.#addedBytes += bytes.byteLength;
    this.#media.add(bytes, performance.now());
    this.#connection?.pump();
    this.#changed();
  }

  async #room(): Promise<void> {
    if (this.#isOver() || this.#media.sizeBytes < roomLimitBytes) return;
    await new Promise<void>(resolve => this.#waitingForRoom.push(resolve));
  }

  #makeRoom(): void {
    if (!this.#isOver() && this.#media.sizeBytes >= roomLimitBytes) return;
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }

  #isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'failed';
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    const connection = new IngestConnection(this.#ingestUrl, this.#socketClass, this.#media, {
      message: message => this.#received(connection, message),
      sent: bytes => {
        this.#sentBytes += bytes;
      },
      closed: reason => this.#closed(connection, reason),
    });
    this.#connection = connection;
  }

  #received(connection: IngestConnection, message: ServerMessage): void {
    if (this.#isOver() || connection !== this.#connection) return;
    if (message.type === 'ready') this.#ready(connection, message.offset);
    // More than was sent can only be a mistake; believing it would drop what is not safe.
    else if (message.type === 'ack') this.#acknowledged(Math.min(message.offset, connection.sentOffset));
    else if (message.type === 'warning')
      this.dispatchEvent(new PublisherWarning(message.code, message.message));
    else if (message.type === 'ended') this.#finish(message);
  }

  #ready(connection: IngestConnection, offset: number): void {
    if (offset < this.#media.start) {
      const message =
        'The server lost a part that it had confirmed; this recording cannot go on. Start a new one.';
      this.#fail(new PublishError('bytes-lost', message));
      return;
    }
    if (offset > this.#media.end) {
      const message =
        'The server holds more of this recording than was sent from here: another publisher sends it.';
      this.#fail(new PublishError('offset-mismatch', message));
      return;
    }
    this.#attempts = 0;
    this.#problem = undefined;
    this.#state = 'publishing';
    this.#acknowledged(offset);
    connection.start(offset);
    if (this.#isEnding && this.#pendingConversions === 0) connection.end();
  }

  #acknowledged(offset: number): void {
    this.#media.acknowledge(offset);
    this.#makeRoom();
    this.#changed();
  }

  #closed(connection: IngestConnection, reason: CloseReason): void {
    if (this.#isOver() || connection !== this.#connection) return;
    this.#connection = undefined;
    this.#wasEndSent ||= connection.endSent;
    if (reason.next === 'ended') {
      this.#finish({ type: 'ended', id: this.session.id, state: 'processing' });
    } else if (reason.next === 'retry') {
      this.#retry(reason.problem, reason.afterSeconds);
    } else if (this.#wasEndSent && alreadyEnded.has(reason.error.code)) {
      void this.#confirmEnd(reason.error);
    } else {
      this.#fail(reason.error);
    }
  }

  #retry(problem: string, afterSeconds?: number): void {
    this.#problem = problem;
    if (this.#state === 'publishing') this.#state = 'reconnecting';
    const delayMillis = afterSeconds === undefined ? retryDelayMillis(this.#attempts) : afterSeconds * 1_000;
    this.#attempts += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), delayMillis);
    this.#changed();
  }

  /**
   * The end was sent, the connection went before the answer came, and now the session is over: by our end, or
   * because it was given up. What the server holds tells which.
   */
  async #confirmEnd(refusal: PublishError): Promise<void> {
    try {
      const status = await readIngestStatus(this.#ingestUrl);
      if (status.offset < this.#media.end) return this.#fail(refusal);
      this.#finish({ type: 'ended', id: this.session.id, state: status.state });
    } catch (error) {
      if (error instanceof PublishError && error.code === 'server-unreachable') {
        return this.#retry(error.message);
      }
      this.#fail(refusal);
    }
  }

  #finish(ended: Ended): void {
    if (this.#isOver()) return;
    this.#state = 'ended';
    // The server ends a session only after it has stored what came before the end.
    if (this.#wasEndSent || this.#connection?.endSent) this.#media.acknowledge(this.#media.end);
    this.#letGo();
    this.#settleEnded.resolve(ended);
    this.#changed();
  }

  #fail(error: PublishError): void {
    if (this.#isOver()) return;
    this.#state = 'failed';
    this.#error = error;
    this.#letGo();
    this.#settleEnded.reject(error);
    this.#changed();
  }

  #letGo(): void {
    clearTimeout(this.#retryTimer);
    this.#connection?.close();
    this.#connection = undefined;
    this.#problem = undefined;
    browser.removeEventListener?.('online', this.#onOnline);
    this.#makeRoom();
  }

  readonly #onOnline = (): void => {
    if (this.#isOver()) return;
    if (this.#connection === undefined) this.#connect();
    else if (this.#connection.silentMillis > suspectSilenceMillis) {
      this.#connection.close();
      this.#closed(this.#connection, { next: 'retry', problem: connectionLostWords, afterSeconds: 0 });
    }
  };

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
