import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import t from 'tap';
import { EmbeddedPostgres } from '../../src/process/embedded-postgres.ts';
import { PidFiles } from '../../src/process/pid-files.ts';
import { startTimeOf } from '../../src/process/process-identity.ts';
import { socketFolderOf } from '../../src/process/socket-folder.ts';
import { eventually } from '../support/eventually.ts';

const log = pino({ level: 'silent' });
const contentDir = await mkdtemp(join(tmpdir(), 'livereel-pg-'));
const runDir = join(contentDir, 'run');
await mkdir(runDir);
t.teardown(() => rm(contentDir, { recursive: true, force: true }));

const start = () => EmbeddedPostgres.start({ contentDir, runDir, log });

async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client(postgres.connection);
  // The server may be killed under it, which is also told to the query.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

t.test('the first start makes a cluster, and what is written is there after a restart', async t => {
  await mkdir(join(contentDir, 'postgres.new'));
  await writeFile(join(contentDir, 'postgres.new', 'PG_VERSION'), 'of an initdb that was interrupted');
  const first = await start();
  await query(first, 'create table kept (word text)');
  await query(first, "insert into kept values ('ü')");
  const [{ server_encoding: encoding }] = (await query(first, 'show server_encoding')) as [
    { server_encoding: string },
  ];
  t.equal(encoding, 'UTF8');
  const { pid } = first;
  const pidFiles = new PidFiles(runDir, log);
  t.same(await pidFiles.names(), ['postgres'], 'known to a server that comes after a killed one');
  await Promise.all([first.close(), first.close()]);
  t.same(await pidFiles.names(), []);
  t.equal(startTimeOf(Number(pid)), undefined);
  const began = performance.now();
  const second = await start();
  t.comment(`second start ${Math.round(performance.now() - began)} ms`);
  t.same(await query(second, 'select word from kept'), [{ word: 'ü' }]);
  await second.close();
});

t.test('a Postgres that is killed is back, and keeps what was committed', async t => {
  const postgres = await start();
  await query(postgres, 'create table counted (n int)');
  for (let n = 1; n <= 3; n += 1) {
    await query(postgres, `insert into counted values (${n})`);
    const killed = Number(postgres.pid);
    process.kill(killed, 'SIGKILL');
    const began = performance.now();
    await eventually(() => postgres.isUp && postgres.pid !== killed);
    t.comment(`back after ${Math.round(performance.now() - began)} ms`);
    t.same(await query(postgres, 'select count(*)::int as n from counted'), [{ n }]);
  }
  await postgres.close();
});

t.test('a backend that is killed costs its connections, not the server', async t => {
  const postgres = await start();
  const [{ pid }] = (await query(postgres, 'select pg_backend_pid() as pid')) as [{ pid: number }];
  t.ok(pid);
  const client = new pg.Client(postgres.connection);
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query('select pg_backend_pid() as pid');
  process.kill(rows[0].pid, 'SIGKILL');
  await eventually(() => query(postgres, 'select 1'));
  await client.end().catch(() => undefined);
  await postgres.close();
});

t.test('the Postgres of a server that was killed is ended, and the next one starts', async t => {
  const server = spawn(process.execPath, ['--import', 'tsx', 'test/process/starts-postgres.ts', contentDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  const left = Number(line);
  t.ok(startTimeOf(left), 'it runs');
  server.kill('SIGKILL');
  const postgres = await start();
  t.not(postgres.pid, left);
  t.equal(startTimeOf(left), undefined);
  t.same(await query(postgres, 'select 1 as one'), [{ one: 1 }]);
  await postgres.close();
});

t.test('a lock file that names a process of someone else does not stop the start', async t => {
  const lockFile = join(contentDir, 'postgres', 'postmaster.pid');
  await writeFile(lockFile, `${process.pid}\n${join(contentDir, 'postgres')}\n`);
  const postgres = await start();
  t.match(await readFile(lockFile, 'utf8'), `${postgres.pid}\n`);
  await postgres.close();
});

t.test('a long path is no hindrance', async t => {
  const long = join(contentDir, 'x'.repeat(150));
  await mkdir(join(long, 'run'), { recursive: true });
  const postgres = await EmbeddedPostgres.start({ contentDir: long, runDir: join(long, 'run'), log });
  t.same(await query(postgres, 'select 1 as one'), [{ one: 1 }]);
  await postgres.close();
  await rm(socketFolderOf(join(long, 'run')), { recursive: true });
});

t.test('a folder that holds something else is refused, and left alone', async t => {
  const other = join(contentDir, 'other');
  await mkdir(join(other, 'postgres'), { recursive: true });
  await mkdir(join(other, 'run'));
  await t.rejects(EmbeddedPostgres.start({ contentDir: other, runDir: join(other, 'run'), log }), {
    code: 'program-failed',
    message: /is no Postgres cluster/,
  });
});
