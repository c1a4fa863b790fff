import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeletionStore } from '../library/deletion-store.ts';
import type { VideoRow } from '../library/video-store.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { DoctorStore } from './doctor-store.ts';
import type { Finding } from './finding.ts';

/** What is looked at. */
export type LibraryCheckParts = {
  readonly content: ContentDirectory;
  readonly store: DoctorStore;
  readonly deletions: DeletionStore;
  readonly videos: { find(id: string): Promise<VideoRow | undefined> };
  /** A server works on this content now. */
  readonly isServed: boolean;
};

// What is younger may be in the making.
export const settledMillis = 600_000;
const stuckTaskSeconds = 900;
const stuckVideoSeconds = 6 * 3_600;

/** Folders of videos that no row knows. Nothing is thrown away: a database that was put back may miss their rows. */
export async function orphanFolders(parts: LibraryCheckParts): Promise<Finding[]> {
  const { content, store, videos, deletions } = parts;
  const known = new Set(await store.ids());
  const findings: Finding[] = [];
  for (const id of await content.ids()) {
    if (known.has(id) || (await isYoung(content.videoDir(id)))) continue;
    // Looked up once more: it may have come after the list was read.
    if ((await videos.find(id)) !== undefined || (await deletions.find(id)) !== undefined) continue;
    const bytes = await content.storedBytes(id);
    findings.push({
      check: 'orphan-folder',
      subject: id,
      problem: `The folder ${id} (${Math.ceil(bytes / 1024 ** 2)} MiB) belongs to no video of the library.`,
      remedy: `It is moved to orphans/${id}; remove it there if nobody needs it.`,
      fix: async () => {
        if ((await videos.find(id)) !== undefined) return;
        const orphans = join(content.root, 'orphans');
        await mkdir(orphans, { recursive: true, mode: 0o700 });
        await rename(content.videoDir(id), join(orphans, id));
      },
    });
  }
  return findings;
}

/** Videos that were deleted and whose files are still there. */
export async function unfinishedDeletions(
  { deletions, isServed }: LibraryCheckParts,
  sweep: () => Promise<void>,
): Promise<Finding[]> {
  // A server goes on with them by itself.
  if (isServed) return [];
  return (await deletions.unfinished()).map(id => ({
    check: 'unfinished-deletion' as const,
    subject: id,
    problem: `The video ${id} was deleted, and its files are not all removed yet.`,
    remedy: 'They are removed.',
    fix: sweep,
  }));
}

/** Tasks and videos that nothing moves on any more. */
export async function stuckWork({ store, isServed }: LibraryCheckParts): Promise<Finding[]> {
  const tasks = (await store.silentTasks(stuckTaskSeconds)).map(({ videoId, task }) => ({
    check: 'stuck-task' as const,
    subject: videoId,
    problem: `The task ${task} of ${videoId} is called running, and nobody has worked on it for a quarter of an hour.`,
    remedy: isServed
      ? 'See the log of the worker; restart the server if it has none.'
      : 'Start the server, or `livereel worker`: it takes up what another left.',
  }));
  if (!isServed) return tasks;
  const videos = (await store.silentVideos(stuckVideoSeconds)).map(({ id, state }) => ({
    check: 'stuck-video' as const,
    subject: id,
    problem: `The video ${id} has been ${state} for more than six hours without a change.`,
    remedy: 'See the log for its id, and restart the server: it goes on from what was recorded.',
  }));
  return [...tasks, ...videos];
}

/** Whether something changed there a moment ago. */
export async function isYoung(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < settledMillis;
}
