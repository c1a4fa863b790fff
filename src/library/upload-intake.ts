import { timingSafeEqual } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import type { Asker } from '../accounts/asker.ts';
import type { Quotas } from '../accounts/quotas.ts';
import { LivereelError } from '../errors.ts';
import { stateEvent, type VideoEvents } from '../events/video-events.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { appendToFile, keepForGood } from './file-appender.ts';
import { checkReply } from './reply-access.ts';
import type { UploadRoom } from './upload-room.ts';
import type { Upload, UploadStore } from './upload-store.ts';
import type { VideoRow, VideoStore } from './video-store.ts';

/** What somebody wants to upload. Ids are new; `secret` is empty for what cannot be resumed. */
export type NewUpload = {
  readonly videoId: string;
  readonly secret: string;
  readonly title: string;
  readonly visibility: VideoRow['visibility'];
  readonly replyTo: string | undefined;
  /** Null while it is not known. */
  readonly sizeBytes: number | null;
  readonly metadata: string | null;
};

/** Who sends it. `address`: an IP address, or `unknown`. */
export type Uploader = { readonly asker: Asker; readonly address: string };

/** What uploads are taken with. */
export type UploadIntakeParts = {
  readonly uploads: UploadStore;
  readonly videos: Pick<VideoStore, 'insert' | 'find' | 'received'>;
  readonly quotas: Pick<Quotas, 'admit' | 'checkFile'>;
  readonly queue: Pick<TaskQueue, 'enqueue'>;
  readonly room: UploadRoom;
  readonly content: ContentDirectory;
  readonly events: Pick<VideoEvents, 'report'>;
  /** Deletes a video for good. */
  readonly discard: (videoId: string) => Promise<unknown>;
  readonly log: Log;
};

// One query for so many bytes, not one a write.
const touchedAfterMillis = 10_000;
// Others of the same owner grow beside it, and how large it becomes may not be known.
const quotaCheckedEveryBytes = 67_108_864;
// Whole, and not finished by the request that brought the end: it failed at that, and nobody will ask again.
const settledMillis = 60_000;

/**
 * Takes files in: a video that is `uploading`, its bytes in `original.part`, its row in `uploads` until all of them are
 * there. Then the file gets its name, the video is `processing`, and a worker goes on. Each step may be repeated:
 * what a server that died left half done is finished by `recover`.
 */
export class UploadIntake {
  readonly #parts: UploadIntakeParts;
  readonly #appending = new Map<string, AbortController>();
  /** What was written of an upload is on its way to the device. */
  readonly #flushing = new Map<string, Promise<void>>();

  constructor(parts: UploadIntakeParts) {
    this.#parts = parts;
  }

  /** The largest file that is taken. */
  get maxBytes(): number {
    return this.#parts.room.maxBytes;
  }

  /** When an upload that gets no bytes any more is given up, milliseconds after the last ones. */
  get patienceMillis(): number {
    return this.#parts.room.patienceMillis;
  }

  /**
   * Begins an upload: its video exists from now on.
   * @throws LivereelError `unauthorized`, `quota-exceeded`, `upload-too-large`, `too-many-uploads`, `disk-full`,
   * `validation-failed`.
   */
  async begin(wanted: NewUpload, { asker, address }: Uploader): Promise<void> {
    const { videos, uploads, quotas, room, content, log } = this.#parts;
    const { videoId, title, visibility, replyTo, sizeBytes, secret, metadata } = wanted;
    const uploader = asker.kind === 'person' ? asker.accountId : `address ${address}`;
    await checkReply(replyTo, asker, videos);
    const wish = { kind: 'upload' as const, ...(sizeBytes !== null && { sizeBytes }) };
    await quotas.admit(asker, wish, ownerId =>
      room.admit(uploader, sizeBytes, async () => {
        await videos.insert({
          id: videoId,
          state: 'uploading',
          title,
          visibility,
          input: 'upload',
          language: 'auto',
          captions: true,
          replyTo: replyTo ?? null,
          clientAddress: address,
          ownerId,
        });
        await uploads.insert({ videoId, secret, sizeBytes, uploader, metadata });
      }),
    );
    await mkdir(content.videoDir(videoId), { recursive: true });
    await writeFile(content.partialOriginalFile(videoId), '', { flag: 'wx' });
    log.info({ videoId, sizeBytes, isResumable: secret !== '' }, 'upload begun');
  }

