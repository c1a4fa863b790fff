import { tmpdir } from 'node:os';
import { pino } from 'pino';
import t from 'tap';
import { startRun } from '../../src/ffmpeg/background-run.ts';
import { endMediaRun, type MediaRun } from '../../src/ffmpeg/media-task.ts';

const settings = {
  ffmpegPath: 'ffmpeg',
  ffprobePath: 'ffprobe',
  addressSpaceBytes: 2 ** 31,
  workingDirectory: tmpdir(),
  log: pino({ level: 'silent' }),
  signal: new AbortController().signal,
};

/** Comes to no end by itself. */
const endless = (cpuSeconds: number): MediaRun => ({
  args: [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30', '-f', 'null', '-'],
  ],
  cpuSeconds,
  what: 'The test',
});

// Not in the kernel's idle class, as tasks are: on a busy machine a second of computing would take half a minute there.
const start = ({ args, cpuSeconds }: MediaRun) =>
  startRun(settings, { program: 'ffmpeg', args, stdin: 'ignore', cpuSeconds });

t.test('what computes for too long is told so, by the limit and not as a broken file', async t => {
  const run = endless(1);
  const program = start(run);
  await t.rejects(endMediaRun(settings, program, run), { code: 'media-too-costly', message: /computing/ });
});

t.test('what is ended from outside is the fault of no file', async t => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const run = endless(1_000);
    const program = start(run);
    setTimeout(() => program.kill(signal), 300);
    await t.rejects(endMediaRun(settings, program, run), { code: 'program-failed' }, signal);
  }
});
