import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { appendToFile, nameForGood } from '../../src/library/file-appender.ts';
import { eventually } from '../support/eventually.ts';
import { runProgram } from '../support/run-program.ts';

const folder = await mkdtemp(join(tmpdir(), 'livereel-append-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));

/** Whether part of a file has no place on the device yet; null where the file system does not tell. */
async function isOnlyInMemory(file: string): Promise<boolean | null> {
  const { code, stdout } = await runProgram('/usr/sbin/filefrag', ['-v', file], { mayFail: true });
  return code === 0 ? String(stdout).includes('delalloc') : null;
}

async function appending(name: string, more: { onWritten?: () => Promise<void> } = {}) {
  const file = join(folder, name);
  await writeFile(file, '');
  const source = new PassThrough();
  const flushed: Promise<void>[] = [];
  const end = appendToFile(file, source, {
    offset: 0,
    onWritten: () => undefined,
    onFlushing: promise => flushed.push(promise),
    signal: new AbortController().signal,
    ...more,
  });
  end.catch(() => undefined);
  return { file, source, flushed, end };
}

t.test(
  'what came is on the device a second later, while more is awaited, and all of it at the end',
  async t => {
    const { file, source, flushed, end } = await appending('slow');
    source.write(Buffer.alloc(1_200_000, 1));
    await eventually(async () => (await stat(file)).size > 1_000_000);
    const told = await isOnlyInMemory(file);
    if (told === null) return void t.plan(0, 'this file system does not tell what it has on the device');
    t.ok(told, 'the system itself would take half a minute');
    // The system looks for what is old every five seconds, and takes what is thirty seconds old.
    await eventually(async () => !(await isOnlyInMemory(file)), { timeoutSeconds: 4, what: 'flushed' });
    source.write(Buffer.alloc(1_200_000, 2));
    await eventually(async () => (await stat(file)).size > 2_200_000);
    t.ok(await isOnlyInMemory(file));
    source.end();
    t.equal(await end, 2_400_000);
    t.equal(flushed.length, 1);
    await flushed[0];
    t.notOk(await isOnlyInMemory(file));
    const named = join(folder, 'named');
    await nameForGood(file, named);
    t.equal((await readFile(named)).length, 2_400_000);
  },
);

t.test('what came before a stream broke is written and flushed', async t => {
  const { file, source, flushed, end } = await appending('broken');
  source.write(Buffer.alloc(700_000, 3));
  await eventually(() => source.readableLength === 0);
  source.destroy(new Error('gone'));
  await t.rejects(end, { message: 'gone' });
  await Promise.all(flushed);
  t.equal(flushed.length, 1);
  t.equal((await stat(file)).size, 700_000);
  t.notOk(await isOnlyInMemory(file));
});

t.test('whoever looks on may end it', async t => {
  const onWritten = () => Promise.reject(new Error('no more'));
  const { source, end, flushed } = await appending('refused', { onWritten });
  source.write(Buffer.alloc(1_200_000));
  source.end();
  await t.rejects(end, { message: 'no more' });
  await Promise.all(flushed);
});
