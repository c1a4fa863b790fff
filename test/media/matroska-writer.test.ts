import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { MatroskaScanner } from '../../src/media/matroska-scanner.ts';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import { numberedJpegs, readFrameNumbers } from '../support/numbered-frames.ts';
import { probe } from '../support/run-program.ts';
import { ofKind, scan } from './scanned-stream.ts';

const jpegs = await numberedJpegs(12);
const mjpeg = { number: 1, kind: 'video', codecId: 'V_MJPEG', width: 640, height: 360 } as const;

/** A stream of the JPEGs at these ticks. */
function streamOf(writer: MatroskaWriter, ticks: readonly number[]): Buffer {
  const frames = ticks.map((at, index) => {
    const jpeg = jpegs[index] as Buffer;
    return Buffer.concat([writer.frameHead(1, at, true, jpeg.length), jpeg]);
  });
  return Buffer.concat([writer.header([mjpeg]), ...frames]);
}

async function fileOf(t: { teardown(clean: () => Promise<void>): unknown }, bytes: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-matroska-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'stream.mkv'), bytes);
  return join(folder, 'stream.mkv');
}

// One at the beginning, some unevenly spaced, one after an hour, one past 2^40.
const ticks = [0, 1, 41, 80, 127, 128, 16_383, 16_384, 65_536, 3_600_000, 4_294_967_296, 1_099_511_627_777];

t.test('our own scanner reads back every frame at its time', async t => {
  const stream = streamOf(new MatroskaWriter(1_000_000), ticks);
  const { events, scannedOffset } = scan(MatroskaScanner, [stream]);
  t.same(ofKind(events, 'tracks')[0]?.[1], {
    video: { codec: 'mjpeg', width: 640, height: 360 },
    audio: null,
  });
  t.same(
    ofKind(events, 'point').map(([, , micros, isKey]) => [micros, isKey]),
    ticks.map(at => [at * 1_000, true]),
  );
  t.same(ofKind(events, 'damaged'), []);
  t.equal(ofKind(events, 'jumped').length, 2, 'days ahead is another clock');
  t.equal(scannedOffset, stream.length);
});

t.test('ffprobe reads back every frame at its time and byte for byte', async t => {
  const near = ticks.slice(0, 10);
  const file = await fileOf(t, streamOf(new MatroskaWriter(1_000_000), near));
  const { packets, streams } = (await probe(file, ['-show_packets', '-show_streams'])) as {
    packets: { pts_time: string; size: string; flags: string }[];
    streams: { codec_name: string; width: number; height: number }[];
  };
  t.match(streams, [{ codec_name: 'mjpeg', width: 640, height: 360 }]);
  t.same(
    packets.map(({ pts_time, size }) => [Number(pts_time), Number(size)]),
    near.map((at, index) => [at / 1_000, jpegs[index]?.length]),
  );
  const read = await readFrameNumbers(file);
  t.same(
    read.map(({ number }) => number),
    near.map((_, index) => index),
  );
});

t.test('at a constant rate a tick is a frame, exactly', async t => {
  const writer = new MatroskaWriter(Math.round(1e9 / 27));
  const file = await fileOf(
    t,
    streamOf(
      writer,
      jpegs.map((_, index) => index),
    ),
  );
  const read = await readFrameNumbers(file);
  for (const [index, { ptsSeconds }] of read.entries()) {
    t.ok(Math.abs(ptsSeconds - index / 27) < 1e-6, `frame ${index} at ${ptsSeconds}`);
  }
});

t.test('every kind of track is told with what a decoder needs', async t => {
  const writer = new MatroskaWriter(1_000_000);
  const codecPrivate = Buffer.from('OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0', 'latin1');
  const tracks = [
    { number: 1, kind: 'video', codecId: 'V_VP8', width: 320, height: 240 },
    { number: 2, kind: 'audio', codecId: 'A_OPUS', sampleRateHertz: 48_000, channels: 1, codecPrivate },
  ] as const;
  const silence = Buffer.from('f8fffe', 'hex');
  const frame = Buffer.concat([writer.frameHead(2, 0, true, silence.length), silence]);
  const file = await fileOf(t, Buffer.concat([writer.header(tracks), frame]));
  const { streams } = (await probe(file, ['-show_streams'])) as { streams: Record<string, unknown>[] };
  t.match(streams, [
    { codec_name: 'vp8', width: 320, height: 240 },
    { codec_name: 'opus', sample_rate: '48000', channels: 1 },
  ]);
});

t.test('a stream that is cut anywhere loses the cut frame only', async t => {
  const stream = streamOf(new MatroskaWriter(1_000_000), ticks.slice(0, 4));
  const heads = ofKind(scan(MatroskaScanner, [stream]).events, 'point').map(([, at]) => at);
  const third = heads[2] ?? 0;
  const file = await fileOf(t, stream.subarray(0, third + 500));
  const read = await readFrameNumbers(file, { lenient: true });
  t.same(
    read.slice(0, 2).map(({ number }) => number),
    [0, 1],
  );
});
