import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { PidFiles } from '../../src/process/pid-files.ts';
import { membersOf, startTimeOf } from '../../src/process/process-identity.ts';

const log = pino({ level: 'silent' });
const runDir = await mkdtemp(join(tmpdir(), 'livereel-pids-'));
const pidFiles = new PidFiles(runDir, log);
t.teardown(() => rm(runDir, { recursive: true, force: true }));

/** A program as an earlier server would have left it: in a group of its own. */
async function leftover(command: string): Promise<number> {
  const child = spawn('sh', ['-c', command], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return Number(child.pid);
}

t.test('a program that an earlier server left running is ended', async t => {
  const pid = await leftover('echo up; exec sleep 600');
  await pidFiles.remember('ffmpeg-1', pid, 'sleep');
  t.same(await pidFiles.names(), ['ffmpeg-1']);
  t.equal(await new PidFiles(runDir, log).endLeftover('ffmpeg-1'), true);
  t.equal(startTimeOf(pid), undefined);
  t.same(await pidFiles.names(), []);
  t.equal(await pidFiles.endLeftover('ffmpeg-1'), false);
});

t.test('one that ignores the signal is killed, with all that it started', async t => {
  const pid = await leftover('trap "" TERM; sleep 600 & echo up; sleep 600; sleep 600');
  await pidFiles.remember('stubborn', pid, 'sh');
  await pidFiles.endLeftovers({ graceSeconds: 0.1 });
  t.same(membersOf(pid), []);
});

t.test('what outlives its leader is found by the group', async t => {
  const pid = await leftover('sleep 600 & echo up; exec sleep 600');
  await pidFiles.remember('workers', pid, 'sleep');
  process.kill(pid, 'SIGKILL');
  t.equal(membersOf(pid).filter(member => member !== pid).length, 1);
  t.equal(await pidFiles.endLeftover('workers'), true);
  t.same(membersOf(pid), []);
});

t.test('another process that got the number meanwhile is left alone', async t => {
  const pid = await leftover('echo up; exec sleep 600');
  await pidFiles.remember('reused', pid, 'sleep');
  const record = JSON.parse(await readFile(join(runDir, 'reused.pid'), 'utf8'));
  await writeFile(
    join(runDir, 'reused.pid'),
    JSON.stringify({ ...record, startTime: `${record.startTime}0` }),
  );
  t.equal(await pidFiles.endLeftover('reused'), false);
  t.ok(startTimeOf(pid));
  process.kill(pid, 'SIGKILL');
});

t.test('a file that is damaged, or names what must never be killed, is dropped', async t => {
  for (const text of [
    '',
    '{',
    '{"pid":-1,"startTime":"x"}',
    '{"pid":0}',
    '{"pid":1,"startTime":"x"}',
    'null',
  ]) {
    await writeFile(join(runDir, 'odd.pid'), text);
    t.equal(await pidFiles.endLeftover('odd'), false, text);
  }
});
