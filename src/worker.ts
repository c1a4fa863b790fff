import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { AccountStore } from './accounts/account-store.ts';
import { Quotas } from './accounts/quotas.ts';
import { UsageStore } from './accounts/usage-store.ts';
import type { Config } from './config.ts';
import { AddressGuard } from './fetch/address-guard.ts';
import { TaskQueue } from './jobs/task-queue.ts';
import { TaskRunner } from './jobs/task-runner.ts';
import { ImportStore } from './library/import-store.ts';
import { ImportTask } from './library/import-task.ts';
import { ladderTask } from './library/ladder-task.ts';
import { loudnessTask } from './library/loudness-task.ts';
import { processTask } from './library/process-task.ts';
import { eventTopic } from './library/server-tasks.ts';
import { previewTask, thumbnailTask } from './library/still-tasks.ts';
import { storyboardTask } from './library/storyboard-task.ts';
import { VideoStore } from './library/video-store.ts';
import type { VideoTaskHandler } from './library/video-task.ts';
import type { Log } from './log.ts';
import { embeddedConnection } from './process/embedded-postgres.ts';
import { ContentDirectory } from './store/content-directory.ts';
import { type Database, openDatabase } from './store/database.ts';

/** A running worker. */
export type Worker = {
  /** Ends what it works on and puts it back. Safe to call twice, never throws. */
  close(): Promise<void>;
};

/**
 * Builds a process that does background tasks, as many at once as the machine can bear. The database is there already:
 * the embedded one with its server, or that of DATABASE_URL. `workerId`: the same in each life of this process.
 * @throws LivereelError `database-unavailable` that says what is missing.
 */
export async function startWorker(config: Config, log: Log, workerId: string): Promise<Worker> {
  const content = new ContentDirectory(config.contentDir);
  const address =
    config.databaseUrl === undefined
      ? { connection: embeddedConnection(content.runDir) }
      : { url: config.databaseUrl };
  const database = await openDatabase({ ...address, log });
  try {
    const videos = new VideoStore(database);
    const run = {
      ffmpegPath: config.ffmpegPath,
      ffprobePath: config.ffprobePath,
      addressSpaceBytes: config.ffmpegMemoryBytes,
      workingDirectory: join(content.tmpDir, 'ffmpeg'),
      log,
    };
    await mkdir(run.workingDirectory, { recursive: true });
    const queue = await TaskQueue.open(database, log);
    // The server tells its viewers: they are connected to it.
    const events = {
      report: (event: unknown) => {
        queue.notices.send(eventTopic, event).catch(error => log.debug({ err: error }, 'event not told'));
      },
    };
    const quotas = new Quotas({
      ...config,
      usage: new UsageStore(database),
      accounts: new AccountStore(database),
    });
    const exclusively: Database['exclusively'] = (name, work) => database.exclusively(name, work);
    const parts = { content, videos, run };
    const limits = { maxPixels: config.maxFramePixels, maxSide: config.maxFrameSide };
    const handlers: VideoTaskHandler[] = [
      processTask({
        ...parts,
        quotas,
        exclusively,
        queue,
        events,
        limits,
        hasRecogniser: config.captions,
        log,
      }),
      thumbnailTask(parts),
      storyboardTask(parts),
      previewTask(parts),
      loudnessTask(parts),
      ladderTask({ content, run, exclusively }),
      new ImportTask({
        ...parts,
        imports: new ImportStore(database),
        guard: new AddressGuard({
          allowNetworks: config.importAllowNetworks,
          openedBy: 'IMPORT_ALLOW_NETWORKS',
        }),
        limits: config,
        queue,
        quotas,
        events,
      }),
    ];
    const runner = new TaskRunner({
      queue,
      handlers,
      findVideo: id => videos.find(id),
      events,
      load: async () => ({ cores: availableParallelism(), liveSessions: await videos.countLive() }),
      workerId,
      log,
    });
    runner.start();
    const close = async () => {
      await runner.close();
      await queue.close();
      await database.close();
    };
    return { close };
  } catch (error) {
    await database.close();
    throw error;
  }
}
