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
const rounds = 3;
const messageSizes = [1_024, 16_384, 65_536];
// Sent ahead of what is timed: see sender.ts.
const warmUpBytes = 512 * 1024;
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const clip = await makeClip({
  kind: 'webm-h264',
  durationSeconds: 12,
  width: 1920,
  height: 1080,
  videoBitsPerSecond: 24_000_000,
});
if (clip.bytes.length < bytesEach) throw new Error(`the clip has only ${clip.bytes.length} bytes`);

/** Mebibytes a second. */
async function send(kind: string, urls: readonly string[], messageBytes: number): Promise<number> {
  const args = ['--import', 'tsx', here('sender.ts'), kind, `${bytesEach}`, clip.file, ...urls];
  const { stdout } = await runProgram(process.execPath, args, {
    env: { ...process.env, MESSAGE_BYTES: `${messageBytes}` },
  });
  return (connections * (bytesEach - warmUpBytes)) / 1024 ** 2 / Number(stdout.toString());
}

async function ours(messageBytes: number): Promise<number> {
  const env = { LOG_LEVEL: 'warn', MAX_SESSIONS_PER_ADDRESS: '100' };
  const server = await TestServer.start({ env });
  try {
    const sessions = await Promise.all(
      Array.from({ length: connections }, () => server.createSession({ title: 'bench' })),
    );
    return await send(
      'ours',
      sessions.map(({ ingestUrl }) => ingestUrl),
      messageBytes,
    );
  } finally {
    await server.stop();
  }
}

/** A server of its own process, which is asked for nothing but to say its port. */
async function others(program: string, args: readonly string[], path: string, messageBytes: number) {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  const child = spawn(process.execPath, ['--import', 'tsx', here(program), ...args, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = `ws://127.0.0.1:${Number(line.toString())}${path}total=${bytesEach}`;
    const kind = args[0] ?? 'ours';
    return await send(
      kind,
      Array.from({ length: connections }, () => url),
      messageBytes,
    );
  } finally {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

const socketIoPath = '/socket.io/?EIO=4&transport=websocket&';
const variants = {
  ours,
  discarded: (messageBytes: number) => others('discard-server.ts', [], '/ingest/x?', messageBytes),
  ws: (messageBytes: number) => others('append-servers.ts', ['ws'], '/?', messageBytes),
  'socket.io': (messageBytes: number) =>
    others('append-servers.ts', ['socket.io'], socketIoPath, messageBytes),
} as const;
const order = Object.keys(variants) as (keyof typeof variants)[];
const figures: Record<string, number> = {};
const allRounds: Record<string, number[]> = {};
for (const messageBytes of messageSizes) {
  const measured: Record<keyof typeof variants, number[]> = {
    ours: [],
    discarded: [],
    ws: [],
    'socket.io': [],
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? order : order.toReversed())
      measured[name].push(await variants[name](messageBytes));
  }
  const size = `${messageBytes / 1024}KiB`;
  figures[`oursMebibytesPerSecond${size}`] = median(measured.ours);
  figures[`discardedMebibytesPerSecond${size}`] = median(measured.discarded);
  figures[`wsAppendShareOfOurs${size}`] = median(measured.ws) / median(measured.ours);
  figures[`socketIoShareOfOurs${size}`] = median(measured['socket.io']) / median(measured.ours);
  for (const name of order) allRounds[`${name} ${size}`] = measured[name];
}
print({ bench: 'ingest-throughput', figures, rounds: allRounds });
