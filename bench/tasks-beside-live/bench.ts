import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { makeClip } from '../../test/support/clips.ts';
import { IngestClient } from '../../test/support/ingest-client.ts';
import { LiveFollower } from '../../test/support/live-follower.ts';
import { TestServer } from '../../test/support/server.ts';
import { TaskLoad } from '../../test/support/task-load.ts';
import { median, percentile, print } from '../measure.ts';
import { chunkOfFrames, latencies } from '../part-latency/part-latencies.ts';

const rounds = 3;
const variants = ['alone', 'besideTasks', 'besideNice10'] as const;
type Variant = (typeof variants)[number];

const clip = await makeClip({
  kind: 'webm-vp8',
  durationSeconds: 8,
  width: 1280,
  height: 720,
  videoBitsPerSecond: 2_000_000,
});
const chunkOf = chunkOfFrames(clip);

/** As much encoding as there are cores, at the priority that one would give by hand. */
function startHogs(): ChildProcess[] {
  const input = ['-f', 'lavfi', '-i', 'testsrc2=s=1280x720:r=30:d=600'];
  const args = [
    '-n',
    '10',
    'ffmpeg',
    '-v',
    'error',
    ...input,
    '-c:v',
    'libx264',
    '-threads',
    '1',
    '-f',
    'null',
    '-',
  ];
  return cpus().map(() => spawn('nice', args, { stdio: 'ignore' }));
}

type Run = { readonly millis: number[]; readonly tasksPerMinute: number };

async function oneRun(variant: Variant): Promise<Run> {
  const server = await TestServer.start({
    env: { LOG_LEVEL: 'warn', WORKER: variant === 'besideTasks' ? 'on' : 'off' },
  });
  const load = variant === 'besideTasks' ? await TaskLoad.start(server) : undefined;
  const hogs = variant === 'besideNice10' ? startHogs() : [];
  try {
    const { id, ingestUrl } = await server.createSession({ title: variant });
    const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
    const [beganAtMillis, doneBefore] = [performance.now(), load?.doneCount ?? 0];
    const sent = client.run();
    const follower = new LiveFollower({ baseUrl: server.baseUrl, id });
    await follower.follow(AbortSignal.timeout(60_000));
    await sent;
    const minutes = (performance.now() - beganAtMillis) / 60_000;
    const tasksPerMinute = ((load?.doneCount ?? 0) - doneBefore) / minutes;
    return { millis: latencies(follower, client, chunkOf).rest, tasksPerMinute };
  } finally {
    for (const hog of hogs) {
      hog.kill('SIGKILL');
      await once(hog, 'exit');
    }
    await load?.close();
    await server.stop();
  }
}

const p50: Record<Variant, number[]> = { alone: [], besideTasks: [], besideNice10: [] };
const p95: Record<Variant, number[]> = { alone: [], besideTasks: [], besideNice10: [] };
const tasksPerMinute: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
    const run = await oneRun(variant);
    p50[variant].push(percentile(run.millis, 0.5));
    p95[variant].push(percentile(run.millis, 0.95));
    if (variant === 'besideTasks') tasksPerMinute.push(run.tasksPerMinute);
  }
}
const figures: Record<string, number> = {};
const single: Record<string, number[]> = {};
for (const name of variants) {
  figures[`${name}PartMillisP50`] = median(p50[name]);
  figures[`${name}PartMillisP95`] = median(p95[name]);
  single[`${name}P50`] = p50[name];
  single[`${name}P95`] = p95[name];
}
figures.besideTasksP95ToAlone = median(
  p95.besideTasks.map((millis, round) => millis / (p95.alone[round] ?? Number.NaN)),
);
figures.tasksPerMinute = median(tasksPerMinute);
print({ bench: 'tasks-beside-live', figures, rounds: { ...single, tasksPerMinute } });
