import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeClip } from '../../test/support/clips.ts';
import { cpuSeconds, privateBytes } from '../../test/support/process-tree.ts';
import type { PeersTask } from './peers.ts';
import type { Room } from './room.ts';

const publishers = 5;
const viewers = 20;
const settleSeconds = 4;
// V8 compiles what is called often for as long; a stream lasts for hours.
const compileSeconds = 10;
const windowSeconds = 12;
const mebibyte = 1_048_576;

/** What the peers of one measurement go through. */
export type Loaded = {
  readonly newRoom: () => Promise<Room>;
  /** The process that has the packets in its hands. */
  readonly media: number;
  /** What it works for, as long as nobody watches; null where there is no such process. */
  readonly behind: number | null;
};

/** What five publishers and twenty viewers cost. */
export type Load = {
  /** Of one core, in percent. */
  readonly publishersMedia: number;
  readonly publishersBehind: number;
  readonly viewerMedia: number;
  /** Added to the process that has the packets. */
  readonly publisherMebibytes: number;
  readonly viewerMebibytes: number;
};

/**
 * Five clients publish 720p of 1.5 Mbit/s with sound, then twenty watch one of them. Memory is what the second to fifth
 * publisher add, and the viewers: the first publisher brings what a process needs at all. `withViewers`: false where
 * only publishing is there to be measured.
 */
export async function measureLoad({ newRoom, media, behind }: Loaded, withViewers = true): Promise<Load> {
  const clip = await makeClip({
    kind: 'webm-h264',
    durationSeconds: 10,
    width: 1280,
    height: 720,
    videoBitsPerSecond: 1_500_000,
  });
  const rooms: Room[] = [];
  while (rooms.length < publishers) rooms.push(await newRoom());
  const peers = startPeers({ clip: clip.file, rooms, viewers: withViewers ? viewers : 0 });
  try {
    const lines = createInterface({ input: peers.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    await lines.next();
    await delay(settleSeconds * 1_000);
    const bytesOfOne = privateBytes(media);
    peers.stdin?.write('\n');
    await lines.next();
    const published = await use([media, behind], compileSeconds);
    const bytesOfAll = privateBytes(media);
    peers.stdin?.write('\n');
    await lines.next();
    const watched = withViewers ? await use([media, behind], settleSeconds) : published;
    const bytesOfViewers = privateBytes(media) - bytesOfAll;
    peers.stdin?.write('\n');
    const packets = JSON.parse(`${(await lines.next()).value}`) as number[];
    if (packets.some(count => count < windowSeconds * 100)) throw new Error(`viewers got ${packets} packets`);
    return {
      publishersMedia: published[0] ?? Number.NaN,
      publishersBehind: published[1] ?? Number.NaN,
      viewerMedia: ((watched[0] ?? Number.NaN) - (published[0] ?? 0)) / viewers,
      publisherMebibytes: (bytesOfAll - bytesOfOne) / (publishers - 1) / mebibyte,
      viewerMebibytes: bytesOfViewers / viewers / mebibyte,
    };
  } finally {
    await killed(peers);
  }
}

function startPeers(task: PeersTask): ChildProcess {
  const file = fileURLToPath(new URL('peers.ts', import.meta.url));
  return spawn(process.execPath, ['--import', 'tsx', file, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Ends a child and waits until it is gone. */
export async function killed(child: ChildProcess): Promise<void> {
  const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  await exited;
}

/** Processor use of each process, in percent of one core; 0 of none. */
async function use(pids: readonly (number | null)[], afterSeconds: number): Promise<number[]> {
  await delay(afterSeconds * 1_000);
  const seconds = () => pids.map(pid => (pid === null ? 0 : cpuSeconds([pid])));
  const before = seconds();
  await delay(windowSeconds * 1_000);
  return seconds().map((after, index) => ((after - (before[index] ?? 0)) / windowSeconds) * 100);
}
