import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type PartCut, PartCutter } from '../../src/hls/part-cutter.ts';
import type { MediaSample } from '../../src/media/media-sample.ts';
import { holds } from '../media/property.ts';

const settings = { partSeconds: 0.2, segmentSeconds: 2, longestSegmentSeconds: 4 };
const timescale = 90_000;
// Six frames of a thirtieth and the allowance for jitter, in whole milliseconds.
const partTarget = 0.217;

/** Pictures one after another, with these durations in ticks; every `keyEvery`th needs no other. */
function picturesOf(durations: readonly number[], keyEvery: number, startTicks = 0): MediaSample[] {
  let decodeTime = startTicks;
  return durations.map((duration, index) => {
    const isSync = index % keyEvery === 0;
    const sample = { decodeTime, compositionOffset: 0, duration, isSync, data: Buffer.from([index & 0xff]) };
    decodeTime += duration;
    return sample;
  });
}

/** All parts of these pictures, sound reaching to `soundEndSeconds`. */
function cutAll(samples: readonly MediaSample[], soundEndSeconds = 0): PartCut[] {
  const cutter = new PartCutter(settings, timescale, { partSeconds: 0, segmentSeconds: 0 }, 0);
  return [...samples.flatMap(sample => cutter.push(sample)), ...cutter.flush(soundEndSeconds)];
}

/** Lengths of the segments that these parts make, in seconds. */
function segmentsOf(cuts: readonly PartCut[]): number[] {
  const lengths: number[] = [];
  let start = cuts[0]?.startSeconds ?? 0;
  for (const cut of cuts) {
    if (!cut.isLast) continue;
    lengths.push(cut.endSeconds - start);
    start = cut.endSeconds;
  }
  return lengths;
}

const near = (left: number, right: number) => Math.abs(left - right) < 1e-6;

// From 240 frames a second to one that stays for ten seconds.
const duration = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 375, max: 9_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 9_000, max: 200_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 200_000, max: 900_000 }) },
);
const streams = fc
  .tuple(fc.array(duration, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 120 }))
  .map(([durations, keyEvery]) => picturesOf(durations, keyEvery));

t.test(
  'thirty frames a second, a key frame every two seconds: ten parts of six frames a segment',
  async t => {
    const cuts = cutAll(picturesOf(Array(180).fill(3_000), 60));
    t.equal(cuts.length, 30);
    t.ok(cuts.every(cut => cut.samples.length === 6 && near(cut.endSeconds - cut.startSeconds, 0.2)));
    t.same(
      cuts.flatMap((cut, index) => (cut.isLast ? [index] : [])),
      [9, 19, 29],
    );
    t.ok(cuts.every(({ partTargetSeconds }) => partTargetSeconds === partTarget));
  },
);

t.test('parts follow one another, and every picture is in exactly one', async t => {
  holds(
    t,
    fc.property(streams, fc.double({ min: 0, max: 5, noNaN: true }), (samples, moreSoundSeconds) => {
      const last = samples.at(-1) as MediaSample;
      const end = (last.decodeTime + last.duration) / timescale + moreSoundSeconds;
      const cuts = cutAll(samples, end);
      assert.deepEqual(
        cuts.flatMap(cut => [...cut.samples]),
        samples,
      );
      for (const [index, cut] of cuts.entries()) {
        assert.equal(cut.startSeconds, cuts[index - 1]?.endSeconds ?? 0);
        assert.ok(cut.endSeconds > cut.startSeconds);
        for (const { decodeTime } of cut.samples) {
          const seconds = decodeTime / timescale;
          assert.ok(seconds >= cut.startSeconds - 1e-9 && seconds < cut.endSeconds);
        }
      }
      assert.ok(near(cuts.at(-1)?.endSeconds ?? 0, end));
      assert.equal(cuts.at(-1)?.isLast, true);
    }),
    200,
  );
});

t.test('no part is longer than the target, no segment longer than the longest', async t => {
  holds(
    t,
    fc.property(streams, fc.double({ min: 0, max: 30, noNaN: true }), (samples, moreSoundSeconds) => {
      const last = samples.at(-1) as MediaSample;
      const cuts = cutAll(samples, (last.decodeTime + last.duration) / timescale + moreSoundSeconds);
      let target = 0;
      for (const cut of cuts) {
        assert.ok(cut.endSeconds - cut.startSeconds <= cut.partTargetSeconds + 1e-6);
        assert.ok(cut.partTargetSeconds >= target, 'the target never shrinks');
        target = cut.partTargetSeconds;
      }
      for (const seconds of segmentsOf(cuts)) assert.ok(seconds <= 4 + 1e-6, `${seconds} s`);
    }),
    200,
  );
});

t.test('where parts end does not depend on when pictures come', async t => {
  holds(
    t,
    fc.property(streams, samples => {
      const cutter = new PartCutter(settings, timescale, { partSeconds: 0, segmentSeconds: 0 }, 0);
      const cuts: PartCut[] = [];
      for (const sample of samples) {
        cuts.push(...cutter.push(sample));
        // What was cut is what would have been cut if nothing followed: a picture never changes a part before it.
        assert.ok(
          cuts.every(cut => cut.endSeconds <= (sample.decodeTime + sample.duration) / timescale + 1e-9),
        );
        assert.equal(cutter.endSeconds >= (cuts.at(-1)?.endSeconds ?? 0), true);
      }
      assert.deepEqual([...cuts, ...cutter.flush(0)], cutAll(samples));
    }),
    100,
  );
});

