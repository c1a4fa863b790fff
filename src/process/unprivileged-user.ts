import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type RunAs, runProgram } from './child-program.ts';
import { findProgram } from './find-program.ts';

/** What a program in a user namespace takes itself for; outside it stays who we are. */
const namespaceUser = { kind: 'user-namespace', uid: 1000, gid: 1000 } as const;

/**
 * Whom a program that refuses to run as root can run as: undefined when we are not root ourselves; else a user
 * namespace, in which our own files stay ours; else the user `nobody`, who needs to be given the files.
 * @throws LivereelError `program-missing` that says what to do.
 */
export async function unprivilegedUser(log: Log): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  if (findProgram('unshare') !== undefined) {
    try {
      await runProgram({
        name: 'unshare',
        program: 'true',
        args: [],
        cwd: tmpdir(),
        asUser: namespaceUser,
        log,
      });
      return namespaceUser;
    } catch (error) {
      log.debug({ err: error }, 'no user namespaces here');
    }
  }
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users);
  if (nobody) return { kind: 'user', uid: Number(nobody[1]), gid: Number(nobody[2]) };
  throw new LivereelError(
    'program-missing',
    'Postgres refuses to run as root, and here is neither unshare (util-linux) nor a user "nobody". ' +
      'Start livereel as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
  );
}
