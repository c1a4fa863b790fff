import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { DeletionStore } from '../library/deletion-store.ts';
import { VideoDeletion } from '../library/video-deletion.ts';
import { VideoStore } from '../library/video-store.ts';
import type { Log } from '../log.ts';
import { ContentDirectory } from '../store/content-directory.ts';
import { DoctorStore } from './doctor-store.ts';
import type { Finding } from './finding.ts';
import { orphanFolders, stuckWork, unfinishedDeletions } from './library-checks.ts';
import {
  leftInTmp,
  lowDisk,
  missingPrograms,
  staleProcessFiles,
  wrongPermissions,
} from './machine-checks.ts';
import { videoFindings } from './video-checks.ts';
import { isThere, openLibrary, takeLock } from './visited-content.ts';

const videosAtOnce = 200;

/** Looks at everything, one finding after another. The caller may mend each before it takes the next. */
export async function* examine(config: Config, log: Log, signal: AbortSignal): AsyncGenerator<Finding> {
  const content = new ContentDirectory(config.contentDir);
  yield* missingPrograms(config);
  if (!(await isThere(content.root))) return;
  yield* await lowDisk(content, config);
  yield* await wrongPermissions(content);
  const lock = await takeLock(content);
  try {
    if (lock !== null) {
      yield* await staleProcessFiles(content, log);
      yield* await leftInTmp(content);
    }
    yield* await examineLibrary(config, content, lock === null, log, signal);
  } finally {
    await lock?.close();
  }
}

async function* examineLibrary(
  config: Config,
  content: ContentDirectory,
  isServed: boolean,
  log: Log,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const isEmbedded = config.databaseUrl === undefined;
  if (isEmbedded && !(await isThere(join(content.root, 'postgres')))) {
    if ((await content.ids()).length > 0) yield noDatabase();
    return;
  }
  const opened = await openLibrary(config, content, isServed, log);
  try {
    const { database } = opened;
    const [videos, deletions] = [new VideoStore(database), new DeletionStore(database)];
    const store = new DoctorStore(database);
    const parts = { content, store, deletions, videos, isServed };
    const silent = { report: () => undefined };
    const deletion = new VideoDeletion({ deletions, content, sessions: null, work: [], events: silent, log });
    yield* await unfinishedDeletions(parts, () => deletion.sweep());
    yield* await orphanFolders(parts);
    yield* await stuckWork(parts);
    const workingDirectory = join(content.tmpDir, 'ffmpeg');
    await mkdir(workingDirectory, { recursive: true });
    const { ffmpegPath, ffprobePath, ffmpegMemoryBytes: addressSpaceBytes } = config;
    const run = { ffmpegPath, ffprobePath, addressSpaceBytes, workingDirectory, log, signal };
    for (let after = '', more = true; more; ) {
      const ids = await store.settledIds(after, videosAtOnce);
      for (const id of ids) {
        signal.throwIfAborted();
        const video = await videos.find(id);
        if (video?.state === 'ready') yield* await videoFindings(video, { content, videos, run });
      }
      after = ids.at(-1) ?? after;
      more = ids.length === videosAtOnce;
    }
  } finally {
    await opened.close();
  }
}

function noDatabase(): Finding {
  return {
    check: 'no-database',
    subject: 'postgres',
    problem: 'There are folders of videos, and no database that knows them.',
    remedy: 'Put the folder "postgres" back from a backup, or set DATABASE_URL to the one that was used.',
  };
}
