import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { VideoAnswer } from '../../src/api/video.ts';
import { eventually } from '../support/eventually.ts';
import { runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

type Line = {
  type: string;
  id: string;
  code: string;
  message: string;
  watchUrl: string;
  safeBytes: number;
  state: string;
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'dist/main.js');
const isBuilt = process.env.FROM_SOURCES !== '1' && existsSync(built);
const main = isBuilt ? [built] : ['--import', 'tsx', join(root, 'src/main.ts')];
const folder = await mkdtemp(join(tmpdir(), 'livereel-push-'));
const server = await TestServer.start({ env: { RECONNECT_WINDOW_SECONDS: '30' } });
// Four publishers at once, but for the one whose server is killed.
t.jobs = 3;
t.teardown(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The real command as a process; what it tells comes line by line. */
function push(...args: string[]) {
  const command = [...main, 'push', '--json', '--server', server.baseUrl, ...args];
  const child: ChildProcess = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout?.on('data', bytes => {
    out += bytes;
  });
  child.stderr?.on('data', bytes => {
    errors += bytes;
  });
  const exited = new Promise<number | null>(resolve => child.once('close', resolve));
  t.teardown(() => child.kill('SIGKILL'));
  const lines = () =>
    out
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Line);
  const line = (type: string) =>
    eventually(() => lines().find(each => each.type === type), { what: `"${type}" in: ${out} ${errors}` });
  return { child, exited, lines, line };
}

async function readyVideo(id: string): Promise<VideoAnswer> {
  const look = async () =>
    (await (await fetch(`${server.baseUrl}/api/v1/videos/${id}`)).json()) as VideoAnswer;
  await eventually(async () => ['ready', 'failed'].includes((await look()).state), { timeoutSeconds: 60 });
  return look();
}

async function countedFrames(id: string): Promise<number> {
  const file = join(server.contentDir, id, 'video.mp4');
  const show = [
    '-select_streams',
    'v:0',
    '-count_frames',
    '-show_entries',
    'stream=nb_read_frames',
    '-of',
    'csv=p=0',
  ];
  return Number((await runProgram('ffprobe', ['-v', 'error', ...show, file])).stdout.toString());
}

const clip = join(folder, 'The clip.mp4');
await runProgram('ffmpeg', [
  ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-f', 'lavfi', '-i', 'sine'],
  ...[
    '-t',
    '8',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '25',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
    clip,
  ],
]);

t.test(
  'a server that is killed in the middle and comes back has every frame once',
  { buffered: false },
  async t => {
    const run = push(clip);
    const { id, watchUrl } = await run.line('live');
    t.equal(watchUrl, `${server.baseUrl}/watch/${id}`);
    await eventually(() =>
      run.lines().some(({ type, safeBytes }) => type === 'progress' && safeBytes > 50_000),
    );
    await server.kill9('server');
    await run.line('reconnecting');
    await server.restart();
    await run.line('reconnected');
    t.equal(await run.exited, 0);
    const ended = await run.line('ended');
    t.match(ended, { id, watchUrl });
    t.equal(run.lines().at(-1)?.type, 'ended', 'the last word');
    t.match(await readyVideo(id), { state: 'ready', title: 'The clip' });
    t.equal(await countedFrames(id), 200);
  },
);

t.test('Ctrl-C ends a capture cleanly: what was seen is a video', async t => {
  const run = push('test', '--title', 'Captured', '--visibility', 'unlisted');
  const { id } = await run.line('live');
  await eventually(() => run.lines().filter(({ type }) => type === 'progress').length > 2);
  run.child.kill('SIGINT');
  t.equal(await run.exited, 0);
  t.match(await run.line('ended'), { id });
  const video = await readyVideo(id);
  t.match(video, { state: 'ready', title: 'Captured', visibility: 'unlisted', width: 1280, height: 720 });
  t.ok((video.durationSeconds ?? 0) > 1);
});

t.test('a recording on standard input, and a file as fast as it is taken', async t => {
  const piped = push('-', '--title', 'Piped');
  createReadStream(join(root, 'test/fixtures/chromium-h264.webm')).pipe(
    piped.child.stdin as NodeJS.WritableStream,
  );
  const startedAt = performance.now();
  const fast = push(clip, '--fast', '--encode');
  t.strictSame(await Promise.all([piped.exited, fast.exited]), [0, 0]);
  t.ok(performance.now() - startedAt < 30_000);
  t.match(await readyVideo((await piped.line('ended')).id), { state: 'ready', title: 'Piped' });
  const { id } = await fast.line('ended');
  t.match(await readyVideo(id), { state: 'ready' });
  t.equal(await countedFrames(id), 200);
});

t.test('what cannot be published is refused in words, with an exit code', async t => {
  const playlist = join(folder, 'innocent.mp4');
  await writeFile(playlist, '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n');
  const text = join(folder, 'notes.txt');
  await writeFile(text, 'no picture, no sound\n');
  const refused = async (code: string, exitCode: number, args: readonly string[]) => {
    const run = push(...args);
    t.equal(await run.exited, exitCode, args.join(' '));
    const last = run.lines().at(-1);
    t.match(last, { type: 'error', code, message: /\w{3}/ }, args.join(' '));
    t.notMatch(last?.message, /\n {4}at /);
  };
  await Promise.all([
    refused('source-unreadable', 1, [join(folder, 'none.mp4')]),
    refused('source-unreadable', 1, [playlist]),
    refused('source-unreadable', 1, [text]),
    refused('server-unreachable', 1, [clip, '--server', 'http://127.0.0.1:1']),
    refused('bad-configuration', 78, [clip, '--server', 'video.example']),
  ]);
  await refused('validation-failed', 1, [clip, '--language', '!']);
  await refused('validation-failed', 1, [clip, '--reply-to', 'gone']);
});
