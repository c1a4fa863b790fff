import type { HttpResponse } from 'uWebSockets.js';

/** A body that comes faster than it is taken is paused when so much waits. */
export const pausedAtBytes = 1_048_576;
// uWebSockets.js lets a request go that brings less than 16 KiB a second for 10 s: a recording of speech is less.
const keepAliveMillis = 4_000;

/**
 * The body of one request, read at the reader's pace, however long it lasts and however slowly it comes: it owns a
 * listener, a timer while it is read, and nothing that grows. To be made before anything is waited for, as uWebSockets.js wants it.
 */
export class RequestBody {
  readonly #response: Pick<HttpResponse, 'onData' | 'pause' | 'resume'>;
  readonly #over: AbortSignal;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isEnded = false;
  #isPaused = false;
  #wake: () => void = () => undefined;

  /** `over`: aborted when the client is gone or has its answer; the response is not touched after. */
  constructor(response: Pick<HttpResponse, 'onData' | 'pause' | 'resume'>, over: AbortSignal) {
    this.#response = response;
    this.#over = over;
    over.addEventListener('abort', () => this.#wake(), { once: true });
    response.onData((chunk, isLast) => this.#received(chunk, isLast));
  }

  /** Its bytes as they come, in pieces of any length. @throws the signal's reason, after what came before it. */
  async *pieces(): AsyncGenerator<Buffer, void, void> {
    const keepAlive = setInterval(() => this.#keepAlive(), keepAliveMillis);
    try {
      for (;;) {
        if (this.#waitingBytes > 0) yield this.#take();
        else if (this.#isEnded) return;
        else await this.#more();
      }
    } finally {
      clearInterval(keepAlive);
    }
  }

  async #more(): Promise<void> {
    this.#over.throwIfAborted();
    await new Promise<void>(resolve => {
      this.#wake = resolve;
    });
  }

  /** To resume a paused request begins the time anew that uWebSockets.js waits; while it is paused there is no limit. */
  #keepAlive(): void {
    if (this.#isPaused || this.#isEnded || this.#over.aborted) return;
    // Never without the pause: a request that is resumed as it runs hears nothing more (uWebSockets.js 20.51).
    this.#response.pause();
    this.#response.resume();
  }

  #take(): Buffer {
    const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#isPaused && !this.#over.aborted) this.#response.resume();
    this.#isPaused = false;
    return bytes;
  }

  #received(chunk: ArrayBuffer, isLast: boolean): void {
    // The memory behind `chunk` is taken back after this call.
    if (chunk.byteLength > 0) this.#waiting.push(Buffer.from(chunk.slice(0)));
    this.#waitingBytes += chunk.byteLength;
    this.#isEnded = isLast;
    if (!isLast && !this.#isPaused && this.#waitingBytes > pausedAtBytes) {
      this.#isPaused = true;
      this.#response.pause();
    }
    this.#wake();
  }
}
