import type { VideoState } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import type { Publisher } from '../sessions/publisher.ts';
import type { Session } from '../sessions/session.ts';
import { ChunkIngest, refuseUnlessSent } from './chunk-ingest.ts';

/** One HTTP request whose body is appended to a recording (docs/protocol.md, section 3.2). */
export class BodyIngest implements Publisher {
  readonly #session: Session;
  readonly #chunks: ChunkIngest;
  readonly #onStopped: (error: LivereelError) => void;
  #isOver = false;

  private constructor(session: Session, onStopped: (error: LivereelError) => void) {
    this.#session = session;
    this.#chunks = new ChunkIngest(session);
    this.#onStopped = onStopped;
  }

  /**
   * Takes over the session. `uploadOffset`: where the body begins, when the client says so.
   * `onStopped`: the rest of the body is not wanted. @throws LivereelError `offset-mismatch`, `session-ended`, `input-not-supported`.
   */
  static async begin(
    session: Session,
    uploadOffset: number | null,
    onStopped: (error: LivereelError) => void,
  ): Promise<BodyIngest> {
    if (session.input === 'frames') {
      throw new LivereelError(
        'input-not-supported',
        'this session takes frames: POST one JPEG at a time to /ingest/<id>/frames',
      );
    }
    refuseUnlessSent(session);
    const ingest = new BodyIngest(session, onStopped);
    session.attach(ingest);
    await session.safe();
    if (uploadOffset !== null && uploadOffset !== session.safeUnits) {
      ingest.#leave();
      throw new LivereelError('offset-mismatch', `send from byte ${session.safeUnits} on`, {
        offset: session.safeUnits,
      });
    }
    return ingest;
  }

  /** Takes the next bytes of the body; they are copied. @throws as `ChunkIngest.take`. */
  take(bytes: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#chunks.take(bytes);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #takeHeld(): void {
    try {
      this.#chunks.finish();
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Resolves when all that was taken is safe. */
  safe(): Promise<void> {
    return this.#session.safe();
  }

  /** The body is over; resolves with how much is safe then. @throws as `ChunkIngest.finish`. */
  async finish(endsSession: boolean): Promise<number> {
    if (!this.#isOver) this.#takeHeld();
    await this.#session.safe();
    const offset = this.#session.safeUnits;
    // The session's end is no news to who asked for it.
    this.#leave();
    if (endsSession) await this.#session.end();
    return offset;
  }

  /** The connection broke in mid-body: what came is kept. */
  broken(endsSession: boolean): void {
    if (this.#isOver) return;
    try {
      this.#takeHeld();
    } catch {
      // Nobody is there to be told.
    }
    if (endsSession) void this.#session.end();
    this.#leave();
  }

  acknowledged(): void {
    // The answer tells it, once.
  }

  // A plain request has no way to be told.
  warned(): void {}

  superseded(): void {
    this.failed(new LivereelError('session-superseded', 'another publisher took over this session'));
  }

  ended(_state: VideoState): void {
    this.failed(new LivereelError('session-ended', 'the session is over; create a new one'));
  }

  failed(error: LivereelError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onStopped(error);
  }

  #leave(): void {
    this.#isOver = true;
    this.#session.detach(this, true);
  }
}
