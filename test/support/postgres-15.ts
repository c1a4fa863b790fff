import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Log } from '../../src/log.ts';
import { type RunAs, runProgram, startProgram } from '../../src/process/child-program.ts';
import { listenAddress } from '../../src/process/listen-address.ts';
import { unprivilegedUser } from '../../src/process/unprivileged-user.ts';
import { copyCluster } from './made-cluster.ts';

/** A database server as operators have it: Debian's PostgreSQL 15, over TCP, with a password. */
export type Postgres15 = {
  /** For `DATABASE_URL`. */
  readonly url: string;
  /** Ends it and removes its files. */
  readonly close: () => Promise<void>;
};

const programs = '/usr/lib/postgresql/15/bin';

/** Starts an empty cluster in a temporary folder, on a free port of the loopback address. */
export async function startPostgres15(): Promise<Postgres15> {
  const log = pino({ level: 'silent' });
  const folder = await mkdtemp(join(tmpdir(), 'livereel-pg15-'));
  const asUser = await unprivilegedUser(log);
  const run = { cwd: folder, log, ...(asUser && { asUser }) };
  const dataDir = join(folder, 'data');
  await copyCluster(['postgres 15', statSync(join(programs, 'initdb')).mtimeMs], dataDir, made =>
    initialise(made, run),
  );
  const { port } = await listenAddress('127.0.0.1', 0);
  let sayReady: () => void = () => undefined;
  const ready = new Promise<'ready'>(resolve => {
    sayReady = () => resolve('ready');
  });
  const postgres = startProgram({
    name: 'postgres 15',
    program: join(programs, 'postgres'),
    args: [
      '-D',
      dataDir,
      '-k',
      '',
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=off',
    ],
    stdin: 'ignore',
    endSignal: 'SIGINT',
    onErrorLine: line => {
      if (line.includes('ready to accept connections')) sayReady();
    },
    ...run,
  });
  const close = async () => {
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  };
  if ((await Promise.race([ready, postgres.exited])) !== 'ready') {
    const said = postgres.stderrTail();
    await close();
    throw new Error(`PostgreSQL 15 did not start: ${said}`);
  }
  return { url: `postgres://tester:pass%20word@127.0.0.1:${port}/postgres`, close };
}

type Run = { readonly cwd: string; readonly log: Log; readonly asUser?: RunAs };

async function initialise(dataDir: string, run: Run): Promise<void> {
  const passwordFile = join(run.cwd, 'password');
  await writeFile(passwordFile, 'pass word');
  const auth = ['-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  const args = ['-D', dataDir, '-U', 'tester', ...auth, '-E', 'UTF8', '-N'];
  await runProgram({ name: 'initdb', program: join(programs, 'initdb'), args, ...run });
}
