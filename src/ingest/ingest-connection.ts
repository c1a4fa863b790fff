import type { ServerMessage } from '../api/ingest-message.ts';
import type { VideoState } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import type { CaptionWarning } from '../sessions/caption-warnings.ts';
import type { Publisher } from '../sessions/publisher.ts';
import type { Session } from '../sessions/session.ts';
import { ChunkIngest, refuseUnlessSent } from './chunk-ingest.ts';
import { closeCode, closeCodeOf } from './close-codes.ts';
import { steadyMillis } from './frame-clock.ts';
import { FrameIngest, type FrameLimits } from './frame-ingest.ts';

/** What a connection needs of its WebSocket. */
export interface MessageSocket {
  send(text: string): void;
  /** Closes with a code; nothing is sent after. */
  close(code: number, reason: string): void;
}

export type ConnectionSettings = FrameLimits & {
  readonly maxMessageBytes: number;
  /** Frames are preceded by 8 bytes of capture time in microseconds. */
  readonly hasTimestamps: boolean;
  /** A close without `end` ends the session. */
  readonly endsOnClose: boolean;
};

// A recorder's chunks come more seldom than this; who sends a file as fast as it can learns soon that its last byte is safe.
const chunkAckIntervalMillis = 20;
const frameAckIntervalMillis = 100;
// A publisher that comes back with a few last bytes must not wait for their acknowledgement until more come; a
// recorder that sends its first byte alone sends the next ones with its next chunk.
const longestHoldMillis = 2_000;
const timestampBytes = 8;
// Warnings are for people: a script that sends thousands of bad frames needs no thousand messages.
const warningIntervalMillis = 1_000;

/** One publisher's WebSocket, as the protocol sees it (docs/protocol.md, section 3.1). */
export class IngestConnection implements Publisher {
  readonly #session: Session;
  readonly #socket: MessageSocket;
  readonly #settings: ConnectionSettings;
  readonly #chunks: ChunkIngest | null;
  readonly #frames: FrameIngest | null;
  #acknowledgedUnits = -1;
  #early: CaptionWarning | null = null;
  #sentAtMillis = Number.NEGATIVE_INFINITY;
  #ackTimer: NodeJS.Timeout | null = null;
  #holdTimer: NodeJS.Timeout | null = null;
  readonly #warnedAtMillis = new Map<string, number>();
  #isOpen = true;

  /** Takes over the session and says where to go on. @throws LivereelError `session-ended`, `input-not-supported`. */
  constructor(session: Session, socket: MessageSocket, settings: ConnectionSettings) {
    refuseUnlessSent(session);
    this.#session = session;
    this.#socket = socket;
    this.#settings = settings;
    session.attach(this);
    this.#chunks = session.input === 'frames' ? null : new ChunkIngest(session);
    this.#frames = session.input === 'frames' ? new FrameIngest(session, settings) : null;
    // What an earlier publisher sent last may still be on its way to the disk: it counts, it cannot be taken back.
    void session.safe().then(
      () => this.#greet(),
      error => this.failed(error),
    );
  }