  /** An upload that is open, and where its file ends. @throws LivereelError `upload-not-found`. */
  async find(videoId: string, secret: string): Promise<Upload & { readonly offset: number }> {
    const upload = await this.#parts.uploads.find(videoId);
    if (upload === undefined || secret === '' || !isSame(upload.secret, secret)) throw noSuchUpload();
    return { ...upload, offset: await this.#arrivedBytes(videoId) };
  }

  /**
   * The client tells how large the file is that it began to send.
   * @throws LivereelError `upload-too-large`, `quota-exceeded`.
   */
  async declareSize(videoId: string, sizeBytes: number): Promise<void> {
    this.#parts.room.refuseLarge(sizeBytes);
    await this.#checkQuota(videoId, sizeBytes);
    await this.#parts.uploads.setSize(videoId, sizeBytes);
  }

  /**
   * Writes what a stream brings behind what is there; gives where the file ends then. One at a time for an upload:
   * the caller sees to it. @throws LivereelError `upload-too-large`, `quota-exceeded`, `disk-full`, `session-not-found`
   * when it was deleted meanwhile; what the stream throws.
   */
  async append(videoId: string, offset: number, source: AsyncIterable<Buffer>): Promise<number> {
    const { content, uploads, room, log } = this.#parts;
    const stop = new AbortController();
    this.#appending.set(videoId, stop);
    let touchedAtMillis = performance.now();
    let checkedBytes = offset;
    try {
      return await appendToFile(content.partialOriginalFile(videoId), source, {
        offset,
        onFlushing: flushed => this.#keepFlushing(videoId, flushed),
        signal: stop.signal,
        onWritten: async end => {
          await room.check(end);
          if (end - checkedBytes >= quotaCheckedEveryBytes) {
            checkedBytes = end;
            await this.#checkQuota(videoId, end);
          }
          if (performance.now() - touchedAtMillis < touchedAfterMillis) return;
          touchedAtMillis = performance.now();
          await uploads.touch(videoId);
        },
      });
    } finally {
      this.#appending.delete(videoId);
      // Nobody waits for that: what comes next may be the end of the upload.
      uploads.touch(videoId).catch(error => log.debug({ err: error, videoId }, 'upload not touched'));
    }
  }

  /** Where a video's file is while it arrives. */
  partialFile(videoId: string): string {
    return this.#parts.content.partialOriginalFile(videoId);
  }

  /**
   * All bytes are there: from now on a worker makes a video of them, while the last of them are still on their way to the
   * device. Safe to repeat. @throws LivereelError `upload-not-found`.
   */
  async finish(videoId: string, changes: Partial<VideoRow> = {}): Promise<VideoRow> {
    const { videos, uploads, queue, content, events, log } = this.#parts;
    const original = content.originalFile(videoId);
    await rename(content.partialOriginalFile(videoId), original).catch(ignoreMissing);
    this.#keepFlushing(
      videoId,
      Promise.resolve(this.#flushing.get(videoId)).then(() => keepForGood(original)),
    );
    const received = await videos.received(videoId, changes);
    if (received === undefined) throw noSuchUpload();
    await queue.enqueue(videoId, 'process');
    await uploads.remove(videoId);
    if (received.isNews) {
      log.info({ videoId }, 'upload complete');
      events.report(stateEvent(videoId, 'processing'));
    }
    return received.video;
  }

  /** Gives an upload up: its video and its bytes are gone. Safe to repeat. */
  async abandon(videoId: string, reason: string): Promise<void> {
    this.#parts.log.info({ videoId, reason }, 'upload given up');
    await this.#parts.discard(videoId);
  }

  /** Breaks off what is being written for a video that is being deleted. Never throws. */
  stop(videoId: string, why: LivereelError): void {
    this.#appending.get(videoId)?.abort(why);
  }

  /**
   * Finishes what is there whole, and gives up what was left alone for too long. At a start, before anyone sends
   * (`isStart`), also what cannot be resumed: its connection died with the server.
   */
  async sweep(isStart: boolean): Promise<void> {
    const { uploads, videos, room, content, log } = this.#parts;
    for (const upload of await uploads.all(room.mostOpen)) {
      const { videoId, sizeBytes, secret, activeAt } = upload;
      if (this.#appending.has(videoId)) continue;
      const idleMillis = Date.now() - activeAt.getTime();
      const isLeft = idleMillis > room.patienceMillis;
      try {
        const { state } = (await videos.find(videoId)) ?? {};
        if (state === 'ready' || state === 'failed') {
          // The server died before it could note that this was over; its worker went on meanwhile.
          await uploads.remove(videoId);
          continue;
        }
        const isNamed = await exists(content.originalFile(videoId));
        const isWhole =
          isNamed || (secret !== '' && (await this.#arrivedBytes(videoId).catch(() => -1)) === sizeBytes);
        if (isWhole && (isStart || idleMillis > settledMillis)) await this.finish(videoId);
        else if (isLeft || (isStart && secret === '')) await this.abandon(videoId, 'left alone');
      } catch (error) {
        log.warn({ err: error, videoId }, 'upload not looked through');
      }
    }
    for (const videoId of await uploads.orphans(new Date(Date.now() - room.patienceMillis)))
      await this.abandon(videoId, 'nothing is known of it');
  }

  async #checkQuota(videoId: string, sizeBytes: number): Promise<void> {
    const video = await this.#parts.videos.find(videoId);
    if (video !== undefined)
      await this.#parts.quotas.checkFile({ videoId, ownerId: video.ownerId, sizeBytes });
  }

  /** What the device cannot keep was acknowledged already: the upload is given up, so that its sender begins anew. */
  #keepFlushing(videoId: string, flushed: Promise<void>): void {
    const { videos, log } = this.#parts;
    const kept = flushed
      .catch(async error => {
        log.error({ err: error, videoId }, 'the disk did not keep an upload');
        // Of what is whole a video may have been made meanwhile.
        if ((await videos.find(videoId))?.state === 'uploading')
          await this.abandon(videoId, 'the disk failed');
      })
      .catch(error => log.warn({ err: error, videoId }, 'upload not given up'))
      .finally(() => {
        if (this.#flushing.get(videoId) === kept) this.#flushing.delete(videoId);
      });
    this.#flushing.set(videoId, kept);
  }

  async #arrivedBytes(videoId: string): Promise<number> {
    const found = await stat(this.#parts.content.partialOriginalFile(videoId)).catch(ignoreMissing);
    if (found === undefined) throw noSuchUpload();
    return found.size;
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(ignoreMissing)) !== undefined;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function noSuchUpload(): LivereelError {
  return new LivereelError(
    'upload-not-found',
    'There is no such upload: it is over, was deleted, or expired. Begin a new one.',
  );
}
