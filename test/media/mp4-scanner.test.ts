import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import fc from 'fast-check';
import t from 'tap';
import { box, fullBox, uint32s } from '../../src/media/mp4-box.ts';
import { Mp4Scanner } from '../../src/media/mp4-scanner.ts';
import { chromiumRecording } from '../support/chromium-recordings.ts';
import { makeClip } from '../support/clips.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, framesIn, ofKind, piecesOf, scan } from './scanned-stream.ts';

const clip = await makeClip({ kind: 'mp4-h264', durationSeconds: 4 });
const recording = await chromiumRecording('chromium-vp9.mp4');

/** Where boxes of this type begin at the top level. */
function boxesOf(bytes: Buffer, type: string): number[] {
  const found: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += bytes.readUInt32BE(at)) {
    if (bytes.toString('latin1', at + 4, at + 8) === type) found.push(at);
  }
  return found;
}

t.test('a recording of ours is followed from header to last picture', async t => {
  const { events, scannedOffset } = scan(Mp4Scanner, [clip.bytes]);
  t.same(events[0], ['started', 0]);
  t.same(ofKind(events, 'tracks'), [
    [
      'tracks',
      { video: { codec: 'h264', width: 640, height: 360 }, audio: { codec: 'aac', channels: 2 } },
      boxesOf(clip.bytes, 'moof')[0],
    ],
  ]);
  t.equal(framesIn(events), clip.frameCount);
  const points = ofKind(events, 'point');
  t.same(
    points.map(([, at]) => at),
    boxesOf(clip.bytes, 'moof'),
  );
  t.ok(
    points.every((point, index) => point[2] > (points[index - 1]?.[2] ?? -1)),
    'times rise',
  );
  const keys = points.filter(([, , , isKey]) => isKey);
  t.ok(keys.length >= 1 && keys.length < points.length, 'not every fragment begins with a key frame');
  t.same(ofKind(events, 'damaged'), []);
  t.equal(scannedOffset, clip.bytes.length);
});

t.test("what Chromium's recorder gave out is followed too", async t => {
  const { events } = scan(
    Mp4Scanner,
    recording.chunks.map(({ bytes }) => bytes),
  );
  const [, tracks] = ofKind(events, 'tracks')[0] ?? [];
  t.match(tracks, { video: { codec: 'vp9', width: 1280, height: 720 }, audio: { codec: 'opus' } });
  t.ok(framesIn(events) > 100);
  t.same(ofKind(events, 'damaged'), []);
});

t.test('a plain MP4 passes when its header comes first', async t => {
  const args = ['-loglevel', 'error', '-i', clip.file, '-c', 'copy', '-movflags', '+faststart', '-f', 'mp4'];
  const file = `${clip.file}.${process.pid}.plain.mp4`;
  t.teardown(() => rm(file, { force: true }));
  await runFfmpeg([...args, file]);
  const { events } = scan(Mp4Scanner, [await readFile(file)]);
  t.equal(framesIn(events), clip.frameCount);
  t.equal(ofKind(events, 'tracks').length, 1);
});

t.test('however the bytes come, the same is told', async t => {
  for (const bytes of [clip.bytes, recording.bytes.subarray(0, 400_000)]) {
    const whole = scan(Mp4Scanner, [bytes], 77);
    holds(
      t,
      fc.property(anyCuts(bytes.length), cuts => {
        assert.deepEqual(scan(Mp4Scanner, cutAt(bytes, cuts), 77), whole);
      }),
      60,
    );
    for (const length of [7, 188, 1_021]) t.same(scan(Mp4Scanner, piecesOf(bytes, length), 77), whole);
  }
  const begin = clip.bytes.subarray(0, 10_000);
  t.same(scan(Mp4Scanner, piecesOf(begin, 1)), scan(Mp4Scanner, [begin]), 'byte by byte');
});

t.test('a recorder that was started anew in the middle begins a stream', async t => {
  const { events } = scan(Mp4Scanner, [clip.bytes, recording.bytes]);
  t.same(ofKind(events, 'started'), [
    ['started', 0],
    ['started', clip.bytes.length],
  ]);
  t.same(
    ofKind(events, 'tracks').map(([, { video }]) => video?.codec),
    ['h264', 'vp9'],
  );
  t.same(ofKind(events, 'jumped'), []);
});

t.test('garbage between fragments is passed over, and all behind it is found', async t => {
  const moofs = boxesOf(clip.bytes, 'moof');
  const cut = moofs[6] ?? 0;
  const garbage = Buffer.alloc(3_001, 'no such thing ');
  const { events } = scan(Mp4Scanner, [clip.bytes.subarray(0, cut), garbage, clip.bytes.subarray(cut)]);
  t.same(ofKind(events, 'damaged'), [['damaged', cut]]);
  t.same(
    ofKind(events, 'point').map(([, at]) => at),
    moofs.map(at => (at < cut ? at : at + garbage.length)),
  );
  t.equal(framesIn(events), clip.frameCount);
});

t.test('a fragment that is lost in half costs itself, no more', async t => {
  const moofs = boxesOf(clip.bytes, 'moof');
  const cut = (moofs[6] ?? 0) + 30;
  const { events } = scan(Mp4Scanner, [clip.bytes.subarray(0, cut), clip.bytes.subarray(cut + 100)]);
  t.equal(ofKind(events, 'point').at(-1)?.[1], (moofs.at(-1) ?? 0) - 100);
  t.ok(framesIn(events) > clip.frameCount - 30);
});

t.test('a clock that jumps back is told before what follows it', async t => {
  const [moof] = boxesOf(clip.bytes, 'moof');
  const header = clip.bytes.subarray(0, moof);
  const media = clip.bytes.subarray(moof);
  const { events } = scan(Mp4Scanner, [header, media, media]);
  t.same(ofKind(events, 'jumped'), [['jumped', clip.bytes.length]]);
  const at = events.findIndex(([kind]) => kind === 'jumped');
  t.match(events[at + 1], ['point', clip.bytes.length]);
  t.equal(framesIn(events), 2 * clip.frameCount);
});

/** A fragment of track 1 whose `trun` counts `count` samples of the default size, and describes none. */
function boastfulFragment(count: number): Buffer {
  const tfhd = fullBox('tfhd', 0, 0x20018, uint32s(1, 1_000, 1));
  const tfdt = fullBox('tfdt', 1, 0, uint32s(0, 900_000));
  return box('moof', box('traf', tfhd, tfdt, fullBox('trun', 0, 0, uint32s(count))));
}

t.test('a fragment that tells of billions of samples is damage, not work', async t => {
  const { events } = scan(Mp4Scanner, [clip.bytes, boastfulFragment(0xffff_ffff), boastfulFragment(3)]);
  t.equal(ofKind(events, 'damaged').length, 1);
  t.equal(framesIn(events), clip.frameCount + 3);
});

t.test('sizes that lie cost neither memory nor time', async t => {
  const before = process.memoryUsage().arrayBuffers;
  for (const type of ['moov', 'moof']) {
    const lie = Buffer.concat([uint32s(0xffff_fff0), Buffer.from(type)]);
    const megabyte = Buffer.alloc(1_048_576, 0xaa);
    const pieces = [clip.bytes, lie, ...Array.from({ length: 20 }, () => megabyte), boastfulFragment(3)];
    const { events } = scan(Mp4Scanner, pieces);
    t.equal(ofKind(events, 'damaged').length, 1, type);
    t.equal(framesIn(events), clip.frameCount + 3, type);
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 100_000_000);
});
