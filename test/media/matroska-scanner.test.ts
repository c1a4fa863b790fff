import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { MatroskaScanner } from '../../src/media/matroska-scanner.ts';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import { chromiumRecording } from '../support/chromium-recordings.ts';
import { makeClip } from '../support/clips.ts';
import { webmBlocks } from '../support/recorder-chunks.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, framesIn, ofKind, piecesOf, scan } from './scanned-stream.ts';

const vp8 = await makeClip({ kind: 'webm-vp8', durationSeconds: 6 });
const h264 = await makeClip({ kind: 'webm-h264', durationSeconds: 4 });
const recording = await chromiumRecording('chromium-h264.webm');
const videoOf = (bytes: Buffer) => webmBlocks(bytes).filter(block => block.track === videoTrackOf(bytes));
const writer = new MatroskaWriter(1_000_000);
const header = writer.header([{ number: 1, kind: 'video', codecId: 'V_MJPEG', width: 64, height: 48 }]);
const frame = (ticks: number, sizeBytes = 100) =>
  Buffer.concat([writer.frameHead(1, ticks, true, sizeBytes), Buffer.alloc(sizeBytes, 0x2a)]);

/** Sound can be decoded from each of its blocks; the track that has others is the picture. */
function videoTrackOf(bytes: Buffer): number | undefined {
  return webmBlocks(bytes).find(({ keyframe }) => !keyframe)?.track;
}

t.test('a recording of ours is followed from header to last picture', async t => {
  const { events, scannedOffset } = scan(MatroskaScanner, [vp8.bytes]);
  t.same(events[0], ['started', 0]);
  const firstCluster = webmBlocks(vp8.bytes)[0]?.offset ?? 0;
  const video = { codec: 'vp8', width: 640, height: 360 };
  const [, tracks, headerEnd] = ofKind(events, 'tracks')[0] ?? [];
  t.same(tracks, { video, audio: { codec: 'opus', channels: 1 } });
  t.ok((headerEnd ?? 0) <= firstCluster);
  t.equal(framesIn(events), vp8.frameCount);
  const keys = ofKind(events, 'point').filter(([, , , isKey]) => isKey);
  t.same(
    keys.map(([, , micros]) => micros),
    videoOf(vp8.bytes)
      .filter(({ keyframe }) => keyframe)
      .map(({ seconds }) => Math.round(seconds * 1_000_000)),
  );
  t.equal(keys.length, 3);
  t.same(keys[0]?.[1], firstCluster);
  t.same([...ofKind(events, 'damaged'), ...ofKind(events, 'jumped')], []);
  t.equal(scannedOffset, vp8.bytes.length);
});

t.test("what Chromium's recorder gave out is followed too", async t => {
  for (const file of ['chromium-h264.webm', 'chromium-vp8.webm'] as const) {
    const { bytes, chunks } = await chromiumRecording(file);
    const { events, scannedOffset } = scan(
      MatroskaScanner,
      chunks.map(chunk => chunk.bytes),
    );
    const [, tracks] = ofKind(events, 'tracks')[0] ?? [];
    t.equal(tracks?.video?.codec, file.includes('vp8') ? 'vp8' : 'h264');
    t.equal(tracks?.audio?.codec, 'opus');
    t.equal(framesIn(events), videoOf(bytes).length, file);
    t.ok(ofKind(events, 'point').length > 3, file);
    t.same(ofKind(events, 'damaged'), []);
    t.equal(scannedOffset, bytes.length);
  }
});

t.test('however the bytes come, the same is told', async t => {
  for (const bytes of [h264.bytes, recording.bytes.subarray(0, 300_000)]) {
    const whole = scan(MatroskaScanner, [bytes], 1_000);
    holds(
      t,
      fc.property(anyCuts(bytes.length), cuts => {
        assert.deepEqual(scan(MatroskaScanner, cutAt(bytes, cuts), 1_000), whole);
      }),
      60,
    );
    for (const length of [7, 188, 1_021])
      t.same(scan(MatroskaScanner, piecesOf(bytes, length), 1_000), whole);
  }
  const begin = h264.bytes.subarray(0, 20_000);
  t.same(scan(MatroskaScanner, piecesOf(begin, 1)), scan(MatroskaScanner, [begin]), 'byte by byte');
});

t.test('a recorder that was started anew in the middle begins a stream', async t => {
  const { events } = scan(MatroskaScanner, [h264.bytes, vp8.bytes]);
  t.same(ofKind(events, 'started'), [
    ['started', 0],
    ['started', h264.bytes.length],
  ]);
  t.same(
    ofKind(events, 'tracks').map(([, { video }]) => video?.codec),
    ['h264', 'vp8'],
  );
  t.equal(framesIn(events), h264.frameCount + vp8.frameCount);
  t.same(ofKind(events, 'damaged'), []);
  t.same(ofKind(events, 'jumped'), [], 'times from 0 under a new header are no jump');
});

