/**
 * From the sending of a file's last bytes to the event that says `ready`, for 60 s of 720p H.264 with AAC, beside the two
 * bare ffmpeg commands that make the same: segments, and a progressive MP4; and beside one command that makes both. Also how long each step of it takes, as the
 * server's and the worker's logs tell.
 * Alone: `node --import tsx bench/library/upload-to-ready.ts`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../test/support/eventually.ts';
import { made } from '../../test/support/odd-files.ts';
import { runProgram } from '../../test/support/run-program.ts';
import { TestServer } from '../../test/support/server.ts';
import { median, print } from '../measure.ts';

const rounds = 7;
const tus = { 'tus-resumable': '1.0.0' };
const lastBytes = 1_024;

function fileFor60Seconds(): Promise<string> {
  return made('bench-60s-720p.mp4', [
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'],
    ...[
      '-t',
      '60',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-b:v',
      '3M',
      '-g',
      '60',
      '-pix_fmt',
      'yuv420p',
    ],
    ...['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart'],
  ]);
}

/** Seconds of the commands that anyone would write: one for the segments and one for the MP4, or one command for both. */
async function bareSeconds(file: string, commands: 'two' | 'one'): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  const input = ['-v', 'error', '-i', file];
  const hls = [
    '-c',
    'copy',
    '-f',
    'hls',
    '-hls_time',
    '4',
    '-hls_playlist_type',
    'vod',
    '-hls_segment_type',
    'fmp4',
  ];
  const names = ['-hls_segment_filename', join(folder, '%06d.m4s'), join(folder, 'stream.m3u8')];
  const mp4 = ['-c', 'copy', '-movflags', '+faststart', join(folder, 'video.mp4')];
  const began = performance.now();
  if (commands === 'one') await runProgram('ffmpeg', [...input, ...hls, ...names, ...mp4]);
  else {
    await runProgram('ffmpeg', [...input, ...hls, ...names]);
    await runProgram('ffmpeg', [...input, ...mp4]);
  }
  const seconds = (performance.now() - began) / 1_000;
  await rm(folder, { recursive: true });
  return seconds;
}

async function patch(url: string, offset: number, bytes: Buffer): Promise<void> {
  const headers = {
    ...tus,
    'upload-offset': String(offset),
    'content-type': 'application/offset+octet-stream',
  };
  const answer = await fetch(url, { method: 'PATCH', headers, body: new Uint8Array(bytes) });
  if (answer.status !== 204) throw new Error(`PATCH: ${answer.status} ${await answer.text()}`);
}

/** The steps from the last bytes to `ready`, in their order, milliseconds. */
const steps = ['taken', 'begun', 'examined', 'moved', 'listed', 'published', 'told'] as const;
type Steps = Record<(typeof steps)[number], number>;

/** The line of the log that says `message` of a video. */
function logged(server: TestServer, id: string, message: string): Record<string, unknown> {
  const line = server.output.split('\n').find(text => text.includes(id) && text.includes(`"${message}"`));
  if (line === undefined) throw new Error(`the log does not say "${message}"`);
  return JSON.parse(line) as Record<string, unknown>;
}

function stepsOf(server: TestServer, id: string, sentAt: number, heardAt: number): Steps {
  const takenAt = Date.parse(String(logged(server, id, 'upload complete').time));
  const ready = logged(server, id, 'video ready');
  const readyAt = Date.parse(String(ready.time));
  const told = (name: string) => Number(ready[`${name}Millis`]);
  const made = {
    examined: told('examined'),
    moved: told('moved'),
    listed: told('listed'),
    published: told('published'),
  };
  const begunAt = readyAt - Object.values(made).reduce((sum, millis) => sum + millis, 0);
  return { taken: takenAt - sentAt, begun: begunAt - takenAt, ...made, told: heardAt - readyAt };
}

async function ourSteps(server: TestServer, bytes: Buffer): Promise<{ seconds: number; steps: Steps }> {
  const headers = { ...tus, 'upload-length': String(bytes.length) };
  const created = await fetch(`${server.baseUrl}/uploads`, { method: 'POST', headers });
  const [url, id] = [created.headers.get('location') ?? '', created.headers.get('livereel-video-id') ?? ''];
  await patch(url, 0, bytes.subarray(0, -lastBytes));
  const events = await fetch(`${server.baseUrl}/api/v1/videos/${id}/events`);
  const [began, sentAt] = [performance.now(), Date.now()];
  const over = (async () => {
    let text = '';
    for await (const part of events.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString();
      if (/"state":"(ready|failed)"/.test(text)) return (performance.now() - began) / 1_000;
    }
    throw new Error('the events ended');
  })();
  await patch(url, bytes.length - lastBytes, bytes.subarray(-lastBytes));
  const seconds = await over;
  const heardAt = sentAt + seconds * 1_000;
  await events.body?.cancel().catch(() => undefined);
  await server.finished(id);
  // What is made of it later (stills, smaller renditions) would run beside the next round.
  await fetch(`${server.baseUrl}/api/v1/videos/${id}`, { method: 'DELETE' });
  await eventually(() => server.programs('ffmpeg').length === 0, { timeoutSeconds: 30 });
  return { seconds, steps: stepsOf(server, id, sentAt, heardAt) };
}

/** Figures: how long an upload takes to be ready for each second of the bare commands, both times, and each step's. */
export async function uploadToReady() {
  const file = await fileFor60Seconds();
  const bytes = await readFile(file);
  const server = await TestServer.start({ env: { LOG_LEVEL: 'info', WORKER: 'on' } });
  const [ours, bare, bareOne]: [number[], number[], number[]] = [[], [], []];
  const taken: Steps[] = [];
  const measureOurs = async () => {
    const measured = await ourSteps(server, bytes);
    ours.push(measured.seconds);
    taken.push(measured.steps);
  };
  try {
    await ourSteps(server, bytes);
    for (let round = 0; round < rounds; round += 1) {
      if (round % 2 === 0) await measureOurs();
      bare.push(await bareSeconds(file, 'two'));
      bareOne.push(await bareSeconds(file, 'one'));
      if (round % 2 === 1) await measureOurs();
    }
  } finally {
    await server.stop();
  }
  const stepMillis = steps.map(step => [`${step}Millis`, median(taken.map(one => one[step]))] as const);
  const ratiosTo = (times: readonly number[]) =>
    ours.map((seconds, round) => seconds / (times[round] ?? Number.NaN));
  const ratios = ratiosTo(bare);
  return {
    figures: {
      readyTimeToBareFfmpeg: median(ratios),
      readyMillis: median(ours) * 1_000,
      bareFfmpegMillis: median(bare) * 1_000,
      readyTimeToOneCommand: median(ratiosTo(bareOne)),
      oneCommandMillis: median(bareOne) * 1_000,
      ...Object.fromEntries(stepMillis),
    },
    rounds: { readyTimeToBareFfmpeg: ratios },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  print({ bench: 'library', ...(await uploadToReady()) });
