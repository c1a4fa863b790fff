import { setTimeout as delay } from 'node:timers/promises';
import { makeClip } from '../../test/support/clips.ts';
import { IngestClient } from '../../test/support/ingest-client.ts';
import { LiveFollower } from '../../test/support/live-follower.ts';
import { TestServer } from '../../test/support/server.ts';
import { median, percentile, print } from '../measure.ts';
import { chunkOfFrames, latencies } from './part-latencies.ts';

const rounds = 3;
const variants = [
  { name: 'h264Sessions1', kind: 'webm-h264', sessions: 1 },
  { name: 'h264Sessions20', kind: 'webm-h264', sessions: 20 },
  { name: 'vp8Sessions1', kind: 'webm-vp8', sessions: 1 },
] as const;
type Variant = (typeof variants)[number];
const watchedAtMost = 5;

async function oneRun(variant: Variant): Promise<{ partMillis: number[]; firstPartSeconds: number }> {
  const clip = await makeClip({
    kind: variant.kind,
    durationSeconds: 20,
    width: 1280,
    height: 720,
    videoBitsPerSecond: 2_000_000,
  });
  const chunkOf = chunkOfFrames(clip);
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn', MAX_SESSIONS_PER_ADDRESS: '100' } });
  try {
    const partMillis: number[] = [];
    let firstPartSeconds = 0;
    const running = Array.from({ length: variant.sessions }, async (_, index) => {
      await delay(index * 37);
      const { id, ingestUrl } = await server.createSession({ title: variant.name });
      const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
      const sent = client.run();
      if (index < watchedAtMost) {
        const follower = new LiveFollower({ baseUrl: server.baseUrl, id });
        await follower.follow(AbortSignal.timeout(60_000));
        const { first, rest } = latencies(follower, client, chunkOf);
        firstPartSeconds = Math.max(firstPartSeconds, first);
        partMillis.push(...rest);
      }
      await sent;
    });
    await Promise.all(running);
    return { partMillis, firstPartSeconds };
  } finally {
    await server.stop();
  }
}

const p50: Record<string, number[]> = {};
const p95: Record<string, number[]> = {};
let firstPartSecondsMax = 0;
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 === 0 ? variants : variants.toReversed();
  for (const variant of order) {
    const { partMillis, firstPartSeconds } = await oneRun(variant);
    p50[variant.name] = [...(p50[variant.name] ?? []), percentile(partMillis, 0.5)];
    p95[variant.name] = [...(p95[variant.name] ?? []), percentile(partMillis, 0.95)];
    if (variant.sessions === 1) firstPartSecondsMax = Math.max(firstPartSecondsMax, firstPartSeconds);
  }
}
const figures: Record<string, number> = {};
const single: Record<string, number[]> = {};
for (const { name } of variants) {
  figures[`${name}PartMillisP50`] = median(p50[name] ?? []);
  figures[`${name}PartMillisP95`] = median(p95[name] ?? []);
  single[`${name}P50`] = p50[name] ?? [];
  single[`${name}P95`] = p95[name] ?? [];
}
print({ bench: 'part-latency', figures: { ...figures, firstPartSecondsMax }, rounds: single });
