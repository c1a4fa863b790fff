import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { runProgram, startProgram } from '../../src/process/child-program.ts';
import { startTimeOf } from '../../src/process/process-identity.ts';
import { eventually } from '../support/eventually.ts';

const log = pino({ level: 'silent' });
const cwd = tmpdir();
const node = process.execPath;

t.test('a program answers on its extra outputs and ends by itself', async t => {
  const program = startProgram({
    name: 'echo',
    program: 'cat',
    args: [],
    cwd,
    stdin: 'pipe',
    stdout: 'pipe',
    outputs: 2,
    log,
  });
  const heard: string[] = [];
  program.stdout?.on('data', chunk => heard.push(String(chunk)));
  program.stdin?.end('hello');
  t.same(await program.exited, { code: 0, signal: null });
  t.equal(heard.join(''), 'hello');
  t.equal(program.outputs.length, 2);
});

t.test('what a program writes to file descriptors 3 and 4 arrives apart', async t => {
  const program = startProgram({
    name: 'node',
    program: node,
    args: ['-e', "fs.writeSync(3, 'three'); fs.writeSync(4, 'four')"],
    cwd,
    stdin: 'ignore',
    outputs: 2,
    log,
  });
  const texts = await Promise.all(
    program.outputs.map(async stream => Buffer.concat(await stream.toArray()).toString()),
  );
  t.same(texts, ['three', 'four']);
});

t.test('standard error that nobody reads never blocks a program, and its last words are kept', async t => {
  const lines: string[] = [];
  const program = startProgram({
    name: 'node',
    program: 'sh',
    args: ['-c', "seq -f 'line %.0f' 0 49999 >&2"],
    cwd,
    stdin: 'ignore',
    onErrorLine: line => lines.push(line),
    log,
  });
  t.equal((await program.exited).code, 0);
  t.match(program.stderrTail(), /line 49999\n$/);
  t.ok(program.stderrTail().length <= 8192);
  t.equal(lines.length, 50_000);
});

t.test('a program that ignores SIGTERM is killed when it is closed, also when closed twice', async t => {
  const program = startProgram({
    name: 'stubborn',
    program: node,
    args: ['-e', "process.on('SIGTERM', () => {}); fs.writeSync(1, 'up'); setInterval(() => {}, 1000)"],
    cwd,
    stdin: 'ignore',
    stdout: 'pipe',
    graceSeconds: 0.1,
    log,
  });
  await once(program.stdout as NodeJS.EventEmitter, 'data');
  await Promise.all([program.close(), program.close()]);
  t.same(await program.exited, { code: null, signal: 'SIGKILL' });
  t.equal(startTimeOf(program.pid), undefined);
});

t.test('a program that is not installed is refused in words', async t => {
  t.throws(
    () => startProgram({ name: 'x', program: 'no-such-program', args: [], cwd, stdin: 'ignore', log }),
    {
      code: 'program-missing',
      message: /"no-such-program" is not installed/,
    },
  );
});

t.test('a program in a folder that does not exist has ended at once', async t => {
  const spec = { name: 'x', program: 'cat', args: [], cwd: '/nowhere/at/all', stdin: 'ignore', log } as const;
  const program = startProgram(spec);
  t.same(await program.exited, { code: null, signal: null });
  t.match(program.stderrTail(), /ENOENT/);
  await program.close();
});

t.test('computing time and memory are limited by the kernel', async t => {
  const busy = startProgram({
    name: 'busy',
    program: 'sh',
    args: ['-c', 'while :; do :; done'],
    cwd,
    stdin: 'ignore',
    limits: { cpuSeconds: 1 },
    log,
  });
  t.match((await busy.exited).signal, /SIGXCPU|SIGKILL/);
  const endlessFile = join(cwd, `livereel-endless-${process.pid}`);
  t.teardown(() => rm(endlessFile, { force: true }));
  const endless = startProgram({
    name: 'endless',
    program: 'sh',
    args: ['-c', 'exec cat /dev/zero > "$0"', endlessFile],
    cwd,
    stdin: 'ignore',
    limits: { fileBytes: 100_000 },
    log,
  });
  t.equal((await endless.exited).signal, 'SIGXFSZ');
  const greedy = startProgram({
    name: 'greedy',
    program: 'python3',
    args: ['-c', 'b = bytearray(300_000_000)'],
    cwd,
    stdin: 'ignore',
    limits: { addressSpaceBytes: 200_000_000 },
    niceness: 5,
    log,
  });
  t.equal((await greedy.exited).code, 1);
  t.match(greedy.stderrTail(), 'MemoryError');
});

t.test('a program has a minimal environment and no secret of ours', async t => {
  process.env.LIVEREEL_TEST_SECRET = 'secret';
  const text = await runProgram({ name: 'env', program: 'env', args: [], cwd, env: { EXTRA: '1' }, log });
  const names = text
    .trim()
    .split('\n')
    .map(line => String(line.split('=')[0]))
    // The test runner marks every process that its tests start; a list of files has lines of its own.
    .filter(name => /^\w+$/.test(name) && !name.startsWith('_TAPJS_') && name !== 'NODE_OPTIONS')
    .sort();
  t.same(names, ['EXTRA', 'HOME', 'LANG', 'PATH']);
});

t.test('a program that fails is reported with its last words', async t => {
  const failed = runProgram({
    name: 'node',
    program: node,
    args: ['-e', "console.error('no good'); process.exit(3)"],
    cwd,
    log,
  });
  await t.rejects(failed, { code: 'program-failed', message: 'node ended with code 3: no good' });
});

t.test('when the server is killed, its programs are gone too', async t => {
  const server = spawn(node, ['--import', 'tsx', 'test/process/starts-a-program.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  const pid = Number(line);
  t.ok(startTimeOf(pid), 'it runs');
  server.kill('SIGKILL');
  await eventually(() => startTimeOf(pid) === undefined);
});
