import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { convertedNames, FileMove } from '../../src/ffmpeg/file-move.ts';
import { codingArguments, codingOf, movingArguments } from '../../src/ffmpeg/upload-coding.ts';
import { convertUpload } from '../../src/ffmpeg/upload-conversion.ts';
import { readVodRendition } from '../../src/hls/vod-rendition.ts';
import { examineFile, plainMovieOf } from '../../src/library/original-file.ts';
import { movieDurationSeconds, movieHeadBytes } from '../../src/media/movie-duration.ts';
import { box, fullBox, uint32s } from '../../src/media/mp4-box.ts';
import { avOffset } from '../support/av-offset.ts';
import {
  lateSoundFile,
  made,
  type OddFile,
  oddFile,
  oddFileSeconds,
  oddFileSize,
} from '../support/odd-files.ts';
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
  const { rendition, largestOfSeveral } = await readVodRendition(folder, traits);
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
    largestOfSeveral,
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

/** An MP4 of motion JPEG, `count` times the same picture (ISO 14496-12, section 8). */
function repeatingMovie(sampleBytes: number, count: number): Buffer {
  const movie = (offset: number): Buffer => {
    const entry = Buffer.alloc(78);
    entry.writeUInt16BE(1, 6);
    entry.writeUInt16BE(64, 24);
    entry.writeUInt16BE(64, 26);
    const table = box(
      'stbl',
      fullBox('stsd', 0, 0, uint32s(1), box('jpeg', entry)),
      fullBox('stts', 0, 0, uint32s(1, count, 40)),
      fullBox('stsc', 0, 0, uint32s(1, 1, 1, 1)),
      fullBox('stsz', 0, 0, uint32s(sampleBytes, count)),
      fullBox('stco', 0, 0, uint32s(count, ...Array.from({ length: count }, () => offset))),
    );
    const handler = fullBox('hdlr', 0, 0, uint32s(0), Buffer.from('vide'), Buffer.alloc(13));
    const times = fullBox('mdhd', 0, 0, uint32s(0, 0, 1_000, count * 40, 0));
    const header = fullBox('tkhd', 0, 3, uint32s(0, 0, 1, 0, count * 40), Buffer.alloc(60));
    const track = box('trak', header, box('mdia', times, handler, box('minf', table)));
    return box('moov', fullBox('mvhd', 0, 0, uint32s(0, 0, 1_000, count * 40), Buffer.alloc(80)), track);
  };
  const brand = box('ftyp', Buffer.from('isom\0\0\0\0isom'));
  const head = Buffer.concat([brand, movie(0)]);
  const data = box('mdat', Buffer.alloc(sampleBytes, 0xff));
  return Buffer.concat([brand, movie(head.length + 8), data]);
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
      t.equal(made.largestOfSeveral, null, 'one coding throughout');
      t.ok(Math.abs(made.frames - frames) <= 1, `${made.frames} pictures`);
      t.ok(
        Math.abs((made.durationSeconds ?? 0) - oddFileSeconds) < 0.15,
        `the file lasts ${made.durationSeconds} s`,
      );
      t.ok(Math.abs(made.rendition.durationSeconds - oddFileSeconds) < 0.15, 'the segments last as long');
      t.match(made.rendition.formats[0], {
        codecs: /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/,
        ...oddFileSize,
      });
      const [there, inFile, inSegments] = await Promise.all([
        meanOffset(file),
        meanOffset(made.video),
        meanOffset(made.segments),
      ]);
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
    message: /320 x 180/,
  });
  const cut = join(directory, 'cut.mov');
  await writeFile(cut, (await readFile(await oddFile('sound.m4a'))).subarray(0, 6_000));
  await t.rejects(
    examine(cut),
    { code: 'media-unusable', message: /^The file has no index: .* Send the whole file again\.$/ },
    'its index lay at its end',
  );
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

t.test(
  'a move that began early is gone on with when it is right, and leaves nothing when it is not',
  async t => {
    const directory = await mkdtemp(join(tmpdir(), 'livereel-early-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const settings = settingsIn(directory);
    const file = await oddFile('plain.mp4');
    t.match(await plainMovieOf(file), { videoIndex: 0, audioIndex: 1, durationSeconds: Number });
    t.equal(await plainMovieOf(await oddFile('sound.m4a')), null);
    const untold = { durationSeconds: oddFileSeconds, onPercent: () => undefined };
    const begin = (streams: readonly string[]) =>
      new FileMove(settings, { file, container: 'mp4', directory, streams, ...untold });
    const { container, probed } = await examineFile(settings, file, limits);
    const conversion = { file, container, probed, directory, threads: 0, onPercent: () => undefined };
    const right = begin(movingArguments(0, 1));
    t.ok(right.isOf(codingArguments(conversion, codingOf(container, probed))), 'the same is asked for');
    t.match(await convertUpload(settings, conversion, right), { frames: Number, isPictureKept: true });
    const wrong = begin(movingArguments(0, null));
    t.match(await convertUpload(settings, conversion, wrong), { frames: Number, isPictureKept: true });
    await t.rejects(wrong.frames(), { code: 'task-cancelled' });
    const { streams } = (await probe(join(directory, convertedNames.video), [
      '-show_entries',
      'stream=codec_type',
    ])) as {
      streams: unknown[];
    };
    t.equal(streams.length, 2, 'with its sound');
    const unwanted = begin(movingArguments(0, 1));
    await unwanted.close();
    await unwanted.close();
    await t.rejects(unwanted.frames(), { code: 'task-cancelled' });
    await t.rejects(begin(movingArguments(7, null)).frames(), { code: 'media-unusable' }, 'no such stream');
  },
);

t.test('a file whose index names the same bytes again and again does not fill the disk', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'livereel-grows-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'grows.mp4');
  // 1,000 pictures of 1,000,000 bytes each, all of them the same.
  await writeFile(file, repeatingMovie(1_000_000, 1_000));
  const moved = { file, container: 'mp4', directory, streams: movingArguments(0, null) } as const;
  const move = new FileMove(settingsIn(directory), {
    ...moved,
    durationSeconds: null,
    onPercent: () => undefined,
  });
  await t.rejects(move.frames(), { code: 'media-too-costly', message: /grows/ });
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
