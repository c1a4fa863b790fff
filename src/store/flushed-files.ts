import { type FileHandle, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const filesAtOnce = 8;

/** Resolves when what stands in a file is on the device: a power cut does not take it. @throws the system's error. */
export async function flushFile(file: string): Promise<void> {
  // Opened for reading only: whose file it is does not matter.
  await flushAndClose(await open(file, 'r'), handle => handle.datasync());
}

/** The same for the names in a folder, as they are after files came, went or were renamed. */
export async function flushFolder(folder: string): Promise<void> {
  await flushAndClose(await open(folder, 'r'), handle => handle.sync().catch(ignoreUnflushable));
}

/** The same for all files and folders below a folder, and itself; not for its own name (`flushFolder` of its parent). */
export async function flushTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  for (let first = 0; first < files.length; first += filesAtOnce)
    await Promise.all(files.slice(first, first + filesAtOnce).map(flushFile));
  const folders = new Set([folder, ...files.map(dirname)]);
  await Promise.all([...folders].map(flushFolder));
}

async function flushAndClose(handle: FileHandle, flush: (handle: FileHandle) => Promise<void>) {
  try {
    await flush(handle);
  } finally {
    await handle.close();
  }
}

/** Some network file systems keep names safe by themselves and know no way to ask for it. */
function ignoreUnflushable(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error;
}
