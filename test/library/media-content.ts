import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { TaskContext } from '../../src/jobs/task-handler.ts';
import { createLog } from '../../src/log.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';

/** A content directory for tasks that make files of videos, and what their ffmpeg may use; it goes with the test. */
export async function mediaContent(t: Test) {
  const content = new ContentDirectory(await mkdtemp(join(tmpdir(), 'livereel-media-tasks-')));
  t.teardown(() => rm(content.root, { recursive: true, force: true }));
  await content.prepare();
  const workingDirectory = join(content.tmpDir, 'ffmpeg');
  await mkdir(workingDirectory);
  const run = {
    ffmpegPath: 'ffmpeg',
    ffprobePath: 'ffprobe',
    addressSpaceBytes: 2 ** 31,
    workingDirectory,
    log: createLog('silent'),
  };
  return { content, run };
}

/** A first attempt that nobody ends. */
export const firstAttempt: TaskContext = {
  signal: new AbortController().signal,
  progress: () => undefined,
  attempt: 1,
  threads: 1,
};
