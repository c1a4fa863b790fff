import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';

/** sun_path of unix(7) holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const maxSocketPathBytes = process.platform === 'darwin' ? 103 : 107;
/** The longest name of a socket of ours: Postgres'. */
const longestNameBytes = '/postgres/.s.PGSQL.5432.lock'.length;

/**
 * Where the Unix sockets of a content directory are: its `run` folder, or, when that path is too long for a
 * socket's address, a folder of our own under the system's temporary one, the same at every start.
 */
export function socketFolderOf(runDir: string): string {
  if (Buffer.byteLength(runDir) + longestNameBytes <= maxSocketPathBytes) return runDir;
  const name = createHash('sha256').update(runDir).digest('hex').slice(0, 16);
  return join(tmpdir(), `livereel-${process.getuid?.() ?? 0}-${name}`);
}

/**
 * Makes the socket folder, for our eyes only.
 * @throws LivereelError `bad-configuration` when someone else was there first.
 */
export async function makeSocketFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!folder.startsWith(tmpdir())) return;
  const found = await lstat(folder);
  // Everyone may write to the temporary folder: what has our name may be another's trap.
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) {
    throw new LivereelError(
      'bad-configuration',
      `${folder} belongs to someone else: remove it, or set TMPDIR.`,
    );
  }
}
