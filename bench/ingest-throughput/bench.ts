import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeClip } from '../../test/support/clips.ts';
import { runProgram } from '../../test/support/run-program.ts';
import { TestServer } from '../../test/support/server.ts';
import { median, print } from '../measure.ts';

const connections = 8;
const bytesEach = 24 * 1024 ** 2;
const rounds = 5;
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const clip = await makeClip({
  kind: 'webm-h264-video-only',
  durationSeconds: 12,
  width: 1920,
  height: 1080,
  videoBitsPerSecond: 24_000_000,
});
if (clip.bytes.length < bytesEach) throw new Error(`the clip has only ${clip.bytes.length} bytes`);

/** Mebibytes a second. */
async function send(kind: string, urls: readonly string[]): Promise<number> {
  const args = ['--import', 'tsx', here('sender.ts'), kind, `${bytesEach}`, clip.file, ...urls];
  const { stdout } = await runProgram(process.execPath, args);
  return (connections * bytesEach) / 1024 ** 2 / Number(stdout.toString());
}

async function ours(): Promise<number> {
  const env = { LOG_LEVEL: 'warn', MAX_SESSIONS_PER_ADDRESS: '100' };
  const server = await TestServer.start({ env });
  try {
    const sessions = await Promise.all(
      Array.from({ length: connections }, () => server.createSession({ title: 'bench' })),
    );
    return await send(
      'ours',
      sessions.map(({ ingestUrl }) => ingestUrl),
    );
  } finally {
    await server.stop();
  }
}

async function others(kind: 'ws' | 'socket.io'): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  const child = spawn(process.execPath, ['--import', 'tsx', here('append-servers.ts'), kind, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const path = kind === 'ws' ? '/?' : '/socket.io/?EIO=4&transport=websocket&';
    const url = `ws://127.0.0.1:${Number(line.toString())}${path}total=${bytesEach}`;
    return await send(
      kind,
      Array.from({ length: connections }, () => url),
    );
  } finally {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

const variants = {
  ours,
  ws: () => others('ws'),
  'socket.io': () => others('socket.io'),
} as const;
const measured: Record<keyof typeof variants, number[]> = { ours: [], ws: [], 'socket.io': [] };
const order = Object.keys(variants) as (keyof typeof variants)[];
for (let round = 0; round < rounds; round += 1) {
  for (const name of round % 2 === 0 ? order : order.toReversed())
    measured[name].push(await variants[name]());
}
print({
  bench: 'ingest-throughput',
  figures: {
    oursMebibytesPerSecond: median(measured.ours),
    wsAppendMebibytesPerSecond: median(measured.ws),
    socketIoMebibytesPerSecond: median(measured['socket.io']),
    wsAppendShareOfOurs: median(measured.ws) / median(measured.ours),
    socketIoShareOfOurs: median(measured['socket.io']) / median(measured.ours),
  },
  rounds: measured,
});
