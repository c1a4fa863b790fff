import { setTimeout as delay } from 'node:timers/promises';
import { makeClip } from './clips.ts';
import { IngestClient, type IngestItem } from './ingest-client.ts';
import { LiveFollower } from './live-follower.ts';
import { frameSequenceFaults, numberedJpegs, readFrameNumbers } from './numbered-frames.ts';
import { type KillTarget, TestServer } from './server.ts';

/** All that is killed, in the order of the result's table. */
export const killTargets = ['tree', 'server', 'ffmpeg', 'nginx', 'postgres'] as const satisfies KillTarget[];

/** How much chaos. */
export type ChaosOptions = {
  /** Kills in all. */
  readonly rounds: number;
  /** Kills in one set of four recordings; default 10. */
  readonly killsPerSet?: number;
  /** Seeds the choice of moments and targets; default: the time. */
  readonly seed?: number;
  readonly report?: (line: string) => void;
};

/** One kill, and how long the publishers had to wait for their next acknowledgement. */
export type Kill = {
  readonly target: KillTarget;
  readonly set: number;
  /** Seconds into its set of recordings. */
  readonly atSeconds: number;
  readonly victims: number;
  readonly ingestBackSeconds: readonly number[];
};

/** What was wrong with one recording; all empty: nothing. */
export type RecordingFaults = {
  readonly set: number;
  readonly name: string;
  readonly id: string;
  readonly faults: readonly string[];
};

/** The whole run. `faults` is empty when nothing acknowledged was lost, nothing came twice, and all decodes. */
export type ChaosResult = {
  readonly seed: number;
  readonly rounds: number;
  readonly recordings: number;
  readonly frames: number;
  readonly kills: readonly Kill[];
  readonly faults: readonly RecordingFaults[];
};

type Recording = {
  readonly name: string;
  readonly id: string;
  readonly client: IngestClient;
  readonly sent: Promise<unknown>;
  readonly follower: LiveFollower;
  readonly followed: Promise<void>;
  readonly frameCount: number;
};

/** A kill each 2 to 3 s, plus what the last one needs to heal. */
const secondsPerKill = 2.4;

/** Small, seedable, good enough to choose moments (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Kills at random moments while four recordings run and are watched, as often as asked, and then compares every frame.
 * Starts and ends its own server. @throws Error only when the server cannot be started at all.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const seed = options.seed ?? Date.now() % 2 ** 32;
  const random = randomFrom(seed);
  const kills: Kill[] = [];
  const faults: RecordingFaults[] = [];
  let recordings = 0;
  let frames = 0;
  const server = await TestServer.start();
  try {
    for (let set = 0; kills.length < options.rounds; set += 1) {
      const count = Math.min(options.killsPerSet ?? 10, options.rounds - kills.length);
      const running = await startRecordings(server, count * secondsPerKill + 4);
      const plan = planKills(count, kills.length, random);
      kills.push(...(await killAll(server, running, plan, set, random)));
      for (const recording of running) {
        const found = await judge(server, recording);
        recordings += 1;
        frames += recording.frameCount;
        if (found.length > 0) faults.push({ set, name: recording.name, id: recording.id, faults: found });
      }
      options.report?.(
        `set ${set}: ${kills.length} of ${options.rounds} kills, ${faults.length} recordings with faults`,
      );
    }
  } finally {
    if (faults.length > 0) options.report?.(`the server's log ends:\n${server.output.slice(-4_000)}`);
    await server.stop();
  }
  return { seed, rounds: kills.length, recordings, frames, kills, faults };
}

/** Every target as often as every other, in random order, at random moments. */
function planKills(
  count: number,
  before: number,
  random: () => number,
): { target: KillTarget; waitSeconds: number }[] {
  const targets = Array.from(
    { length: count },
    (_, index) => killTargets[(before + index) % killTargets.length] ?? 'tree',
  );
  for (let index = targets.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [targets[index], targets[other]] = [targets[other] ?? 'tree', targets[index] ?? 'tree'];
  }
  return targets.map(target => ({ target, waitSeconds: (0.25 + 1.5 * random()) * (secondsPerKill - 0.4) }));
}

async function startRecordings(server: TestServer, seconds: number): Promise<Recording[]> {
  const durationSeconds = Math.ceil(seconds);
  const jpegs = await numberedJpegs(durationSeconds * 15, 0, { width: 320, height: 240 });
  const items = jpegs.map((bytes, index) => ({ bytes, atSeconds: index / 15 }));
  const sources: [name: string, input: 'chunks' | 'frames', items: readonly IngestItem[], frames: number][] =
    [];
  for (const kind of ['webm-h264', 'webm-vp8', 'mp4-h264'] as const) {
    const { chunks, frameCount } = await makeClip({ kind, durationSeconds, width: 320, height: 240 });
    sources.push([kind, 'chunks', chunks, frameCount]);
  }
  sources.push(['frames', 'frames', items, items.length]);
  return await Promise.all(
    sources.map(async ([name, input, pieces, frameCount]) => {
      const { id, ingestUrl } = await server.createSession({ input, title: name });
      const timestamps = input === 'frames';
      const client = new IngestClient({ url: ingestUrl, input, items: pieces, pace: 'real', timestamps });
      const follower = new LiveFollower({ baseUrl: server.baseUrl, id });
      const followed = follower.follow(AbortSignal.timeout((seconds + 120) * 1_000));
      // Told at the end, by `judge`.
      followed.catch(() => {});
      return { name, id, client, sent: client.run(), follower, followed, frameCount };
    }),
  );
}

