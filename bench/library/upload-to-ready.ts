/**
 * From the sending of a file's last bytes to the event that says `ready`, for 60 s of 720p H.264 with AAC, beside the two
 * bare ffmpeg commands that make the same: segments, and a progressive MP4.
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

/** The commands that anyone would write. */
async function bareSeconds(file: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  const began = performance.now();
  const hls = ['-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4'];
  const names = ['-hls_segment_filename', join(folder, '%06d.m4s'), join(folder, 'stream.m3u8')];
  await runProgram('ffmpeg', ['-v', 'error', '-i', file, '-c', 'copy', ...hls, ...names]);
  const output = ['-movflags', '+faststart', join(folder, 'video.mp4')];
  await runProgram('ffmpeg', ['-v', 'error', '-i', file, '-c', 'copy', ...output]);
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

async function ourSeconds(server: TestServer, bytes: Buffer): Promise<number> {
  const headers = { ...tus, 'upload-length': String(bytes.length) };
  const created = await fetch(`${server.baseUrl}/uploads`, { method: 'POST', headers });
  const [url, id] = [created.headers.get('location') ?? '', created.headers.get('livereel-video-id') ?? ''];
  await patch(url, 0, bytes.subarray(0, -lastBytes));
  const events = await fetch(`${server.baseUrl}/api/v1/videos/${id}/events`);
  const began = performance.now();
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
  await events.body?.cancel().catch(() => undefined);
  await server.finished(id);
  // What is made of it later (stills, smaller renditions) would run beside the next round.
  await fetch(`${server.baseUrl}/api/v1/videos/${id}`, { method: 'DELETE' });
  await eventually(() => server.programs('ffmpeg').length === 0, { timeoutSeconds: 30 });
  return seconds;
}

/** Figures: how long an upload takes to be ready for each second of the bare commands, and both times. */
export async function uploadToReady() {
  const file = await fileFor60Seconds();
  const bytes = await readFile(file);
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn', WORKER: 'on' } });
  const [ours, bare]: [number[], number[]] = [[], []];
  try {
    await ourSeconds(server, bytes);
    for (let round = 0; round < rounds; round += 1) {
      if (round % 2 === 0) ours.push(await ourSeconds(server, bytes));
      bare.push(await bareSeconds(file));
      if (round % 2 === 1) ours.push(await ourSeconds(server, bytes));
    }
  } finally {
    await server.stop();
  }
  const ratios = ours.map((seconds, round) => seconds / (bare[round] ?? Number.NaN));
  return {
    figures: {
      readyTimeToBareFfmpeg: median(ratios),
      readyMillis: median(ours) * 1_000,
      bareFfmpegMillis: median(bare) * 1_000,
    },
    rounds: { readyTimeToBareFfmpeg: ratios },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  print({ bench: 'library', ...(await uploadToReady()) });
