import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import { RunSplitter, type SplitItem } from '../../src/sessions/run-splitter.ts';
import { holds } from '../media/property.ts';
import { anyCuts, cutAt, piecesOf } from '../media/scanned-stream.ts';
import { type ClipKind, makeClip } from '../support/clips.ts';

type Piece = { readonly bytes: Buffer; readonly isFresh?: boolean };

/** All items of these pieces, the bytes joined between the others; each piece's memory is used again after it. */
function split(pieces: Iterable<Piece>, splitter = new RunSplitter(0, 0)): SplitItem[] {
  const items: SplitItem[] = [];
  const keep = (item: SplitItem) => {
    const previous = items.at(-1);
    if (item.kind !== 'bytes') items.push(item);
    else if (previous?.kind === 'bytes') {
      items[items.length - 1] = { ...item, bytes: Buffer.concat([previous.bytes, item.bytes]) };
    } else items.push({ ...item, bytes: Buffer.from(item.bytes) });
  };
  for (const { bytes, isFresh = false } of pieces) {
    const lent = Buffer.from(bytes);
    for (const item of splitter.push(lent, isFresh)) keep(item);
    lent.fill(0xee);
  }
  for (const item of splitter.end()) keep(item);
  return items;
}

const whole = (...streams: readonly Buffer[]): Piece[] => streams.map(bytes => ({ bytes }));
const bytesOf = (items: readonly SplitItem[]) =>
  Buffer.concat(items.flatMap(item => (item.kind === 'bytes' ? [item.bytes] : [])));
const beginsOf = (items: readonly SplitItem[]) => items.filter(item => item.kind === 'begin');
const pointsOf = (items: readonly SplitItem[]) => items.filter(item => item.kind === 'point');
/** Where the points fall between bytes differs from split to split; that they come, and that they begin runs, not. */
const tellable = (items: readonly SplitItem[]) => ({
  begins: beginsOf(items),
  points: pointsOf(items),
  bytes: bytesOf(items),
});

const kinds: ClipKind[] = ['webm-h264', 'webm-vp8', 'mp4-h264', 'ts-h264'];

for (const kind of kinds) {
  const clip = await makeClip({ kind, durationSeconds: 4 });
  const second = await makeClip({ kind, durationSeconds: 2 });

  t.test(`${kind}: one run, and all its bytes`, async t => {
    const items = split(whole(clip.bytes));
    t.equal(beginsOf(items).length, 1);
    t.match(beginsOf(items)[0], {
      offset: 0,
      isHeaderIncluded: true,
      run: { headerStart: 0, framesBefore: 0 },
    });
    t.ok(bytesOf(items).equals(clip.bytes));
    t.ok(pointsOf(items).length >= 1);
  });

  t.test(`${kind}: the same runs, points and bytes in any split`, async t => {
    const both = Buffer.concat([clip.bytes, second.bytes]);
    const expected = tellable(split(whole(both)));
    assert.ok(expected.bytes.equals(both));
    holds(
      t,
      fc.property(anyCuts(both.length), cuts => {
        assert.deepEqual(tellable(split(whole(...cutAt(both, cuts)))), expected);
      }),
      60,
    );
    t.same(tellable(split(whole(...piecesOf(both, 999)))), expected);
  });

  t.test(`${kind}: a recorder that begins anew begins a run, told or not`, async t => {
    const untold = split(whole(clip.bytes, second.bytes));
    const told = split([{ bytes: clip.bytes }, { bytes: second.bytes, isFresh: true }]);
    const starts = beginsOf(untold).map(item => item.offset);
    t.equal(starts.length, 2);
    t.ok((starts[1] ?? 0) >= clip.bytes.length && (starts[1] ?? 0) < clip.bytes.length + 600, `${starts}`);
    t.equal(beginsOf(untold)[1]?.run.framesBefore, clip.frameCount);
    if (kind !== 'ts-h264') t.same(tellable(told), tellable(untold));
    // A recorder that died in the middle of an element: what it left must not swallow what comes after.
    const cut = clip.bytes.subarray(0, clip.bytes.length - 777);
    const items = split([{ bytes: cut }, { bytes: second.bytes, isFresh: true }]);
    t.equal(beginsOf(items)[1]?.offset, cut.length);
    t.ok(bytesOf(items).equals(Buffer.concat([cut, second.bytes])));
  });

  t.test(`${kind}: gone on with at a point, the rest is the same`, async t => {
    const first = split(whole(clip.bytes));
    const [begin] = beginsOf(first);
    if (begin === undefined) throw new Error('no run');
    const { run } = begin;
    const header = clip.bytes.subarray(run.headerStart, run.headerEnd);
    for (const point of pointsOf(first)) {
      const splitter = RunSplitter.resumed(run, header, point.offset, point.frames);
      const items = split(whole(...piecesOf(clip.bytes.subarray(point.offset), 5_000)), splitter);
      t.same(beginsOf(items), []);
      t.ok(bytesOf(items).equals(clip.bytes.subarray(point.offset)));
      t.same(
        pointsOf(items),
        pointsOf(first).filter(({ offset }) => offset >= point.offset),
      );
      t.equal(splitter.frames, clip.frameCount);
    }
  });
}

