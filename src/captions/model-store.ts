import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { Turns } from '../process/turns.ts';
import type { NamedModel } from './model-catalogue.ts';

export type ModelStoreOptions = {
  /** CONTENT_DIR/models. */
  readonly folder: string;
  /** What file names are put behind, no slash at its end. */
  readonly baseUrl: string;
  readonly log: Log;
  /** Waits before each further try after one that brought nothing; as many tries as there are waits. */
  readonly retryWaitsSeconds?: readonly number[];
  /** A server that sends nothing for this long has broken off. */
  readonly idleSeconds?: number;
};

/** How far a download is; `totalBytes` 0: not known. */
export type DownloadProgress = { readonly receivedBytes: number; readonly totalBytes: number };

type Published = Extract<NamedModel, { kind: 'published' }>;
type Download = {
  readonly model: Published;
  readonly part: string;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly signal: AbortSignal;
};

const presetRetryWaits = [0.5, 2, 5];
const presetIdleSeconds = 30;
/** A connection that brings less is a failure too. */
const worthwhileBytes = 64 * 1024;
/** The largest that is published has 3.1 GB. */
const maxModelBytes = 16 * 1024 ** 3;
/** What is left free on the disk. */
const freeBytesKept = 512 * 1024 ** 2;
const hashChunkBytes = 1024 ** 2;

/** Speech models in CONTENT_DIR/models, fetched when they are first needed. One download at a time. */
export class ModelStore {
  readonly #options: ModelStoreOptions;
  readonly #turns = new Turns(1);

  constructor(options: ModelStoreOptions) {
    this.#options = options;
  }

  /**
   * The path of a model's file. What is not there is fetched: on from where an earlier download broke off, its
   * checksum verified, in its place only when it is whole. A file that a person put there is taken as it is.
   * @throws LivereelError `model-unavailable` that says what to do; the signal's reason.
   */
  async fetch(
    model: Published,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const path = join(this.#options.folder, model.fileName);
    return await this.#turns.take(async () => {
      if (await isFile(path)) return path;
      try {
        await mkdir(this.#options.folder, { recursive: true });
        const part = `${path}.part`;
        await this.#download({ model, part, onProgress, signal });
        await this.#verify(part, model);
        await rename(part, path);
        this.#options.log.info({ model: model.name, path }, 'speech model fetched');
        return path;
      } catch (cause) {
        signal.throwIfAborted();
        throw this.#unavailable(model, path, cause);
      }
    }, signal);
  }

