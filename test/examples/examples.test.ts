import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { runFfmpeg, runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
// Debian's OpenCV belongs to Debian's Python, which need not be the first in the path.
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

const server = await TestServer.start();
t.teardown(() => server.stop());

/** The id in the watch address that every example prints. */
function idIn(output: string): string {
  const id = /\/watch\/([0-9A-Za-z]{12})\b/.exec(output)?.[1];
  if (!id) throw new Error(`no watch address in: ${output}`);
  return id;
}

/** A plain MP4 of numbered frames, as somebody's film. */
async function film(folder: string, framesPerSecond: number, seconds: number): Promise<string> {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: seconds, framesPerSecond });
  const file = `${folder}/film.mp4`;
  await runFfmpeg(['-loglevel', 'error', '-i', clip.file, '-c:v', 'copy', '-c:a', 'aac', file]);
  return file;
}

t.test('webcam.py: every frame at the time it was taken', async t => {
  const file = await film(t.testdir(), 10, 3);
  const { stdout } = await runProgram(python, [example('webcam.py'), server.baseUrl, file]);
  const id = idIn(stdout.toString());
  await server.finished(id);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 0, count: 30 }), []);
  const first = frames[0]?.ptsSeconds ?? 0;
  for (const [index, { ptsSeconds }] of frames.entries()) {
    t.ok(Math.abs(ptsSeconds - first - index / 10) <= 0.02, `frame ${index} at ${ptsSeconds} s`);
  }
});

t.test('webcam.mjs: the same without any package', async t => {
  const file = await film(t.testdir(), 10, 3);
  const { stdout } = await runProgram(process.execPath, [example('webcam.mjs'), server.baseUrl, file]);
  const id = idIn(stdout.toString());
  const video = await server.finished(id);
  t.same(frameSequenceFaults(await readFrameNumbers(server.videoFile(id)), { first: 0, count: 30 }), []);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 3) < 0.5, `${video.durationSeconds} s`);
});

t.test('ffmpeg.sh: a file as if it were live', async t => {
  const file = await film(t.testdir(), 30, 4);
  const running = spawn('sh', [example('ffmpeg.sh'), server.baseUrl, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  running.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  const exited = new Promise(resolve => running.once('close', resolve));
  const id = await eventually(() => idIn(output));
  await eventually(async () => (await server.text(`/hls/${id}/main/stream.m3u8`)).includes('#EXT-X-PART:'), {
    what: 'it is live while it is sent',
  });
  t.equal(running.exitCode, null, 'the file is still being sent');
  t.equal(await exited, 0);
  await server.finished(id);
  t.same(frameSequenceFaults(await readFrameNumbers(server.videoFile(id)), { first: 0, count: 120 }), []);
});

t.test('curl.sh: a recording as it is', async t => {
  const clip = await makeClip({ kind: 'webm-vp8', durationSeconds: 3 });
  const { stdout } = await runProgram('sh', [example('curl.sh'), server.baseUrl, clip.file]);
  const id = idIn(stdout.toString());
  const video = await server.finished(id);
  t.same(frameSequenceFaults(await readFrameNumbers(server.videoFile(id)), { first: 0, count: 90 }), []);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 3) < 0.1, `${video.durationSeconds} s`);
});

t.test('browser.html: ten lines of MediaRecorder', async t => {
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const session = await server.createSession({ title: 'browser' });
  const page = await chromium.page();
  await page.goto(`file://${example('browser.html')}#${session.ingestUrl}`);
  await page.click('#button');
  await eventually(async () => (await server.video(session.id)).state === 'live');
  await page.waitForTimeout(2_500);
  await page.click('#button');
  const video = await server.finished(session.id);
  t.ok((video.durationSeconds ?? 0) > 1.5, `${video.durationSeconds} s`);
  t.same(page.errors, []);
});