t.test('a stream of another kind may follow', async t => {
  const clips = await Promise.all(kinds.map(kind => makeClip({ kind, durationSeconds: 2 })));
  const items = split(
    clips.map(({ bytes }, index) => ({ bytes, isFresh: index > 0 && kinds[index] !== 'ts-h264' })),
  );
  t.same(
    beginsOf(items)
      .slice(0, 3)
      .map(({ run }) => [run.container, run.tracks.video?.codec]),
    [
      ['matroska', 'h264'],
      ['matroska', 'vp8'],
      ['mp4', 'h264'],
    ],
  );
});

t.test('a clock that jumps back begins a run under the same header', async t => {
  const writer = new MatroskaWriter(1_000_000);
  const header = writer.header([{ number: 1, kind: 'video', codecId: 'V_MJPEG', width: 64, height: 48 }]);
  const frame = (ticks: number) => Buffer.concat([writer.frameHead(1, ticks, true, 50), Buffer.alloc(50)]);
  const before = [0, 40, 5_000].map(frame);
  const items = split(whole(header, ...before, frame(0), frame(40)));
  const [first, second] = beginsOf(items);
  const offset = [header, ...before].reduce((sum, bytes) => sum + bytes.length, 0);
  t.match(second, { offset, isHeaderIncluded: false, run: { mediaStart: offset, framesBefore: 3 } });
  t.equal(second?.run.headerEnd, first?.run.headerEnd);
});

t.test('what is no container at all is refused; behind one it is passed over', async t => {
  t.throws(() => split(whole(Buffer.from('#EXTM3U\n'.repeat(100)))), { code: 'media-unusable' });
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const splitter = new RunSplitter(0, 0);
  const noise = { bytes: Buffer.from('#EXTM3U\n'.repeat(100)), isFresh: true };
  split([{ bytes: clip.bytes }, noise, { bytes: clip.bytes, isFresh: true }], splitter);
  t.equal(splitter.frames, 2 * clip.frameCount);
  t.ok(splitter.damages > 0);
});

t.test('a header that tells nothing is refused, or passed over when good came before it', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const endless = [
    clip.bytes.subarray(0, 60),
    ...Array.from({ length: 40 }, () => Buffer.alloc(262_144, 'noise ')),
  ];
  t.throws(() => split(whole(...endless)), { code: 'media-unusable' });
  const splitter = new RunSplitter(0, 0);
  const items = split([...whole(clip.bytes, ...endless), { bytes: clip.bytes, isFresh: true }], splitter);
  t.equal(beginsOf(items).length, 2);
  t.ok(bytesOf(items).equals(Buffer.concat([clip.bytes, clip.bytes])), 'nothing of it reaches a decoder');
  t.equal(splitter.frames, 2 * clip.frameCount);
  const noTracks = new MatroskaWriter(1_000_000).header([]);
  const passed = split(whole(clip.bytes, noTracks, clip.bytes));
  t.ok(bytesOf(passed).equals(Buffer.concat([clip.bytes, clip.bytes])), 'a header without tracks');
});

t.test('memory is bounded while a header does not end', async t => {
  const splitter = new RunSplitter(0, 0);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  splitter.push(clip.bytes, false);
  splitter.push(clip.bytes.subarray(0, 60), true);
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 300; index += 1) splitter.push(Buffer.alloc(131_072, 'noise '), false);
  t.ok(process.memoryUsage().arrayBuffers - before < 100_000_000);
});

t.test('a header that does not end costs no more than its bytes, in pieces however small', async t => {
  const splitter = new RunSplitter(0, 0);
  const openHeader = Buffer.from('1a45dfa380' + '18538067' + '01ffffffffffffff', 'hex');
  splitter.push(openHeader, false);
  const filler = Buffer.concat([Buffer.from('ec4100', 'hex'), Buffer.alloc(0x100)]);
  const begun = performance.now();
  t.throws(
    () => {
      for (let piece = 0; piece < 40_000; piece += 1) splitter.push(filler, false);
    },
    { code: 'media-unusable' },
  );
  // Copied anew with each piece it was over a minute.
  t.ok(performance.now() - begun < 10_000, `${performance.now() - begun} ms`);
});