async function killAll(
  server: TestServer,
  running: readonly Recording[],
  plan: readonly { target: KillTarget; waitSeconds: number }[],
  set: number,
  random: () => number,
): Promise<Kill[]> {
  const begunAt = performance.now();
  const done: { target: KillTarget; atMillis: number; victims: number; acksBefore: number[] }[] = [];
  for (const { target, waitSeconds } of plan) {
    await delay(waitSeconds * 1_000);
    const acksBefore = running.map(({ client }) => client.acks.length);
    const atMillis = performance.now();
    const victims = (await server.kill9(target)).length;
    done.push({ target, atMillis, victims, acksBefore });
    if (!server.running) {
      await delay(random() * 300);
      server.launch();
    }
  }
  if (!server.running) server.launch();
  await server.ready();
  await Promise.all(running.map(({ sent }) => sent));
  return done.map(({ target, atMillis, victims, acksBefore }) => ({
    target,
    set,
    victims,
    atSeconds: round((atMillis - begunAt) / 1_000),
    ingestBackSeconds: running.flatMap(({ client }, index) => {
      const next = client.acks
        .slice(acksBefore[index])
        .find(ack => client.startedAtMillis + ack.atMillis > atMillis);
      return next ? [round((client.startedAtMillis + next.atMillis - atMillis) / 1_000)] : [];
    }),
  }));
}

const round = (seconds: number) => Math.round(seconds * 1_000) / 1_000;

/** Everything that may be said against a recording after all that. */
async function judge(server: TestServer, recording: Recording): Promise<string[]> {
  const { id, client, follower, followed, frameCount } = recording;
  const faults = [...client.faults];
  if (client.acknowledged !== client.total) {
    faults.push(`${client.acknowledged} of ${client.total} acknowledged at the end`);
  }
  try {
    const video = await server.finished(id, 120);
    const expected = { first: 0, count: frameCount };
    const playlist = await readFrameNumbers(`${server.baseUrl}/hls/${id}/index.m3u8`);
    faults.push(...summary('playlist', frameSequenceFaults(playlist, expected)));
    const file = await readFrameNumbers(server.videoFile(id));
    faults.push(...summary('file', frameSequenceFaults(file, expected)));
    if (recording.name === 'frames') {
      const first = file[0]?.ptsSeconds ?? 0;
      const off = Math.max(...file.map(({ ptsSeconds }, index) => Math.abs(ptsSeconds - first - index / 15)));
      if (off > 0.02) faults.push(`a frame is ${round(off)} s off its capture time`);
    }
    const lasts = frameCount / (recording.name === 'frames' ? 15 : 30);
    if (Math.abs((video.durationSeconds ?? 0) - lasts) > 0.3)
      faults.push(`${video.durationSeconds} s, not ${lasts} s`);
    await followed;
    await follower.compareWithSegments();
  } catch (error) {
    faults.push(error instanceof Error ? error.message.slice(0, 500) : String(error));
  }
  const violations = follower.violations.map(
    ({ rule, seen, reload }) => `viewer, reload ${reload}: ${rule} (${seen})`,
  );
  faults.push(...summary('rules', violations), ...summary('viewer', follower.faults));
  return faults;
}

/** The first few of a kind, and how many more. */
function summary(what: string, faults: readonly string[]): string[] {
  const shown = faults.slice(0, 5).map(fault => `${what}: ${fault}`);
  return faults.length > 5 ? [...shown, `${what}: and ${faults.length - 5} more`] : shown;
}

/** The result as a Markdown table: a row a target. */
export function chaosTable(result: ChaosResult): string {
  const rows = killTargets.map(target => {
    const kills = result.kills.filter(kill => kill.target === target);
    const back = kills.flatMap(kill => kill.ingestBackSeconds).sort((a, b) => a - b);
    const at = (share: number) =>
      (back[Math.min(back.length - 1, Math.floor(back.length * share))] ?? 0).toFixed(2);
    const processes = kills.reduce((sum, kill) => sum + kill.victims, 0);
    return `| ${target} | ${kills.length} | ${processes} | ${at(0.5)} s | ${at(1)} s |`;
  });
  return [
    '| killed | times | processes | next acknowledgement after, median | longest |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `${result.recordings} recordings, ${result.frames} frames: ${result.faults.length} with a frame lost, twice, or not decodable.`,
  ].join('\n');
}
