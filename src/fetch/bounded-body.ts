import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { LivereelError } from '../errors.ts';

/** What a body may be at most, and how slow. */
export type BodyLimits = {
  /** Of what is read, that is, after decompression. */
  readonly maxBytes: number;
  readonly pace: Pace;
  /** Who ends it, and with what reason. */
  readonly signal: AbortSignal;
};

/** How slow a sender may be before it is given up: one that dribbles would hold its place for hours. */
export type Pace = {
  /** Without a byte for this long. */
  readonly silentSeconds: number;
  /** At least `leastBytes` have to come in each `windowSeconds`. */
  readonly windowSeconds: number;
  readonly leastBytes: number;
};

/** 1 KiB/s: a seventh of a telephone line. */
export const usualPace: Pace = { silentSeconds: 30, windowSeconds: 30, leastBytes: 30 * 1024 };

/**
 * An answer's body, decompressed as its header says, in pieces as they come. Memory is bounded whatever a few bytes
 * unfold to: the next piece is unfolded when the one before was taken. Ends the connection when it is left early.
 * @throws LivereelError `source-too-large`, `source-unavailable` (too slow, torn), `source-refused` (cannot be decompressed);
 * the signal's reason.
 */
export async function* boundedBody(answer: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const { maxBytes, pace, signal } = limits;
  const meter = new PaceMeter(answer, pace);
  let bytes = 0;
  let body: Readable = answer;
  try {
    body = decoded(answer);
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      meter.pause();
      yield chunk;
      meter.resume();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw meter.verdict ?? bodyError(error);
  } finally {
    meter.close();
    body.destroy();
    answer.destroy();
  }
}

/** The error for something of more than `maxBytes`. */
export function tooLarge(maxBytes: number): LivereelError {
  return new LivereelError(
    'source-too-large',
    `It is larger than the ${Math.floor(maxBytes / 1024 ** 2)} MiB that this server takes (IMPORT_MAX_BYTES).`,
  );
}

function decoded(answer: IncomingMessage): Readable {
  const coding = (answer.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding === 'identity' || coding === '') return answer;
  const decoder = decoderOf(coding);
  // Errors reach who reads the decoder.
  return pipeline(answer, decoder, () => undefined);
}

function decoderOf(coding: string): Transform {
  if (coding === 'gzip' || coding === 'x-gzip') return createGunzip();
  if (coding === 'deflate') return createInflate();
  if (coding === 'br') return createBrotliDecompress();
  // Several codings one in another serve nobody but who builds bombs.
  throw new LivereelError('source-refused', 'The server packed its answer in a way that is not taken.');
}

function bodyError(error: unknown): unknown {
  if (error instanceof LivereelError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code.startsWith('Z_') || code.startsWith('ERR__ERROR_')) {
    return new LivereelError('source-refused', 'What the server sent cannot be unpacked.', { cause: error });
  }
  const message = 'The connection was lost before all had come.';
  return new LivereelError('source-unavailable', message, { cause: error });
}

/** Looks on while bytes arrive, and ends the connection of a sender that is too slow. Who reads slowly is no sender's fault. */
class PaceMeter {
  verdict: LivereelError | undefined;
  readonly #answer: IncomingMessage;
  readonly #pace: Pace;
  readonly #timer: NodeJS.Timeout;
  readonly #startBytes: number;
  #waitedMillis = 0;
  #waitsSince: number | undefined = performance.now();
  #windowBytes = 0;
  #silentMillis = 0;
  #seenBytes = 0;

  constructor(answer: IncomingMessage, pace: Pace) {
    this.#answer = answer;
    this.#pace = pace;
    this.#startBytes = answer.socket?.bytesRead ?? 0;
    const everyMillis = Math.min(pace.silentSeconds, pace.windowSeconds) * 250;
    this.#timer = setInterval(() => this.#look(), everyMillis);
  }

  pause(): void {
    this.#settle();
    this.#waitsSince = undefined;
  }

  resume(): void {
    this.#waitsSince = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #settle(): void {
    if (this.#waitsSince === undefined) return;
    const now = performance.now();
    this.#waitedMillis += now - this.#waitsSince;
    this.#silentMillis += now - this.#waitsSince;
    this.#waitsSince = now;
  }

  #look(): void {
    this.#settle();
    // Counted at the socket: what comes packed may be much and unfold to nothing for long.
    const bytes = (this.#answer.socket?.bytesRead ?? this.#seenBytes + this.#startBytes) - this.#startBytes;
    if (bytes > this.#seenBytes) this.#silentMillis = 0;
    this.#windowBytes += bytes - this.#seenBytes;
    this.#seenBytes = bytes;
    const { silentSeconds, windowSeconds, leastBytes } = this.#pace;
    if (this.#silentMillis >= silentSeconds * 1_000) this.#giveUp('sent nothing more');
    if (this.#waitedMillis < windowSeconds * 1_000) return;
    if (this.#windowBytes < leastBytes) this.#giveUp('sends too slowly');
    this.#waitedMillis = 0;
    this.#windowBytes = 0;
  }

  #giveUp(what: string): void {
    this.verdict ??= new LivereelError('source-unavailable', `The server ${what}, so it was given up.`);
    this.#answer.destroy(this.verdict);
  }
}
