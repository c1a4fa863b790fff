import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeClip } from '../../test/support/clips.ts';
import { eventually } from '../../test/support/eventually.ts';
import { IngestClient } from '../../test/support/ingest-client.ts';
import { cpuSeconds } from '../../test/support/process-tree.ts';
import { runProgram } from '../../test/support/run-program.ts';
import { TestServer } from '../../test/support/server.ts';
import { median, percentile, print } from '../measure.ts';

const viewers = 300;
const rounds = 3;
const aloneSeconds = 6;
const watchSeconds = 24;
const windowSeconds = 20;

const clip = await makeClip({
  kind: 'webm-h264',
  durationSeconds: aloneSeconds + watchSeconds + 6,
  videoBitsPerSecond: 440_000,
});

type Load = { errors: number; stalls: number; parts: number; spreadMillis: number[]; firstError: string };
type Round = Load & {
  serverPercent: number;
  nginxPercent: number;
  ffmpegPercent: number;
  alonePercent: number;
  rendersPerPart: number;
};

async function renders(server: TestServer): Promise<number> {
  const metrics = await server.text('/metrics');
  const counts = [...metrics.matchAll(/^livereel_playlist_renders_total(?:\{[^}]*\})? (\d+)/gm)];
  if (counts.length === 0) throw new Error('no livereel_playlist_renders_total in /metrics');
  return counts.reduce((sum, match) => sum + Number(match[1]), 0);
}

/** Processor use over a time, in percent of one core. */
async function use(pids: readonly (readonly number[])[], seconds: number): Promise<number[]> {
  const before = pids.map(cpuSeconds);
  await delay(seconds * 1_000);
  return pids.map((group, index) => ((cpuSeconds(group) - (before[index] ?? 0)) / seconds) * 100);
}

async function round(): Promise<Round> {
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn' } });
  try {
    const { id, ingestUrl } = await server.createSession({ title: 'bench' });
    const sent = new IngestClient({
      url: ingestUrl,
      input: 'chunks',
      items: clip.chunks,
      pace: 'real',
    }).run();
    const path = `/hls/${id}/main/stream.m3u8`;
    await eventually(async () => (await server.text(path)).includes('#EXT-X-PART:'));
    const [alonePercent = 0] = await use([[server.pid]], aloneSeconds - 1);
    const load = runProgram(process.execPath, [
      '--import',
      'tsx',
      fileURLToPath(new URL('viewers.ts', import.meta.url)),
      `${viewers}`,
      `${watchSeconds}`,
      server.baseUrl + path,
    ]);
    await delay(3_000);
    const rendersBefore = await renders(server);
    const partsBefore = await partsSoFar(server, path);
    const groups = [
      [server.pid],
      ...(['nginx', 'ffmpeg'] as const).map(name => server.programs(name).map(p => p.pid)),
    ];
    const [serverPercent = 0, nginxPercent = 0, ffmpegPercent = 0] = await use(groups, windowSeconds);
    const rendered = (await renders(server)) - rendersBefore;
    const parts = (await partsSoFar(server, path)) - partsBefore;
    const { stdout } = await load;
    const result = JSON.parse(stdout.toString()) as Load;
    if (result.firstError) console.error(`first error: ${result.firstError}`);
    await sent;
    return {
      ...result,
      serverPercent,
      nginxPercent,
      ffmpegPercent,
      alonePercent,
      rendersPerPart: rendered / parts,
    };
  } finally {
    await server.stop();
  }
}

/** How many parts of 0.2 s lie before the edge, by the duration of the playlist. */
async function partsSoFar(server: TestServer, path: string): Promise<number> {
  const playlist = await server.text(path);
  const target = Number(/PART-TARGET=([\d.]+)/.exec(playlist)?.[1]);
  const segments = [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
  const open = playlist.slice(playlist.lastIndexOf('#EXTINF'));
  const parts = [...open.matchAll(/^#EXT-X-PART:/gm)].length;
  return segments / target + parts;
}

const done: Round[] = [];
for (let index = 0; index < rounds; index += 1) done.push(await round());
const of = (name: Exclude<keyof Round, 'spreadMillis' | 'firstError'>) => done.map(result => result[name]);
const spreads = done.map(({ spreadMillis }) => percentile(spreadMillis, 0.99));
print({
  bench: 'viewers-300',
  figures: {
    errors: Math.max(...of('errors')),
    stalls: Math.max(...of('stalls')),
    firstToLastViewerMillisP50: median(done.map(({ spreadMillis }) => percentile(spreadMillis, 0.5))),
    firstToLastViewerMillisP99: median(spreads),
    serverCpuPercentOfCore: median(of('serverPercent')),
    serverCpuPercentOfCoreAlone: median(of('alonePercent')),
    nginxCpuPercentOfCore: median(of('nginxPercent')),
    ffmpegCpuPercentOfCore: median(of('ffmpegPercent')),
    playlistRendersPerPart: median(of('rendersPerPart')),
  },
  rounds: { serverPercent: of('serverPercent'), firstToLastViewerMillisP99: spreads, parts: of('parts') },
});