t.test('a stream that is cut again after a crash is cut the same', async t => {
  const steadyStreams = fc
    .record({ frame: fc.integer({ min: 1_500, max: 9_000 }), keyEvery: fc.integer({ min: 10, max: 36 }) })
    .map(({ frame, keyEvery }) => picturesOf(Array(240).fill(frame), keyEvery));
  holds(
    t,
    fc.property(steadyStreams, fc.nat(1_000), (samples, choice) => {
      const whole = cutAll(samples);
      const known = whole.slice(0, 1 + (choice % whole.length));
      const [lastKnown] = known.slice(-1);
      if (lastKnown === undefined) return;
      const published = known.flatMap(cut => cut.samples).length;
      const segmentSeconds = known.findLast(cut => cut.isLast)?.endSeconds ?? 0;
      const starts = { partSeconds: lastKnown.endSeconds, segmentSeconds };
      const again = new PartCutter(settings, timescale, starts, lastKnown.partTargetSeconds);
      const rest = samples.slice(published).flatMap(sample => again.push(sample));
      assert.deepEqual([...known, ...rest, ...again.flush(0)], whole);
    }),
    200,
  );
});

t.test('a key frame that comes early, late or never', async t => {
  const early = segmentsOf(cutAll(picturesOf(Array(120).fill(3_000), 15)));
  t.ok(
    early.slice(0, -1).every(seconds => near(seconds, 2)),
    'one every half second: segments of two seconds',
  );
  const never = segmentsOf(cutAll(picturesOf(Array(300).fill(3_000), 1_000)));
  t.ok(
    never.slice(0, -1).every(seconds => seconds > 3.7 && seconds <= 4),
    'none: the longest that may be',
  );
  const almost = segmentsOf(cutAll(picturesOf(Array(120).fill(3_000), 55)));
  t.ok(near(almost[0] ?? 0, 55 / 30), 'a little early is soon enough');
});

t.test('a segment that began without a key frame ends at the next one', async t => {
  // Two seconds and a half a key frame, four seconds nothing: the second segment is begun without one.
  const cuts = cutAll(picturesOf(Array(300).fill(3_000), 140));
  const lengths = segmentsOf(cuts);
  t.ok((lengths[0] ?? 0) <= 4);
  t.ok(near((lengths[0] ?? 0) + (lengths[1] ?? 0), 140 / 30), `${lengths}`);
});

t.test('sound that goes on when the pictures have ended becomes parts of its own', async t => {
  const cuts = cutAll(picturesOf(Array(60).fill(3_000), 60), 12);
  const withoutPictures = cuts.filter(cut => cut.samples.length === 0);
  t.ok(withoutPictures.length >= 10 / 0.216);
  t.ok(
    cuts.every(({ partTargetSeconds }) => partTargetSeconds === partTarget),
    'no part made the target give way',
  );
});

t.test('a segment that was left open brings the part that it announced', async t => {
  const starts = { partSeconds: 1.9, segmentSeconds: 0 };
  const cutter = new PartCutter(settings, timescale, starts, 0.216);
  const samples = picturesOf(Array(12).fill(3_000), 30, 171_000);
  const cuts = [...samples.flatMap(sample => cutter.push(sample)), ...cutter.flush(0)];
  t.equal(cuts[0]?.startSeconds, 1.9);
  t.ok((cuts[0]?.samples.length ?? 0) > 0);
});

t.test(
  'a picture that stands still without sound is one part, and parts are as long as before behind it',
  async t => {
    const cutter = new PartCutter(
      { partSeconds: 0.2, segmentSeconds: 2, longestSegmentSeconds: 4 },
      10,
      { partSeconds: 0, segmentSeconds: 0 },
      0,
      false,
    );
    const data = Buffer.alloc(1);
    const cuts = [];
    for (let index = 0; index < 30; index += 1) {
      const decodeTime = index + (index > 20 ? 100 : 0);
      const duration = index === 20 ? 101 : 1;
      cuts.push(
        ...cutter.push({ decodeTime, duration, compositionOffset: 0, isSync: index % 20 === 0, data }),
      );
    }
    cuts.push(...cutter.flush(0));
    t.ok(
      cuts.every(cut => cut.samples.length > 0),
      'no part is without a picture',
    );
    t.same(
      cuts
        .filter(cut => cut.endSeconds - cut.startSeconds > 0.3)
        .map(cut => cut.endSeconds - cut.startSeconds),
      [10.1],
    );
    t.equal(new Set(cuts.map(cut => cut.partTargetSeconds)).size, 1, 'the target does not give way to it');
  },
);

t.test('a clock that says that a picture stands for ever fills no memory', async t => {
  const cutter = new PartCutter(
    { partSeconds: 0.2, segmentSeconds: 2, longestSegmentSeconds: 4 },
    90_000,
    { partSeconds: 0, segmentSeconds: 0 },
    0,
  );
  const data = Buffer.alloc(1);
  const cuts = cutter.push({ decodeTime: 0, duration: 2 ** 52, compositionOffset: 0, isSync: true, data });
  t.ok(cuts.length < 20_000, `${cuts.length} parts`);
});
