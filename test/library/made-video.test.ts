import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { convertedNames } from '../../src/ffmpeg/file-move.ts';
import { makeVideo } from '../../src/library/made-video.ts';
import { createLog } from '../../src/log.ts';
import { made } from '../support/odd-files.ts';
import { probe } from '../support/run-program.ts';

const folder = await mkdtemp(join(tmpdir(), 'livereel-made-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const { signal } = new AbortController();
const seconds = 3;

/** One of two recordings, as a broadcaster sends them one behind the other. */
async function recording(size: string, beginsAtSeconds: number): Promise<Buffer> {
  const inputs = [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=${size}:rate=30`,
    '-f',
    'lavfi',
    '-i',
    'sine=sample_rate=48000',
  ];
  const coding = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '30',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ];
  const place = ['-t', String(seconds), '-output_ts_offset', String(beginsAtSeconds)];
  return await readFile(await made(`part-${size}.ts`, [...inputs, ...coding, ...place]));
}

/** The sizes of all pictures of a file, each once, and how many pictures there are. */
async function sizesIn(file: string): Promise<{ sizes: string[]; count: number }> {
  const entries = ['-select_streams', 'v', '-show_entries', 'frame=width,height'];
  const { frames } = (await probe(file, entries)) as { frames: { width: number; height: number }[] };
  return {
    sizes: [...new Set(frames.map(({ width, height }) => `${width}x${height}`))],
    count: frames.length,
  };
}

async function make(name: string, bytes: Buffer) {
  const directory = await mkdtemp(join(folder, 'made-'));
  const file = join(directory, name);
  await writeFile(file, bytes);
  const parts = {
    content: { originalFile: () => file },
    run: {
      ffmpegPath: 'ffmpeg',
      ffprobePath: 'ffprobe',
      addressSpaceBytes: 2 ** 31,
      workingDirectory: directory,
      log: createLog('silent'),
    },
    limits: { maxPixels: 40_000_000, maxSide: 16_384 },
  };
  const context = { signal, progress: () => undefined, threads: 0 };
  const video = { id: 'madeVideo000', createdAt: new Date() };
  const result = await makeVideo(parts, video, directory, context, async () => undefined);
  const rendition = join(directory, convertedNames.rendition);
  const names = ['init-0.mp4', ...(await readdir(rendition)).filter(name => name.endsWith('.m4s')).sort()];
  const segments = join(directory, 'segments.mp4');
  await writeFile(
    segments,
    Buffer.concat(await Promise.all(names.map(name => readFile(join(rendition, name))))),
  );
  return { ...result, segments, file: join(directory, convertedNames.video) };
}

t.test(
  'recordings that were joined become one of one coding, the smaller fitted into the larger',
  async t => {
    const parts = [await recording('320x180', 0), await recording('480x360', seconds)];
    const { size, durationSeconds, frames, segments, file } = await make('joined.ts', Buffer.concat(parts));
    t.match(size, { width: 480, height: 360 });
    t.ok(Math.abs(durationSeconds - 2 * seconds) < 0.1, `${durationSeconds} s`);
    t.ok(Math.abs(frames - 2 * seconds * 30) <= 1, `${frames} pictures`);
    for (const made of [file, segments])
      t.same(await sizesIn(made), { sizes: ['480x360'], count: frames }, made);
  },
);

t.test('what is coded alike throughout stays as it is, however often it says so', async t => {
  const bytes = await recording('320x180', 0);
  const { frames, file } = await make('alike.ts', bytes);
  t.equal(frames, seconds * 30);
  const { streams } = (await probe(file, ['-select_streams', 'v', '-show_entries', 'stream=profile'])) as {
    streams: { profile: string }[];
  };
  t.equal(streams[0]?.profile, 'Constrained Baseline', 'what encodes here makes High');
});