t.test('garbage between clusters is passed over, and all behind it is found', async t => {
  const clusters = ofKind(scan(MatroskaScanner, [vp8.bytes]).events, 'point').map(([, at]) => at);
  const cut = clusters[1] ?? 0;
  const garbage = Buffer.alloc(5_000, 'no such thing ');
  const { events } = scan(MatroskaScanner, [vp8.bytes.subarray(0, cut), garbage, vp8.bytes.subarray(cut)]);
  t.same(ofKind(events, 'damaged'), [['damaged', cut]]);
  t.same(
    ofKind(events, 'point').map(([, at]) => at),
    clusters.map(at => (at < cut ? at : at + garbage.length)),
  );
  t.equal(framesIn(events), vp8.frameCount);
});

t.test('bytes lost within a cluster cost its rest, no more', async t => {
  const blocks = videoOf(vp8.bytes);
  const [lost, next] = [blocks[70], blocks[71]];
  if (!lost || !next) throw new Error('too few pictures');
  const cut = Buffer.concat([vp8.bytes.subarray(0, lost.offset), vp8.bytes.subarray(lost.offset + 5)]);
  const { events } = scan(MatroskaScanner, [cut]);
  t.ok(ofKind(events, 'damaged').length >= 1);
  t.ok((ofKind(events, 'point').at(-1)?.[2] ?? 0) >= 4_000_000);
  const after = blocks.filter(({ seconds }) => seconds >= 4).length;
  t.ok(framesIn(events) >= 70 + after && framesIn(events) < vp8.frameCount);
});

t.test('a clock that jumps back is told, one that stumbles is not', async t => {
  const frames = [0, 40, 80, 5_000, 4_100, 4_140, 100, 140].map(ticks => frame(ticks));
  const { events } = scan(MatroskaScanner, [header, ...frames]);
  const before = [header, ...frames.slice(0, 6)].reduce((sum, bytes) => sum + bytes.length, 0);
  t.same(ofKind(events, 'jumped'), [['jumped', before]]);
  const at = events.findIndex(([kind]) => kind === 'jumped');
  t.same(events[at + 1], ['point', before, 100_000, true], 'the jump comes before what follows it');
});

t.test('a cluster is not passed before its time is known: it may begin a stream', async t => {
  const next = frame(40);
  const { scannedOffset } = scan(MatroskaScanner, [header, next.subarray(0, 13)]);
  t.equal(scannedOffset, header.length);
});

t.test('a stream of sound alone has its points there', async t => {
  const sound = writer.header([{ number: 2, kind: 'audio', codecId: 'A_OPUS' }]);
  const block = Buffer.concat([writer.frameHead(2, 60, false, 10), Buffer.alloc(10)]);
  const { events } = scan(MatroskaScanner, [sound, block]);
  t.same(ofKind(events, 'tracks')[0]?.[1], { video: null, audio: { codec: 'opus', channels: 2 } });
  t.same(ofKind(events, 'point'), [['point', sound.length, 60_000, true]]);
  t.equal(framesIn(events), 0);
});

t.test('track numbers of two bytes are told apart', async t => {
  // Track 258 as `41 02`; track 2, whose number ends alike, is the sound.
  const tracks = writer.header([
    { number: 2, kind: 'audio', codecId: 'A_OPUS' },
    { number: 258, kind: 'video', codecId: 'V_VP8', width: 64, height: 48 },
  ]);
  const block = Buffer.from('a385410200008000', 'hex');
  const cluster = Buffer.concat([Buffer.from('1f43b67501ffffffffffffffe78100', 'hex'), block]);
  const { events } = scan(MatroskaScanner, [tracks, cluster.subarray(0, cluster.length - 1)]);
  t.equal(framesIn(events), 1);
  t.same(ofKind(events, 'damaged'), []);
});

t.test('sizes that lie cost neither memory nor time', async t => {
  const lies = [
    '1654ae6b01fffffffffffffe', // Tracks of 2^56 bytes
    '1549a96608ffffffff', // Info of 4 GiB
    'e701ffffffffffffff', // a Timestamp without an end
    'a301ffffffffffffff', // a block without an end
    'ec01ffffffffffffff', // Void without an end
    '1a45dfa301ffffffffffffff', // an EBML header without an end
  ];
  const before = process.memoryUsage().arrayBuffers;
  for (const lie of lies) {
    const megabyte = Buffer.alloc(1_048_576, 0xaa);
    const pieces = [header, frame(0), Buffer.from(lie, 'hex'), ...Array.from({ length: 20 }, () => megabyte)];
    const { events } = scan(MatroskaScanner, [...pieces, frame(40), frame(80)]);
    t.equal(ofKind(events, 'damaged').length, 1, lie);
    t.equal(framesIn(events), 3, lie);
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 100_000_000);
});

t.test('a clock that is set forward by more than an hour is told, a long silence is not', async t => {
  const writer = new MatroskaWriter(1_000_000);
  const frame = Buffer.from('a picture');
  const at = (millis: number) => Buffer.concat([writer.frameHead(1, millis, true, frame.length), frame]);
  const header = writer.header([{ number: 1, kind: 'video', codecId: 'V_MJPEG', width: 64, height: 48 }]);
  const calm = scan(MatroskaScanner, [Buffer.concat([header, at(0), at(3_500_000), at(3_500_040)])]);
  t.same(ofKind(calm.events, 'jumped'), []);
  const set = scan(MatroskaScanner, [Buffer.concat([header, at(1_000), at(1_800_000_000_000)])]);
  t.same(ofKind(set.events, 'jumped'), [['jumped', header.length + at(1_000).length]]);
});
