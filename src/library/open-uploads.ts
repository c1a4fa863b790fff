import type { Quotas } from '../accounts/quotas.ts';
import type { Config } from '../config.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Database } from '../store/database.ts';
import { PlainUploads } from './plain-upload.ts';
import { UploadIntake } from './upload-intake.ts';
import { UploadRoom } from './upload-room.ts';
import { UploadStore } from './upload-store.ts';
import type { VideoDeletion } from './video-deletion.ts';
import type { VideoStore } from './video-store.ts';

/** What uploads are built of. */
export type UploadsParts = {
  readonly config: Pick<
    Config,
    | 'uploadMaxBytes'
    | 'uploadExpireSeconds'
    | 'minFreeDiskBytes'
    | 'minFreeDiskRatio'
    | 'maxFramePixels'
    | 'maxFrameSide'
  >;
  readonly database: Database;
  readonly videos: VideoStore;
  readonly accounts: { readonly quotas: Pick<Quotas, 'admit' | 'checkFile'> };
  readonly tasks: { readonly queue: Pick<TaskQueue, 'enqueue'> };
  readonly content: ContentDirectory;
  readonly events: Pick<VideoEvents, 'report'>;
  readonly run: Omit<RunSettings, 'signal' | 'log'>;
  readonly deletion: Pick<VideoDeletion, 'deleteVideo'>;
  readonly log: Log;
};

/** Uploads of both kinds; owned by the composition root. */
export type Uploads = {
  readonly intake: UploadIntake;
  readonly plain: PlainUploads;
  close(): void;
};

const mostSweptAfterMillis = 60_000;

/**
 * Opens the intake of files: what an earlier life of the server left is finished or given up before anyone sends.
 * @throws LivereelError `database-unavailable`.
 */
export async function openUploads(parts: UploadsParts): Promise<Uploads> {
  const { config, database, content, videos, accounts, tasks, deletion, run, log } = parts;
  const uploads = new UploadStore(database);
  const room = new UploadRoom(
    {
      maxBytes: config.uploadMaxBytes,
      patienceSeconds: config.uploadExpireSeconds,
      minFreeDiskBytes: config.minFreeDiskBytes,
      minFreeDiskRatio: config.minFreeDiskRatio,
    },
    uploads,
    content,
  );
  const intake = new UploadIntake({
    ...parts,
    uploads,
    room,
    quotas: accounts.quotas,
    queue: tasks.queue,
    discard: videoId => deletion.deleteVideo(videoId),
  });
  const limits = { maxPixels: config.maxFramePixels, maxSide: config.maxFrameSide };
  const plain = new PlainUploads(intake, videos, { ...run, log }, limits);
  await intake.sweep(true);
  const everyMillis = Math.min(mostSweptAfterMillis, room.patienceMillis);
  const sweeping = setInterval(() => {
    intake.sweep(false).catch(error => log.warn({ err: error }, 'uploads not looked through'));
  }, everyMillis);
  sweeping.unref();
  const close = () => {
    clearInterval(sweeping);
    plain.close();
  };
  return { intake, plain, close };
}
