import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { TransportStreamScanner } from '../../src/media/transport-stream-scanner.ts';
import { makeClip } from '../support/clips.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, framesIn, ofKind, piecesOf, scan } from './scanned-stream.ts';

const clip = await makeClip({ kind: 'ts-h264', durationSeconds: 6 });

/** What ffmpeg makes of the clip with these arguments, as a transport stream. */
async function remade(...args: string[]): Promise<Buffer> {
  return (await runFfmpeg(['-loglevel', 'error', '-i', clip.file, ...args, '-f', 'mpegts', 'pipe:1'])).stdout;
}

t.test('a stream of ours is followed from its first table to its last picture', async t => {
  const { events, scannedOffset } = scan(TransportStreamScanner, [clip.bytes]);
  t.same(events[0], ['started', 0]);
  const [, tracks, headerEnd] = ofKind(events, 'tracks')[0] ?? [];
  t.same(tracks, { video: { codec: 'h264', width: 0, height: 0 }, audio: { codec: 'aac', channels: 0 } });
  t.equal(clip.bytes.readUInt16BE((headerEnd ?? 0) + 1) & 0x1fff, 0, 'media begins with a table');
  t.equal(framesIn(events), clip.frameCount);
  const keys = ofKind(events, 'point').filter(([, , , isKey]) => isKey);
  const first = keys[0]?.[2] ?? 0;
  t.same(
    keys.map(([, , micros]) => Math.round((micros - first) / 1_000)),
    [0, 2_000, 4_000],
  );
  for (const [, at] of keys) t.equal(clip.bytes.readUInt16BE(at + 1) & 0x1fff, 0, 'a point is at a table');
  t.same(ofKind(events, 'damaged'), []);
  t.equal(scannedOffset, clip.bytes.length);
});

t.test('codecs are told by the programme map', async t => {
  const tracksOf = async (...args: string[]) =>
    ofKind(scan(TransportStreamScanner, [await remade(...args)]).events, 'tracks')[0]?.[1];
  t.match(await tracksOf('-c:v', 'copy', '-c:a', 'libmp3lame'), {
    video: { codec: 'h264' },
    audio: { codec: 'mp3' },
  });
  t.match(await tracksOf('-c:v', 'mpeg2video', '-an'), { video: { codec: 'other' }, audio: null });
  t.match(
    await tracksOf('-c:v', 'libx265', '-preset', 'ultrafast', '-t', '1', '-x265-params', 'log-level=none'),
    {
      video: { codec: 'hevc' },
    },
  );
});

t.test('a stream of sound alone has its points there', async t => {
  const { events } = scan(TransportStreamScanner, [await remade('-vn', '-c:a', 'copy')]);
  t.same(ofKind(events, 'tracks')[0]?.[1], { video: null, audio: { codec: 'aac', channels: 0 } });
  const points = ofKind(events, 'point');
  t.ok(points.length > 5 && points.every(([, , , isKey]) => isKey));
  t.equal(framesIn(events), 0);
});

t.test('however the bytes come, the same is told', async t => {
  const whole = scan(TransportStreamScanner, [clip.bytes], 5);
  holds(
    t,
    fc.property(anyCuts(clip.bytes.length), cuts => {
      assert.deepEqual(scan(TransportStreamScanner, cutAt(clip.bytes, cuts), 5).events, whole.events);
    }),
    60,
  );
  for (const length of [1, 7, 187, 188, 1_021]) {
    t.same(scan(TransportStreamScanner, piecesOf(clip.bytes, length), 5), whole, `${length}`);
  }
});

t.test('garbage is passed over, and the stream goes on behind it', async t => {
  const cut = 188 * Math.floor(clip.bytes.length / 188 / 2);
  const garbage = Buffer.alloc(1_003, 'no such thing ');
  const pieces = [clip.bytes.subarray(0, cut), garbage, clip.bytes.subarray(cut)];
  const { events } = scan(TransportStreamScanner, pieces);
  t.same(ofKind(events, 'damaged'), [['damaged', cut]]);
  t.equal(framesIn(events), clip.frameCount);
});

t.test('a sync byte within garbage does not lead astray for long', async t => {
  const cut = 188 * Math.floor(clip.bytes.length / 188 / 2);
  const garbage = Buffer.alloc(1_003, 'GGoing astray in Greenland ');
  const pieces = [clip.bytes.subarray(0, cut), garbage, clip.bytes.subarray(cut)];
  const { events } = scan(TransportStreamScanner, pieces);
  t.ok(framesIn(events) >= clip.frameCount - 2);
  t.equal(ofKind(events, 'point').at(-1)?.[1], (lastPoint() ?? 0) + garbage.length);
});

function lastPoint(): number | undefined {
  return ofKind(scan(TransportStreamScanner, [clip.bytes]).events, 'point').at(-1)?.[1];
}

t.test('a sender that begins anew is a clock that jumped, at a table', async t => {
  const { events } = scan(TransportStreamScanner, [clip.bytes, clip.bytes]);
  const [, at] = ofKind(events, 'jumped')[0] ?? [];
  t.equal(ofKind(events, 'jumped').length, 1);
  t.ok(at !== undefined && at >= clip.bytes.length && at < clip.bytes.length + 188 * 3);
  const index = events.findIndex(([kind]) => kind === 'jumped');
  t.match(events[index + 1], ['point', at]);
  t.equal(framesIn(events), 2 * clip.frameCount);
});

t.test('a network table before the programme is no programme', async t => {
  const table = clip.bytes.subarray(0, clip.bytes.length);
  const at = ofKind(scan(TransportStreamScanner, [table]).events, 'tracks')[0]?.[2] ?? 0;
  const changed = Buffer.from(table);
  for (let packet = at; packet < changed.length; packet += 188) {
    if ((changed.readUInt16BE(packet + 1) & 0x1fff) !== 0) continue;
    // pointer field, then the section: programmes from its ninth byte on.
    const section = packet + 5;
    const programme = Buffer.from(changed.subarray(section + 8, section + 12));
    Buffer.from('0000e010', 'hex').copy(changed, section + 8);
    programme.copy(changed, section + 12);
    changed.writeUInt16BE(changed.readUInt16BE(section + 1) + 4, section + 1);
  }
  t.equal(framesIn(scan(TransportStreamScanner, [changed]).events), clip.frameCount);
});
