import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { codingOf } from '../../src/ffmpeg/upload-coding.ts';
import { convertedNames, convertUpload } from '../../src/ffmpeg/upload-conversion.ts';
import { readVodRendition } from '../../src/hls/vod-rendition.ts';
import { examineFile } from '../../src/library/original-file.ts';
import { movieDurationSeconds, movieHeadBytes } from '../../src/media/movie-duration.ts';
import { avOffset } from '../support/av-offset.ts';
import { lateSoundFile, made, type OddFile, oddFile, oddFileSeconds } from '../support/odd-files.ts';
import { probe } from '../support/run-program.ts';

const log = pino({ level: 'silent' });
const limits = { maxPixels: 40_000_000, maxSide: 16_384 };
const toleratedMillis = 30;

function settingsIn(workingDirectory: string) {
  const { signal } = new AbortController();
  return {
    ffmpegPath: 'ffmpeg',
    ffprobePath: 'ffprobe',
    addressSpaceBytes: 2 ** 31,
    workingDirectory,
    log,
    signal,
  };
}

/** Makes a video of a file, and one file of its segments for programs to read. */
async function convert(t: Test, file: string) {
  const directory = await mkdtemp(join(tmpdir(), 'livereel-conversion-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const settings = settingsIn(directory);
  const { container, probed } = await examineFile(settings, file, limits);
  const percents: number[] = [];
  const onPercent = (percent: number) => percents.push(percent);
  const converted = await convertUpload(settings, {
    file,
    container,
    probed,
    directory,
    threads: 0,
    onPercent,
  });
  const folder = join(directory, convertedNames.rendition);
  const traits = { startedAtMillis: 0, aacProfile: probed.audio?.profile ?? '', isTurned: false };
  const rendition = await readVodRendition(folder, traits);
  const names = ['init-0.mp4', ...(await readdir(folder)).filter(name => name.endsWith('.m4s')).sort()];
  const segments = join(directory, 'segments.mp4');
  await writeFile(
    segments,
    Buffer.concat(await Promise.all(names.map(name => readFile(join(folder, name))))),
  );
  const video = join(directory, convertedNames.video);
  const durationSeconds = movieDurationSeconds((await readFile(video)).subarray(0, movieHeadBytes));
  return {
    ...converted,
    rendition,
    segments,
    video,
    durationSeconds,
    coding: codingOf(container, probed),
    percents,
  };
}

async function meanOffset(file: string): Promise<number> {
  // The first beep of a file that begins with one is cut by the encoder's own delay.
  const offsets = (await avOffset(file)).slice(1).map(({ offsetMillis }) => offsetMillis);
  return offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length;
}

type Expectation = { readonly copied: boolean; readonly hasFlashes?: boolean; readonly frames?: number };
const expectations: Partial<Record<OddFile, Expectation>> = {
  'plain.mp4': { copied: true },
  'broadcast.ts': { copied: true },
  'camera.m2ts': { copied: true },
  'stream.flv': { copied: true },
  'old.flv': { copied: false },
  'old.avi': { copied: false },
  'old.wmv': { copied: false },
  'free.webm': { copied: false },
  'ten-bit.mkv': { copied: false },
  'variable.mkv': { copied: true, frames: 80 },
  'one-key.mp4': { copied: true },
};

for (const [name, { copied, frames = 120 }] of Object.entries(expectations)) {
  t.test(
    `${name} becomes a video, ${copied ? 'moved as it is' : 'encoded'}, with its sound in place`,
    async t => {
      const file = await oddFile(name as OddFile);
      const made = await convert(t, file);
      t.equal(made.isPictureKept, copied);
      t.ok(Math.abs(made.frames - frames) <= 1, `${made.frames} pictures`);
      t.ok(
        Math.abs((made.durationSeconds ?? 0) - oddFileSeconds) < 0.15,
        `the file lasts ${made.durationSeconds} s`,
      );
      t.ok(Math.abs(made.rendition.durationSeconds - oddFileSeconds) < 0.15, 'the segments last as long');
      t.match(made.rendition.formats[0], {
        codecs: /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/,
        width: 640,
        height: 360,
      });
      const [there, inFile, inSegments] = [
        await meanOffset(file),
        await meanOffset(made.video),
        await meanOffset(made.segments),
      ];
      t.ok(Math.abs(inFile - there) < toleratedMillis, `sound in the file: ${inFile} ms, before ${there} ms`);
      t.ok(
        Math.abs(inSegments - there) < toleratedMillis,
        `sound in segments: ${inSegments} ms, before ${there} ms`,
      );
    },
  );
}

t.test('what a file lacks is not there, and what is missing of its sound is silence', async t => {
  const silent = await convert(t, await oddFile('silent.mp4'));
  t.match(silent.rendition.formats[0]?.codecs, /^avc1\.[0-9a-f]{6}$/);
  const sound = await convert(t, await oddFile('sound.m4a'));
  t.match(sound.rendition.formats, [{ codecs: 'mp4a.40.2', width: 0, height: 0 }]);
  const late = await convert(t, await lateSoundFile());
  t.match(late.coding, { video: 'copy', audio: 'encode' });
  const { streams } = (await probe(late.segments, ['-show_entries', 'stream=codec_type,start_time'])) as {
    streams: { start_time: string }[];
  };
  t.ok(
    streams.every(({ start_time: start }) => Number(start) < 0.1),
    'all begin together',
  );
});

t.test('interlaced pictures are made whole, times before zero are moved', async t => {
  const whole = await convert(t, await oddFile('interlaced.mp4'));
  t.equal(whole.isPictureKept, false);
  const { streams } = (await probe(whole.video, [
    '-select_streams',
    'v',
    '-show_entries',
    'stream=field_order',
  ])) as {
    streams: { field_order?: string }[];
  };
  t.equal(streams[0]?.field_order, 'progressive');
  const before = await convert(t, await oddFile('before-zero.flv'));
  t.ok(
    Math.abs((before.durationSeconds ?? 0) - oddFileSeconds) < 0.15,
    `it lasts ${before.durationSeconds} s`,
  );
});

t.test('where a phone was is not told', async t => {
  const { video } = await convert(t, await oddFile('phone.mov'));
  const { format } = (await probe(video, ['-show_entries', 'format_tags'])) as { format: { tags?: object } };
  t.notMatch(JSON.stringify(format.tags), /48\.1|location/i);
});

t.test('files that cost too much, or are nothing, are refused with the reason', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'livereel-refused-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const examine = (file: string, most = limits) => examineFile(settingsIn(directory), file, most);
  const plain = await oddFile('plain.mp4');
  await t.rejects(examine(plain, { ...limits, maxPixels: 10_000 }), {
    code: 'media-unusable',
    message: /640 x 360/,
  });
  const cut = join(directory, 'cut.mov');
  await writeFile(cut, (await readFile(await oddFile('sound.m4a'))).subarray(0, 6_000));
  await t.rejects(examine(cut), { code: 'media-unusable' }, 'its index lay at its end');
  const empty = join(directory, 'empty.mp4');
  await writeFile(empty, '');
  await t.rejects(examine(empty), { code: 'media-unusable' });
  const playlist = join(directory, 'playlist.mp4');
  await writeFile(playlist, `#EXTM3U\n#EXTINF:4,\n${plain}\n#EXT-X-ENDLIST\n`);
  await t.rejects(examine(playlist), { code: 'unsupported-container' });
  const long = await made('long.mkv', [
    ...[
      '-f',
      'lavfi',
      '-i',
      'color=size=64x64:rate=1/50000:duration=200000',
      '-c:v',
      'libx264',
      '-threads',
      '1',
    ],
  ]);
  await t.rejects(examine(long), { code: 'media-unusable', message: /hours/ });
  const inputs = Array.from({ length: 70 }, () => ['-map', '0:a']).flat();
  const many = await made('many.mkv', ['-i', await oddFile('sound.m4a'), ...inputs, '-c', 'copy']);
  await t.rejects(examine(many), { code: 'media-unusable' }, 'hundreds of streams');
});

t.test('a file that was cut in half is made of what there is', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'livereel-half-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const bytes = await readFile(await oddFile('plain.mp4'));
  const half = join(directory, 'half.mp4');
  await writeFile(half, bytes.subarray(0, bytes.length / 2));
  const { durationSeconds } = await convert(t, half);
  t.ok(
    durationSeconds !== null && durationSeconds > 1 && durationSeconds < 3,
    `${durationSeconds} s are left`,
  );
});
