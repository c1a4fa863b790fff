import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ChildProgram, failure, type RunAs, runProgram, startProgram } from './child-program.ts';
import { PidFiles } from './pid-files.ts';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { startTimeOf } from './process-identity.ts';
import { socketFolderOf } from './socket-folder.ts';
import { SupervisedProgram } from './supervised-program.ts';
import { unprivilegedUser } from './unprivileged-user.ts';

/** How `pg` reaches it: by a Unix socket in a folder that is ours alone, so without a password. */
export type PostgresConnection = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
};

export type EmbeddedPostgresOptions = {
  readonly contentDir: string;
  readonly runDir: string;
  readonly log: Log;
};

type Cluster = {
  readonly binaries: PostgresBinaries;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly runDir: string;
  readonly asUser: RunAs | undefined;
  readonly pidFiles: PidFiles;
  readonly log: Log;
};

const pidName = 'postgres';
const superuser = 'livereel';
/** Names the socket file only; nothing listens on TCP. */
const port = 5432;
/** A fast shutdown: running statements are broken off, what was committed is kept. */
const endSignal = 'SIGINT';
const graceSeconds = 5;
/** Crash recovery reads at most `max_wal_size` again; this is far more than it takes. */
const startTimeoutSeconds = 120;
// Backends of a killed postmaster notice within some milliseconds; until then the new one finds their memory in use.
const retryMillis = 50;
const maxRetries = 100;

// Light, and as safe in a crash as Postgres is by default.
const settings = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '50',
  shared_buffers: '32MB',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_line_prefix: '',
  log_checkpoints: 'off',
  lc_messages: 'C',
} as const;

/** How the database server of a content directory is reached while its server runs. */
export function embeddedConnection(runDir: string): PostgresConnection {
  return { host: join(socketFolderOf(runDir), 'postgres'), port, database: 'postgres', user: superuser };
}

/** The database server that lives in `CONTENT_DIR/postgres`: made at the first start, supervised ever after. */
export class EmbeddedPostgres {
  readonly connection: PostgresConnection;
  readonly #supervised: SupervisedProgram;

  private constructor(connection: PostgresConnection, supervised: SupervisedProgram) {
    this.connection = connection;
    this.#supervised = supervised;
  }

  /**
   * Resolves when it accepts connections. What a killed server left of it is ended first.
   * The caller holds the content lock.
   * @throws LivereelError `program-missing`, or `program-failed` with Postgres' own words.
   */
  static async start({ contentDir, runDir, log }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const cluster: Cluster = {
      binaries: await findPostgres(),
      dataDir: join(contentDir, 'postgres'),
      socketDir: embeddedConnection(runDir).host,
      runDir,
      asUser: await unprivilegedUser(log),
      pidFiles: new PidFiles(runDir, log),
      log,
    };
    await mkdir(cluster.socketDir, { recursive: true, mode: 0o700 });
    await cluster.pidFiles.endLeftover(pidName, { signal: endSignal, graceSeconds });
    await initialise(cluster);
    await handOver(cluster);
    const launch = (signal: AbortSignal) => launchPostgres(cluster, signal);
    const { pidFiles } = cluster;
    const supervised = await SupervisedProgram.start({ name: pidName, launch, pidFiles, log });
    return new EmbeddedPostgres(embeddedConnection(runDir), supervised);
  }

  /** Of the postmaster that runs now; undefined between a death and the restart. */
  get pid(): number | undefined {
    return this.#supervised.pid;
  }

  /** Whether it accepts connections. */
  get isUp(): boolean {
    return this.#supervised.isUp;
  }

  /** Shuts it down. Safe to call twice, never throws. */
  close(): Promise<void> {
    return this.#supervised.close();
  }
}

