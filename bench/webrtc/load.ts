import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeClip } from '../../test/support/clips.ts';
import { cpuSeconds, privateBytes } from '../../test/support/process-tree.ts';
import { TestServer } from '../../test/support/server.ts';
import type { Figures } from '../measure.ts';

const publishers = 5;
const viewers = 20;
const settleSeconds = 4;
const windowSeconds = 12;
const mebibyte = 1_048_576;

/** What five publishers and twenty viewers cost: of the engine's process, and of the server's beside it. */
export async function measureLoad(): Promise<Figures> {
  const clip = await makeClip({
    kind: 'webm-h264',
    durationSeconds: 10,
    width: 1280,
    height: 720,
    videoBitsPerSecond: 1_500_000,
  });
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn' } });
  const peers = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('peers.ts', import.meta.url)), clip.file, `${viewers}`].concat(
      await addressesOf(server),
    ),
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    const lines = createInterface({ input: peers.stdout })[Symbol.asyncIterator]();
    const engine = enginePid(server);
    await lines.next();
    const published = await use([engine, server.pid]);
    const bytesBefore = privateBytes(engine);
    peers.stdin.write('\n');
    await lines.next();
    const watched = await use([engine, server.pid]);
    const bytesOfViewers = privateBytes(engine) - bytesBefore;
    peers.stdin.write('\n');
    const { value } = await lines.next();
    const packets = JSON.parse(`${value}`) as number[];
    if (packets.some(count => count < windowSeconds * 100)) throw new Error(`viewers got ${packets} packets`);
    return {
      publishers5EngineCpuPercentOfCore: published[0] ?? Number.NaN,
      publishers5ServerCpuPercentOfCore: published[1] ?? Number.NaN,
      viewerCpuPercentOfCore: ((watched[0] ?? Number.NaN) - (published[0] ?? 0)) / viewers,
      viewerMebibytes: bytesOfViewers / viewers / mebibyte,
    };
  } finally {
    const exited = peers.exitCode === null ? once(peers, 'exit') : undefined;
    peers.kill('SIGKILL');
    await exited;
    await server.stop();
  }
}

async function addressesOf(server: TestServer): Promise<string[]> {
  const addresses: string[] = [];
  for (let index = 0; index < publishers; index += 1) {
    const { whipUrl, ingestToken } = await server.createSession({ input: 'webrtc', title: 'bench' });
    addresses.push(whipUrl, ingestToken);
  }
  return addresses;
}

function enginePid(server: TestServer): number {
  const engine = server
    .processes()
    .find(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('engine-process'));
  if (engine === undefined) throw new Error('the server runs no WebRTC engine');
  return engine.pid;
}

/** Processor use of each process, in percent of one core. */
async function use(pids: readonly number[]): Promise<number[]> {
  await delay(settleSeconds * 1_000);
  const before = pids.map(pid => cpuSeconds([pid]));
  await delay(windowSeconds * 1_000);
  return pids.map((pid, index) => ((cpuSeconds([pid]) - (before[index] ?? 0)) / windowSeconds) * 100);
}
