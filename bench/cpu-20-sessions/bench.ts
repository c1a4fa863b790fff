import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clip, makeClip } from '../../test/support/clips.ts';
import { eventually } from '../../test/support/eventually.ts';
import { IngestClient } from '../../test/support/ingest-client.ts';
import { cpuSeconds, privateBytes } from '../../test/support/process-tree.ts';
import { TestServer } from '../../test/support/server.ts';
import { median, print } from '../measure.ts';

const sessions = 20;
const rounds = 3;
const warmUpSeconds = 5;
const windowSeconds = 20;

const clip = await makeClip({
  kind: 'webm-h264',
  durationSeconds: warmUpSeconds + windowSeconds + 5,
  width: 1280,
  height: 720,
  videoBitsPerSecond: 2_000_000,
});

/** Processor time that these processes use during the window, in seconds. */
async function usedInWindow(pids: readonly number[]): Promise<number> {
  const before = cpuSeconds(pids);
  await delay(windowSeconds * 1_000);
  return cpuSeconds(pids) - before;
}

async function livereel(): Promise<{ cpuSeconds: number; nginxSeconds: number; mebibytes: number }> {
  const server = await TestServer.start({ env: { LOG_LEVEL: 'info' } });
  try {
    const emptyBytes = privateBytes(server.pid);
    const running = Array.from({ length: sessions }, async (_, index) => {
      // As people start, not all in the same millisecond.
      await delay(index * 37);
      const { ingestUrl } = await server.createSession({ title: `bench ${index}` });
      return new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' }).run();
    });
    await delay(warmUpSeconds * 1_000);
    await eventually(() => server.programs('ffmpeg').length === sessions, {
      what: 'every session has its ffmpeg',
    });
    const pids = [server.pid, ...server.programs('ffmpeg').map(({ pid }) => pid)];
    const nginx = server.programs('nginx').map(({ pid }) => pid);
    const nginxBefore = cpuSeconds(nginx);
    const used = await usedInWindow(pids);
    const nginxSeconds = cpuSeconds(nginx) - nginxBefore;
    const mebibytes = (privateBytes(server.pid) - emptyBytes) / 1024 ** 2;
    await Promise.all(running);
    return { cpuSeconds: used, nginxSeconds, mebibytes };
  } finally {
    await server.stop();
  }
}

function bareFfmpeg(file: string): ChildProcess {
  return spawn(
    'ffmpeg',
    [
      ['-v', 'error', '-analyzeduration', '0', '-probesize', '4096', '-f', 'matroska', '-i', 'pipe:0'],
      ['-c:v', 'copy', '-c:a', 'aac', '-f', 'mp4', '-movflags', '+empty_moov+default_base_moof'],
      ['-frag_duration', '200000', '-flush_packets', '1', '-y', file],
    ].flat(),
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
}

async function feed(child: ChildProcess, source: Clip): Promise<void> {
  const exited = new Promise(resolve => child.once('close', resolve));
  const begunAt = performance.now();
  for (const { bytes, atSeconds } of source.chunks) {
    await delay(Math.max(0, begunAt + atSeconds * 1_000 - performance.now()));
    child.stdin?.write(bytes);
  }
  child.stdin?.end();
  await exited;
}

async function bare(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  try {
    const children: ChildProcess[] = [];
    const running = Array.from({ length: sessions }, async (_, index) => {
      await delay(index * 37);
      const child = bareFfmpeg(join(folder, `${index}.mp4`));
      children.push(child);
      await feed(child, clip);
    });
    await delay(warmUpSeconds * 1_000);
    const used = await usedInWindow(children.map(child => child.pid ?? 0));
    await Promise.all(running);
    return used;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const ours: { cpuSeconds: number; nginxSeconds: number; mebibytes: number }[] = [];
const theirs: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  // Both at once: what a second of this machine is worth changes from minute to minute, and hits both alike.
  const [our, their] = await Promise.all([livereel(), bare()]);
  ours.push(our);
  theirs.push(their);
}
const ourSeconds = ours.map(round => round.cpuSeconds);
const ratios = ourSeconds.map((seconds, round) => seconds / (theirs[round] ?? Number.NaN));
print({
  bench: 'cpu-20-sessions',
  figures: {
    cpuRatioToBareFfmpeg: median(ratios),
    oursCpuPercentOfCore: (median(ourSeconds) / windowSeconds) * 100,
    bareCpuPercentOfCore: (median(theirs) / windowSeconds) * 100,
    nginxCpuPercentOfCore: (median(ours.map(round => round.nginxSeconds)) / windowSeconds) * 100,
    serverMebibytesPerSession: median(ours.map(round => round.mebibytes)) / sessions,
  },
  rounds: {
    cpuRatioToBareFfmpeg: ratios,
    oursCpuSeconds: ourSeconds,
    bareCpuSeconds: theirs,
    mebibytes: ours.map(round => round.mebibytes),
  },
});