/** Makes the cluster under another name first: an initdb that was interrupted leaves nothing that looks whole. */
async function initialise(cluster: Cluster): Promise<void> {
  const { dataDir, asUser, log, runDir, binaries } = cluster;
  if (await isThere(join(dataDir, 'PG_VERSION'))) return;
  if (await isThere(dataDir)) {
    throw new LivereelError(
      'program-failed',
      `${dataDir} exists and is no Postgres cluster. Move it away, and start again.`,
    );
  }
  const unfinished = `${dataDir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (asUser?.kind === 'user') await chown(unfinished, asUser.uid, asUser.gid);
  await runProgram({
    name: 'initdb',
    program: binaries.initdb,
    args: [
      `--pgdata=${unfinished}`,
      `--username=${superuser}`,
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ],
    cwd: runDir,
    log,
    ...(asUser && { asUser }),
  }).catch(error => {
    throw asUser?.kind === 'user' ? notForNobody(binaries.initdb, error) : error;
  });
  await rename(unfinished, dataDir);
  const folder = await open(join(dataDir, '..'));
  await folder.sync().finally(() => folder.close());
  log.info('database cluster made');
}

/** Postgres insists on owning its files; who it runs as may have changed since the last start. */
async function handOver({ dataDir, socketDir, runDir, asUser }: Cluster): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = asUser?.kind === 'user' ? asUser : { uid: 0, gid: 0 };
  if ((await stat(dataDir)).uid !== uid) {
    for (const name of await readdir(dataDir, { recursive: true })) {
      const path = join(dataDir, name);
      // Links stay as they are: what they point at is not ours to give away.
      if (!(await lstat(path)).isSymbolicLink()) await chown(path, uid, gid);
    }
    // Last, so that an interrupted change of hands is begun anew.
    await chown(dataDir, uid, gid);
  }
  await chown(socketDir, uid, gid);
  if (uid !== 0) await chmod(runDir, 0o711);
}

async function launchPostgres(cluster: Cluster, signal: AbortSignal): Promise<ChildProgram> {
  await removeStaleLocks(cluster);
  for (let attempt = 1; ; attempt += 1) {
    const { program, ready } = spawnPostgres(cluster);
    await cluster.pidFiles.remember(pidName, program.pid, 'postgres');
    if (await ready) return program;
    await program.close();
    const said = program.stderrTail();
    if (signal.aborted || attempt === maxRetries || !/shared memory block .* still in use/.test(said)) {
      throw failure('postgres', await program.exited, said);
    }
    await delay(retryMillis);
  }
}

function spawnPostgres(cluster: Cluster): { program: ChildProgram; ready: Promise<boolean> } {
  const { binaries, dataDir, socketDir, runDir, asUser, log } = cluster;
  let sayReady: (isReady: boolean) => void = () => undefined;
  const saidReady = new Promise<boolean>(resolve => {
    sayReady = resolve;
  });
  const program = startProgram({
    name: 'postgres',
    program: binaries.postgres,
    args: [
      '-D',
      dataDir,
      '-k',
      socketDir,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    cwd: runDir,
    stdin: 'ignore',
    endSignal,
    graceSeconds,
    // The postmaster ends its children with it, and leaves a clean cluster.
    parentDeathSignal: endSignal,
    ...(asUser && { asUser }),
    onErrorLine: line => {
      if (line.includes('database system is ready to accept connections')) sayReady(true);
      passOn(line, log);
    },
    log,
  });
  const patience = setTimeout(() => sayReady(false), startTimeoutSeconds * 1_000);
  const ready = Promise.race([saidReady, program.exited.then(() => false)]);
  return { program, ready: ready.finally(() => clearTimeout(patience)) };
}

/**
 * Lock files of a postmaster that was killed name a pid. Postgres refuses to start while any process of the same
 * user has that number, also one that got it later; we know better, for we hold the content lock.
 */
async function removeStaleLocks({ dataDir, socketDir, log }: Cluster): Promise<void> {
  const lockFile = join(dataDir, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(lockFile, 'utf8').catch(() => ''), 10);
  if (!(pid > 1)) return;
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  if (folder === (await realpath(dataDir))) {
    log.warn({ pid }, 'ending a Postgres that an earlier server left running');
    await endPostmaster(pid);
  } else if (startTimeOf(pid) !== undefined && process.platform !== 'linux') {
    return;
  }
  await rm(lockFile, { force: true });
  await rm(join(socketDir, `.s.PGSQL.${port}.lock`), { force: true });
}

async function endPostmaster(pid: number): Promise<void> {
  const startTime = startTimeOf(pid);
  const killAt = performance.now() + graceSeconds * 1_000;
  process.kill(pid, endSignal);
  while (startTime !== undefined && startTimeOf(pid) === startTime) {
    if (performance.now() > killAt) process.kill(pid, 'SIGKILL');
    await delay(retryMillis);
  }
}

/** Postgres' lines in our log. What a statement did wrong is told to who sent it, and only noted here. */
function passOn(line: string, log: Log): void {
  if (/^(FATAL|PANIC):/.test(line)) log.warn({ said: line }, 'postgres reports');
  else if (line !== '') log.debug({ said: line }, 'postgres says');
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Postgres refuses root, and where user namespaces are forbidden another user has to reach its files. */
function notForNobody(program: string, cause: unknown): LivereelError {
  const why = `Postgres does not run as root, and as the user nobody it could not be set up with ${program}`;
  const how =
    'Put the project and CONTENT_DIR where other users may enter (/opt, not /root), or start livereel as an ' +
    'ordinary user, or set DATABASE_URL to a PostgreSQL server.';
  return new LivereelError('program-failed', `${why}: ${(cause as Error).message}. ${how}`, { cause });
}
