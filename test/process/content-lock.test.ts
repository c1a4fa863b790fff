import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { startProgram } from '../../src/process/child-program.ts';
import { ContentLock } from '../../src/process/content-lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'livereel-lock-'));
const path = join(folder, 'server.lock');
t.teardown(() => rm(folder, { recursive: true, force: true }));

t.test('a second server on one content directory is refused, and told who has it', async t => {
  const lock = await ContentLock.take(path);
  await t.rejects(ContentLock.take(path), {
    code: 'content-directory-in-use',
    message: new RegExp(`process ${process.pid} on .*CONTENT_DIR`),
  });
  await Promise.all([lock.close(), lock.close()]);
  const next = await ContentLock.take(path);
  await next.close();
});

t.test('of many that start at once exactly one gets it', async t => {
  const tries = await Promise.allSettled(Array.from({ length: 10 }, () => ContentLock.take(path)));
  const taken = tries.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []));
  t.equal(taken.length, 1);
  for (const lock of taken) await lock.close();
});

t.test('the lock of a server that was killed is free at once, also while its programs still run', async t => {
  const server = spawn(process.execPath, ['--import', 'tsx', 'test/process/takes-the-lock.ts', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  await t.rejects(ContentLock.take(path), { message: new RegExp(`process ${server.pid} `) });
  server.kill('SIGKILL');
  await once(server, 'exit');
  const lock = await ContentLock.take(path);
  await lock.close();
});

t.test('programs that are started do not inherit it', async _t => {
  const lock = await ContentLock.take(path);
  const program = startProgram({
    name: 'sleep',
    program: 'sleep',
    args: ['600'],
    cwd: folder,
    stdin: 'ignore',
    log: pino({ level: 'silent' }),
  });
  await lock.close();
  const again = await ContentLock.take(path);
  await again.close();
  await program.close();
});
