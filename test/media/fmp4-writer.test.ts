import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { formatOfHeader } from '../../src/hls/video-format.ts';
import {
  audioTrackId,
  fragment,
  initializationSection,
  type TrackRun,
  videoTrackId,
} from '../../src/media/fmp4-writer.ts';
import { silentAudioFrame } from '../../src/media/media-sample.ts';
import { readInit, readRuns } from '../support/fragment-times.ts';
import { probe, runFfmpeg } from '../support/run-program.ts';
import { codedPictures, codedSound } from './coded-samples.ts';

const coded = await codedPictures();
const format = formatOfHeader(coded.track);
// The timeline has no time before zero; a stream with B-frames begins there.
const first = coded.samples[0]?.decodeTime ?? 0;
const sound = (await codedSound()).samples.filter(({ decodeTime }) => decodeTime >= 0);
const pictures = coded.samples.map(sample => ({ ...sample, decodeTime: sample.decodeTime - first }));

type Packet = {
  pts: number;
  dts: number;
  duration?: number;
  size: string;
  flags: string;
  stream_index: number;
};

async function fileOf(
  t: { teardown(clean: () => Promise<void>): unknown },
  ...bytes: Buffer[]
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-fmp4-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'stream.mp4'), Buffer.concat(bytes));
  return join(folder, 'stream.mp4');
}

/** Fragments of ten pictures and the sound beside them. */
function fragments(): Buffer[] {
  const made: Buffer[] = [];
  for (let from = 0; from < pictures.length; from += 10) {
    const runs: TrackRun[] = [
      { trackId: videoTrackId, samples: pictures.slice(from, from + 10) },
      { trackId: audioTrackId, samples: sound.slice((from * 3) / 2, ((from + 10) * 3) / 2) },
    ];
    made.push(fragment(made.length + 1, runs));
  }
  return made;
}

t.test('ffprobe finds every sample where it was put, in both tracks', async t => {
  const file = await fileOf(t, initializationSection(format, 2), ...fragments());
  const { streams, packets } = (await probe(file, ['-show_streams', '-show_packets'])) as {
    streams: Record<string, unknown>[];
    packets: Packet[];
  };
  t.match(streams, [
    { codec_name: 'h264', width: 320, height: 180, time_base: '1/90000', codec_tag_string: 'avc1' },
    { codec_name: 'aac', profile: 'LC', sample_rate: '48000', channels: 2, time_base: '1/48000' },
  ]);
  const video = packets.filter(packet => packet.stream_index === 0);
  t.same(
    video.map(({ pts, dts, size, flags }) => [dts, pts, Number(size), flags.startsWith('K')]),
    pictures.map(({ decodeTime, compositionOffset, data, isSync }) => [
      decodeTime,
      decodeTime + compositionOffset,
      data.length,
      isSync,
    ]),
  );
  const audio = packets.filter(packet => packet.stream_index === 1);
  t.same(
    audio.map(({ dts, size }) => [dts, Number(size)]),
    sound.slice(0, 90).map(({ decodeTime, data }) => [decodeTime, data.length]),
  );
});

t.test('it decodes without a complaint, all of it', async t => {
  const file = await fileOf(t, initializationSection(format, 2), ...fragments());
  const args = ['-v', 'warning', '-xerror', '-i', file, '-map', '0', '-f', 'null', '-'];
  const { stderr } = await runFfmpeg(args);
  t.equal(stderr.trim(), '');
});

t.test('a picture lasts until the next one, whatever it said of itself', async t => {
  const [key, next] = pictures;
  if (!key || !next) throw new Error('no pictures');
  const samples = [
    { ...key, decodeTime: 0, compositionOffset: 0, duration: 1 },
    { ...next, decodeTime: 9_000, compositionOffset: 0, duration: 4_500 },
  ];
  const bytes = fragment(1, [{ trackId: videoTrackId, samples }]);
  const runs = readRuns(bytes, readInit(initializationSection(format, 0)));
  t.match(runs, [{ startSeconds: 0, durationSeconds: 0.15, sampleCount: 2 }]);
});

t.test('times past 2^32 ticks and offsets below zero are kept', async t => {
  const [key, next] = pictures;
  if (!key || !next) throw new Error('no pictures');
  const start = 2 ** 40;
  const samples = [
    { ...key, decodeTime: start, compositionOffset: -3_000 },
    { ...next, decodeTime: start + 3_000, compositionOffset: 0 },
  ];
  const bytes = fragment(7, [{ trackId: videoTrackId, samples }]);
  const file = await fileOf(t, initializationSection(format, 0), bytes);
  const { packets } = (await probe(file, ['-show_packets'])) as { packets: Packet[] };
  t.same(
    packets.map(({ dts }) => dts),
    [start, start + 3_000],
  );
  t.equal((packets[1]?.pts ?? 0) - (packets[0]?.pts ?? 0), 6_000);
});

t.test('silence is a frame of sound like any other', async t => {
  const samples = Array.from({ length: 47 }, (_, index) => ({
    decodeTime: index * 1_024,
    compositionOffset: 0,
    duration: 1_024,
    isSync: true,
    data: silentAudioFrame(2),
  }));
  const bytes = fragment(1, [{ trackId: audioTrackId, samples }]);
  const file = await fileOf(t, initializationSection(null, 2), bytes);
  const levels = ['-i', file, '-af', 'volumedetect', '-f', 'null', '-'];
  const { stderr } = await runFfmpeg(['-v', 'info', '-xerror', ...levels]);
  t.match(stderr, /max_volume: -91.0 dB/);
});

t.test('a track without samples is left out of its fragment', async t => {
  const [key] = pictures;
  if (!key) throw new Error('no pictures');
  const video = { trackId: videoTrackId, samples: [key] };
  t.same(fragment(3, [video, { trackId: audioTrackId, samples: [] }]), fragment(3, [video]));
});

t.test('silence of one channel and of two is silence to a decoder', async t => {
  for (const channels of [1, 2] as const) {
    const samples = Array.from({ length: 20 }, (_, index) => ({
      decodeTime: index * 1_024,
      compositionOffset: 0,
      duration: 1_024,
      isSync: true,
      data: silentAudioFrame(channels),
    }));
    const bytes = fragment(1, [{ trackId: audioTrackId, samples }]);
    const file = await fileOf(t, initializationSection(null, channels), bytes);
    const { streams } = (await probe(file, ['-show_streams'])) as { streams: { channels: number }[] };
    t.equal(streams[0]?.channels, channels);
    const { stdout } = await runFfmpeg(['-loglevel', 'error', '-i', file, '-f', 's16le', 'pipe:1']);
    t.ok(stdout.length >= 19 * 1_024 * 2 * channels);
    t.ok(stdout.every(byte => byte === 0));
  }
});