  /** Takes a binary message; the bytes are copied. */
  binary(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    try {
      const { maxMessageBytes } = this.#settings;
      if (bytes.length > maxMessageBytes) {
        throw new LivereelError(
          'message-too-large',
          `one message may hold ${maxMessageBytes} bytes at most: split it`,
        );
      }
      if (this.#chunks !== null) this.#chunk(this.#chunks, bytes);
      else this.#frame(bytes);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Takes a text message. */
  text(text: string): void {
    if (!this.#isOpen) return;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      message = null;
    }
    if ((message as { type?: unknown } | null)?.type === 'end') {
      this.#takeHeld();
      void this.#session.end();
    } else
      this.failed(
        new LivereelError('malformed-message', 'a text message must be {"type":"end"}; payload is binary'),
      );
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#isOpen) this.#takeHeld();
    this.#letGo();
    if (this.#settings.endsOnClose && this.#session.isPublishedBy(this)) void this.#session.end();
    else this.#session.detach(this, false);
  }

  acknowledged(units: number): void {
    if (
      !this.#isOpen ||
      this.#acknowledgedUnits < 0 ||
      units <= this.#acknowledgedUnits ||
      this.#ackTimer !== null
    )
      return;
    const intervalMillis = this.#frames === null ? chunkAckIntervalMillis : frameAckIntervalMillis;
    const waitMillis = this.#sentAtMillis + intervalMillis - performance.now();
    if (waitMillis <= 0) this.#acknowledge();
    else this.#ackTimer = setTimeout(() => this.#acknowledge(), waitMillis);
  }

  warned(warning: CaptionWarning): void {
    // `ready` is the first message.
    if (this.#acknowledgedUnits < 0) this.#early = warning;
    else if (this.#isOpen) this.#say({ type: 'warning', ...warning });
  }

  superseded(): void {
    this.failed(new LivereelError('session-superseded', 'another publisher took over this session'));
  }

  ended(state: VideoState): void {
    if (!this.#isOpen) return;
    this.#acknowledge();
    this.#say({ type: 'ended', id: this.#session.id, state });
    this.#letGo();
    this.#socket.close(closeCode.ended, 'ended');
  }

  failed(error: LivereelError): void {
    if (!this.#isOpen) return;
    this.#letGo();
    refuseSocket(this.#socket, error);
  }

  #greet(): void {
    if (!this.#isOpen) return;
    this.#acknowledgedUnits = this.#session.safeUnits;
    this.#say({ type: 'ready', offset: this.#acknowledgedUnits });
    if (this.#early !== null) this.warned(this.#early);
  }

  #acknowledge(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
    const units = this.#session.safeUnits;
    if (!this.#isOpen || units <= this.#acknowledgedUnits) return;
    this.#acknowledgedUnits = units;
    this.#sentAtMillis = performance.now();
    this.#say({ type: 'ack', offset: units });
  }

  #chunk(chunks: ChunkIngest, bytes: Uint8Array): void {
    chunks.take(bytes);
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    this.#holdTimer = null;
    // Of a recording that begins nothing can be said before its container is known.
    if (chunks.heldBytes > 0 && !this.#session.isEmpty)
      this.#holdTimer = setTimeout(() => this.#takeHeld(), longestHoldMillis);
  }

  #takeHeld(): void {
    try {
      this.#chunks?.finish();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #frame(message: Uint8Array): void {
    let [jpeg, capturedAtMicros] = [message, null as bigint | null];
    if (this.#settings.hasTimestamps) {
      if (message.length < timestampBytes)
        throw new LivereelError('malformed-message', 'a frame must follow 8 bytes of capture time');
      capturedAtMicros = new DataView(message.buffer, message.byteOffset).getBigUint64(0);
      jpeg = message.subarray(timestampBytes);
    }
    const notice = this.#frames?.take(jpeg, capturedAtMicros, steadyMillis());
    if (notice) this.#warn(notice.code, notice.message);
  }

  /** A bad frame is skipped with a warning; anything else ends the connection. */
  #refuse(error: unknown): void {
    const known =
      error instanceof LivereelError
        ? error
        : new LivereelError('internal', 'the server failed', { cause: error });
    if (known.code === 'bad-frame' || known.code === 'frame-too-large') {
      this.#warn(known.code, known.message);
      return;
    }
    if (known.code === 'payload-too-large') void this.#session.endBecause(known);
    else this.failed(known);
    this.#session.detach(this, false);
  }

  #warn(code: string, message: string): void {
    const nowMillis = performance.now();
    if (nowMillis - (this.#warnedAtMillis.get(code) ?? Number.NEGATIVE_INFINITY) < warningIntervalMillis)
      return;
    this.#warnedAtMillis.set(code, nowMillis);
    this.#say({ type: 'warning', code, message });
  }

  #letGo(): void {
    this.#isOpen = false;
    for (const timer of [this.#ackTimer, this.#holdTimer]) if (timer !== null) clearTimeout(timer);
    this.#ackTimer = null;
    this.#holdTimer = null;
  }

  #say(message: ServerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }
}

/** Tells a publisher why, and closes. */
export function refuseSocket(socket: MessageSocket, error: LivereelError): void {
  const { retryAfterSeconds } = error.facts;
  const message: ServerMessage = {
    type: 'error',
    code: error.code,
    message: error.message,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  socket.send(JSON.stringify(message));
  socket.close(closeCodeOf(error.code), error.code);
}
