import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentDirectory } from '../store/content-directory.ts';
import { flushFile, flushFolder, flushTree } from '../store/flushed-files.ts';

/**
 * Runs `work` with a folder of its own beside the content (the same file system, so that what is made there is moved in
 * one step), and removes it afterwards, together with what a killed attempt of the same task left.
 */
export async function withScratch<T>(
  content: Pick<ContentDirectory, 'tmpDir'>,
  task: string,
  videoId: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await clearScratch(content, task, videoId);
  const folder = join(content.tmpDir, `${prefixOf(task, videoId)}${Math.random().toString(36).slice(2, 10)}`);
  await mkdir(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what attempts of a task left of a video. */
export async function clearScratch(
  content: Pick<ContentDirectory, 'tmpDir'>,
  task: string,
  videoId: string,
): Promise<void> {
  const prefix = prefixOf(task, videoId);
  for (const name of await readdir(content.tmpDir)) {
    if (name.startsWith(prefix)) await rm(join(content.tmpDir, name), { recursive: true, force: true });
  }
}

/**
 * Moves finished files and folders to their place, once a power cut does not take them; ENOENT when the video was deleted
 * meanwhile, and nothing is made then.
 */
export async function moveInto(folder: string, place: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const made = join(folder, name);
    await ((await stat(made)).isDirectory() ? flushTree(made) : flushFile(made));
    await rename(made, join(place, name));
  }
  await flushFolder(place);
}

function prefixOf(task: string, videoId: string): string {
  return `${task}-${videoId}-`;
}
