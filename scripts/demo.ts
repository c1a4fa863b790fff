/**
 * `npm run demo [-- --exit] [--seconds 10]`: the whole path without a camera, a microphone, a screen or a network. A
 * generated picture and synthetic speech go through the real WebSocket ingest at their real pace; the live address is
 * printed as soon as it plays, then what is said, then the video's address. Uses the server at HOST:PORT if one runs
 * there, else starts one, which listens with the tests' small model unless WHISPER_MODEL or WHISPER_URL is set.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import type { VideoAnswer } from '../src/api/video.ts';
import { Publisher, type WebSocketClass } from '../src/client/publisher.ts';
import { DemoCaptions } from './demo-captions.ts';

const { values } = parseArgs({
  options: { exit: { type: 'boolean', default: false }, seconds: { type: 'string', default: '10' } },
});
const seconds = Number(values.seconds);
if (!(seconds >= 1 && seconds <= 3_600)) {
  console.error(`--seconds holds "${values.seconds}"; it may hold a number from 1 to 3600.`);
  process.exit(2);
}
const baseUrl = `http://${process.env.HOST || '127.0.0.1'}:${process.env.PORT || '8000'}`;
const root = fileURLToPath(new URL('..', import.meta.url));
/** Test material: it knows 93 words, and the clip has no others. */
const speech = {
  model: `${root}test/fixtures/speech/ggml-micro-15s.en.bin`,
  clip: `${root}test/fixtures/speech/clips/speech-10s.wav`,
};

/** Ends what was started here, and only that. */
const started: ChildProcess[] = [];

async function isReady(): Promise<boolean> {
  const answer = await fetch(`${baseUrl}/ready`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.status === 200;
}

async function serverRuns(): Promise<void> {
  if (await isReady()) {
    console.log(`Using the server at ${baseUrl}`);
    return;
  }
  const main = `${root}dist/main.js`;
  const node = ['--max-semi-space-size=2'];
  const args = existsSync(main)
    ? [...node, main, 'serve']
    : [...node, '--import', 'tsx', `${root}src/main.ts`, 'serve'];
  const { LOG_LEVEL, WHISPER_MODEL, WHISPER_URL } = process.env;
  const env = {
    ...process.env,
    LOG_LEVEL: LOG_LEVEL || 'warn',
    ...(!WHISPER_URL && { WHISPER_MODEL: WHISPER_MODEL || speech.model }),
  };
  const server = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  started.push(server);
  const giveUpAt = performance.now() + 60_000;
  while (!(await isReady())) {
    if (server.exitCode !== null)
      throw new Error(`The server ended with ${server.exitCode}; its message is above.`);
    if (performance.now() > giveUpAt) throw new Error(`The server at ${baseUrl} is not ready after 60 s.`);
    await delay(50);
  }
  console.log(`Server ready at ${baseUrl}`);
}

/** Test picture with a clock, and speech; leaves ffmpeg at the pace of a camera, a cluster each 200 ms. */
function camera(): ChildProcess {
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30'],
      ['-re', '-stream_loop', '-1', '-i', speech.clip, '-ar', '48000'],
      ['-t', `${seconds}`, '-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency'],
      ['-pix_fmt', 'yuv420p', '-g', '60', '-b:v', '2M', '-c:a', 'libopus', '-b:a', '64k'],
      ['-f', 'matroska', '-live', '1', '-cluster_time_limit', '200', '-flush_packets', '1', 'pipe:1'],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  started.push(ffmpeg);
  return ffmpeg;
}

/** Resolves when the live playlist lists a part: a player that opens the address now has something to show. */
async function plays(id: string): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    const answer = await fetch(`${baseUrl}/hls/${id}/main/stream.m3u8`).catch(() => null);
    const playlist = (await answer?.text()) ?? '';
    if (answer?.ok && /^#EXT(-X-PART:|INF)/m.test(playlist)) return;
    if (performance.now() > giveUpAt)
      throw new Error('Nothing to play after 30 s; the log of the server says why.');
    await delay(20);
  }
}

async function finished(id: string): Promise<VideoAnswer> {
  const giveUpAt = performance.now() + 120_000;
  for (;;) {
    const answer = await fetch(`${baseUrl}/api/v1/videos/${id}`);
    const video = (await answer.json()) as VideoAnswer;
    if (video.state === 'ready') return video;
    if (video.state === 'failed') throw new Error(`The video failed: ${video.error?.message}`);
    if (performance.now() > giveUpAt) throw new Error(`The video is still ${video.state} after two minutes.`);
    await delay(50);
  }
}

async function run(): Promise<void> {
  await serverRuns();
  const publisher = await Publisher.create(baseUrl, {
    session: { title: 'Demo', language: 'en', mimeType: 'video/webm;codecs=avc1,opus' },
    webSocket: WebSocket as unknown as WebSocketClass,
  });
  const captions = new DemoCaptions(baseUrl, publisher.session.id);
  const beganAt = performance.now();
  const source = camera();
  const live = plays(publisher.session.id).then(() => {
    const afterSeconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
    console.log(`\nLive after ${afterSeconds} s:  ${publisher.session.watchUrl}`);
  });
  // A failure of the waiting is told at the await below, not by ending the program here.
  live.catch(() => {});
  if (!source.stdout) throw new Error('ffmpeg has no output');
  for await (const bytes of source.stdout) {
    await publisher.send(bytes as Uint8Array);
    if (process.stdout.isTTY) process.stdout.write(`\r${(publisher.safeBytes / 1e6).toFixed(1)} MB safe `);
  }
  await publisher.end();
  await live;
  const video = await finished(publisher.session.id);
  await captions.settled(10);
  await captions.close();
  if (captions.count === 0) console.log('No captions: the log of the server says why.');
  const size = video.sizeBytes === null ? '?' : (video.sizeBytes / 1e6).toFixed(2);
  console.log(`\nFinished video:  ${publisher.session.watchUrl}`);
  console.log(`File:            ${video.fileUrl}`);
  console.log(`Duration:        ${video.durationSeconds?.toFixed(2)} s`);
  console.log(`File size:       ${size} MB`);
}

async function end(code: number): Promise<never> {
  for (const child of started.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  process.exit(code);
}

process.once('SIGINT', () => void end(130));
process.once('SIGTERM', () => void end(143));
try {
  await run();
  const stays = started.some(child => child.exitCode === null) && process.stdin.isTTY && !values.exit;
  if (stays) console.log('\nThe server keeps running; Ctrl-C ends it.');
  else await end(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await end(1);
}
