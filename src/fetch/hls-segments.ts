import { createDecipheriv } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import type { GuardedClient } from './guarded-client.ts';
import type { ByteRange, SegmentKey } from './hls-playlist.ts';
import { expectSuccess } from './resumed-download.ts';

/** What a segment or an init section is, its addresses absolute. */
export type Piece = {
  readonly url: URL;
  readonly range: ByteRange | null;
  readonly key: { readonly url: URL; readonly iv: Buffer } | null;
};

const keyBytes = 16;
const mostKeys = 1_000;
const mostTries = 4;
const firstRetryMillis = 250;

/** Fetches the pieces of an HLS stream, each to a file of its own, decrypted. One for a stream: keys are fetched once. */
export class HlsSegments {
  readonly #client: GuardedClient;
  readonly #signal: AbortSignal;
  readonly #keys = new Map<string, Promise<Buffer>>();

  constructor(client: GuardedClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /**
   * Fetches a piece of at most `maxBytes`; tries again a few times while the origin does not answer.
   * @throws LivereelError `source-*`; the signal's reason.
   */
  async fetch(piece: Piece, file: string, maxBytes: number): Promise<number> {
    return await this.#patiently(async () => {
      const key = piece.key === null ? undefined : await this.#key(piece.key.url);
      const handle = await open(file, 'w');
      let bytes = 0;
      try {
        for await (const chunk of decrypted(this.#read(piece, maxBytes), key, piece.key?.iv)) {
          await handle.appendFile(chunk);
          bytes += chunk.length;
        }
      } finally {
        await handle.close();
      }
      return bytes;
    });
  }

  /** A small text, e.g. a playlist, and where it came from in the end. */
  async text(url: URL, maxBytes: number): Promise<{ readonly text: string; readonly url: URL }> {
    return await this.#patiently(async () => {
      const headers = { 'accept-encoding': 'gzip' };
      const answer = await this.#client.request(url, { maxBytes, headers, signal: this.#signal });
      return { text: `${await this.#whole(answer)}`, url: answer.url };
    });
  }

  async *#read({ url, range }: Piece, maxBytes: number): AsyncGenerator<Buffer> {
    const headers = range === null ? {} : { range: rangeHeader(range) };
    const answer = await this.#client.request(url, { maxBytes, headers, signal: this.#signal });
    try {
      expectSuccess(answer);
      // A server without ranges sends all of it: the part is cut out here.
      let skip = range !== null && answer.status === 200 ? range.offset : 0;
      let left = range?.lengthBytes ?? Number.POSITIVE_INFINITY;
      for await (const chunk of answer.body) {
        const part = chunk.subarray(Math.min(skip, chunk.length)).subarray(0, left);
        skip = Math.max(0, skip - chunk.length);
        left -= part.length;
        if (part.length > 0) yield part;
        // An answer of just this range is read to its end, so that its connection serves the next one.
        if (left === 0 && (answer.status === 200 || part.length < chunk.length)) return;
      }
      if (range !== null && left > 0) throw torn();
    } finally {
      answer.discard();
    }
  }

  #key(url: URL): Promise<Buffer> {
    const known = this.#keys.get(url.href);
    if (known !== undefined) return known;
    if (this.#keys.size >= mostKeys) {
      throw new LivereelError('source-refused', `The stream uses more than ${mostKeys} keys.`);
    }
    const fetched = this.#fetchKey(url);
    this.#keys.set(url.href, fetched);
    // One that could not be had is asked for again.
    fetched.catch(() => this.#keys.delete(url.href));
    return fetched;
  }

  async #fetchKey(url: URL): Promise<Buffer> {
    const answer = await this.#client.request(url, { maxBytes: 1_024, signal: this.#signal });
    const key = await this.#whole(answer);
    if (key.length === keyBytes) return key;
    throw new LivereelError(
      'source-refused',
      `The key of the stream is ${key.length} bytes long, not ${keyBytes}.`,
    );
  }

  async #whole(answer: Awaited<ReturnType<GuardedClient['request']>>): Promise<Buffer> {
    const chunks: Buffer[] = [];
    try {
      expectSuccess(answer);
      for await (const chunk of answer.body) chunks.push(chunk);
    } finally {
      answer.discard();
    }
    return Buffer.concat(chunks);
  }

  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        this.#signal.throwIfAborted();
        const isPassing = error instanceof LivereelError && error.code === 'source-unavailable';
        if (!isPassing || tries >= mostTries) throw error;
        await delay(firstRetryMillis * 2 ** (tries - 1), undefined, { signal: this.#signal });
      }
    }
  }
}

async function* decrypted(
  chunks: AsyncIterable<Buffer>,
  key: Buffer | undefined,
  iv: Buffer | undefined,
): AsyncGenerator<Buffer> {
  if (key === undefined || iv === undefined) {
    yield* chunks;
    return;
  }
  const decipher = createDecipheriv('aes-128-cbc', key, iv);
  for await (const chunk of chunks) yield decipher.update(chunk);
  let last: Buffer;
  try {
    last = decipher.final();
  } catch (cause) {
    throw new LivereelError('source-refused', 'The stream cannot be decrypted with the key that it names.', {
      cause,
    });
  }
  yield last;
}

function rangeHeader({ offset, lengthBytes }: ByteRange): string {
  return `bytes=${offset}-${offset + lengthBytes - 1}`;
}

function torn(): LivereelError {
  return new LivereelError('source-unavailable', 'A segment is shorter than the playlist says.');
}

/** The IV of a segment: the playlist's, else its number (rfc8216bis, section 5.2). */
export function ivOf(key: SegmentKey, sequence: number): Buffer {
  if (key.iv !== null) return key.iv;
  const iv = Buffer.alloc(keyBytes);
  iv.writeBigUInt64BE(BigInt(sequence), 8);
  return iv;
}
