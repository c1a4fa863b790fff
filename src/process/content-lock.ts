import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { LivereelError } from '../errors.ts';
import { requireProgram } from './find-program.ts';

/** flock(1): the exit code when another holds the lock. */
const heldByAnother = 1;
// macOS' open(2) takes the lock itself; Node has no names for these.
const darwinLockFlags = 0x20 | 0x4;

/**
 * One server for one content directory. The lock is the kernel's (flock(2)): it ends with the process that holds
 * it, however that ends, so there is no stale lock to recognise; it holds across containers that share a volume.
 */
export class ContentLock {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * `path`: the lock file, which stays for ever; its folder must exist.
   * @throws LivereelError `content-directory-in-use` naming the process that holds it.
   */
  static async take(path: string): Promise<ContentLock> {
    const file = await openLocked(path).catch(async error => {
      throw await inUse(path, error);
    });
    try {
      const holder = JSON.stringify({ pid: process.pid, host: hostname(), since: new Date().toISOString() });
      await file.truncate(0);
      await file.write(holder, 0);
      return new ContentLock(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Gives the directory back. Safe to call twice. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }
}

async function openLocked(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  if (process.platform === 'darwin') return await open(path, flags | darwinLockFlags, 0o600);
  const file = await open(path, flags, 0o600);
  // The lock belongs to the open file, which flock(1) shares with us, and stays with us when flock(1) has ended.
  const answer = spawnSync(requireProgram('flock'), ['--exclusive', '--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', file.fd],
  });
  if (answer.status === 0) return file;
  await file.close();
  if (answer.status === heldByAnother) throw new LockHeld();
  throw new LivereelError('program-failed', `flock failed for ${path}: ${answer.stderr ?? answer.error}`);
}

class LockHeld extends Error {}

async function inUse(path: string, error: unknown): Promise<unknown> {
  const isHeld = error instanceof LockHeld || (error as NodeJS.ErrnoException).code === 'EAGAIN';
  if (!isHeld) return error;
  const holder = await readFile(path, 'utf8').then(JSON.parse, () => ({}));
  const name = typeof holder.pid === 'number' ? `process ${holder.pid} on ${holder.host}` : 'another process';
  return new LivereelError(
    'content-directory-in-use',
    `The content directory is in use by another livereel server: ${name} holds ${path}. ` +
      'Stop that server, or set CONTENT_DIR to another folder.',
  );
}