  /** Until it is whole; a connection that broke off after it brought something is worth another. */
  async #download(download: Download): Promise<void> {
    const waits = this.#options.retryWaitsSeconds ?? presetRetryWaits;
    for (let failures = 0; ; failures += 1) {
      const before = await sizeOf(download.part);
      try {
        return await this.#receive(download, before);
      } catch (error) {
        download.signal.throwIfAborted();
        if ((await sizeOf(download.part)) >= before + worthwhileBytes) failures = 0;
        const waitSeconds = waits[failures];
        if (waitSeconds === undefined || error instanceof LivereelError) throw error;
        this.#options.log.debug({ err: error, model: download.model.name }, 'download broke off, going on');
        await delay(waitSeconds * 1_000, undefined, { signal: download.signal });
      }
    }
  }

  async #receive({ model, part, onProgress, signal }: Download, haveBytes: number): Promise<void> {
    const idle = new IdleLimit(this.#options.idleSeconds ?? presetIdleSeconds);
    try {
      const answer = await fetch(`${this.#options.baseUrl}/${model.fileName}`, {
        headers: haveBytes > 0 ? { range: `bytes=${haveBytes}-` } : {},
        signal: AbortSignal.any([signal, idle.signal]),
      });
      const { from, totalBytes } = await placeOf(answer, haveBytes, part);
      if (answer.status === 416) return;
      await this.#checkRoom(totalBytes - from);
      const file = await open(part, from > 0 ? 'r+' : 'w');
      try {
        await this.#write(file, answer, { from, totalBytes, onProgress, idle });
      } finally {
        await file.close();
      }
    } finally {
      idle.stop();
    }
  }

  async #write(
    file: FileHandle,
    answer: Response,
    { from, totalBytes, onProgress, idle }: DownloadPlace,
  ): Promise<void> {
    let receivedBytes = from;
    let nextPercent = totalBytes > 0 ? Math.floor((10 * from) / totalBytes) * 10 + 10 : Infinity;
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      idle.touch();
      await file.write(chunk, 0, chunk.byteLength, receivedBytes);
      receivedBytes += chunk.byteLength;
      if (receivedBytes > maxModelBytes) throw unusable('it does not end');
      onProgress({ receivedBytes, totalBytes });
      const percent = (100 * receivedBytes) / totalBytes;
      if (percent < nextPercent) continue;
      this.#options.log.info({ percent: nextPercent, totalBytes }, 'fetching the speech model');
      nextPercent = Math.floor(percent / 10) * 10 + 10;
    }
    if (receivedBytes < totalBytes)
      throw new Error(`the connection ended at ${receivedBytes} of ${totalBytes} bytes`);
    await file.truncate(receivedBytes);
    await file.sync();
  }

  async #checkRoom(neededBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.folder);
    if (bavail * bsize > neededBytes + freeBytesKept) return;
    const wanted = Math.ceil((neededBytes + freeBytesKept) / 1024 ** 2);
    throw unusable(`it needs ${wanted} MiB of free disk space`);
  }

  async #verify(part: string, { sha1 }: Published): Promise<void> {
    const hash = createHash('sha1');
    for await (const chunk of createReadStream(part, { highWaterMark: hashChunkBytes }))
      hash.update(chunk as Buffer);
    if (hash.digest('hex') === sha1) return;
    // The next try begins anew: what is wrong in it, nobody knows.
    await rm(part, { force: true });
    throw unusable('what came is damaged, or not what whisper.cpp publishes (its checksum differs)');
  }

  #unavailable({ name }: Published, path: string, cause: unknown): LivereelError {
    const { baseUrl } = this.#options;
    return new LivereelError(
      'model-unavailable',
      `The speech model ${name} could not be fetched from ${baseUrl}: ${reasonOf(cause)}. Streams go on without ` +
        'captions. Check the network, or name a mirror in WHISPER_MODEL_URL, ' +
        `or put the file at ${path}, or name a model file in WHISPER_MODEL, or set CAPTIONS=off.`,
      { cause },
    );
  }
}

type DownloadPlace = {
  readonly from: number;
  readonly totalBytes: number;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly idle: IdleLimit;
};

/** Aborts what waits for a server that has gone quiet. */
class IdleLimit {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(seconds: number) {
    const reason = new Error(`the server sent nothing for ${seconds} s`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), seconds * 1_000);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  touch(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Where the answer's bytes belong (RFC 9110, section 14). A server that knows no ranges sends all from the beginning. */
async function placeOf(
  answer: Response,
  haveBytes: number,
  part: string,
): Promise<{ from: number; totalBytes: number }> {
  if (answer.status === 200)
    return { from: 0, totalBytes: Number(answer.headers.get('content-length') ?? 0) };
  const [, from, total] =
    /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(answer.headers.get('content-range') ?? '') ?? [];
  if (answer.status === 206 && Number(from) === haveBytes)
    return { from: haveBytes, totalBytes: Number(total) || 0 };
  await answer.body?.cancel();
  // All of it was here already, when the last download ended before its checksum was taken.
  if (answer.status === 416 && Number(total) === haveBytes) return { from: haveBytes, totalBytes: haveBytes };
  if (answer.status === 416 || answer.status === 206) {
    await rm(part, { force: true });
    throw new Error('the server has another file by now');
  }
  const error = `the server answers ${answer.status}`;
  throw answer.status >= 500 || answer.status === 429 ? new Error(error) : unusable(error);
}

/** What another try does not mend. */
function unusable(reason: string): LivereelError {
  return new LivereelError('model-unavailable', reason);
}

/** `fetch` says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return cause instanceof Error && !(error instanceof LivereelError)
    ? `${cause.message || code || message}`
    : message;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
