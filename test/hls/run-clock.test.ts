import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { RunClock } from '../../src/hls/run-clock.ts';
import type { MediaSample } from '../../src/media/media-sample.ts';
import { holds } from '../media/property.ts';

const timescale = 90_000;
const picture = (decodeTime: number, compositionOffset = 0, duration = 3_000): MediaSample => ({
  decodeTime,
  compositionOffset,
  duration,
  isSync: decodeTime % 90_000 === 0,
  data: Buffer.alloc(0),
});
const shown = ({ decodeTime, compositionOffset }: MediaSample) => decodeTime + compositionOffset;

/** Places pictures; those that are published already are left out. */
function placeAll(clock: RunClock, samples: readonly MediaSample[]): MediaSample[] {
  return samples.flatMap(sample => clock.placeVideo(sample, timescale) ?? []);
}

t.test('a run begins where the one before it ended, whatever its own clock says', async t => {
  for (const start of [0, 12_345, -6_000, 90_000 * 1_700_000_000]) {
    const clock = new RunClock(null, null);
    const samples = [0, 1, 2].map(index => picture(start + index * 3_000));
    clock.start(samples[0] as MediaSample, timescale, 7.5);
    t.same(
      placeAll(clock, samples).map(({ decodeTime }) => decodeTime),
      [675_000, 678_000, 681_000],
    );
    clock.start(picture(99), timescale, 100);
    t.equal(clock.place(start, timescale), 675_000, 'it begins once');
  }
});

t.test('pictures are shown when they were meant to be, and decode times rise', async t => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: -500, max: 9_000 }), fc.integer({ min: 0, max: 6_000 })),
    {
      minLength: 1,
      maxLength: 100,
    },
  );
  holds(
    t,
    fc.property(steps, steps => {
      const clock = new RunClock(2, null);
      let at = 0;
      const samples = steps.map(([step, offset]) => {
        at += step;
        return picture(at, offset);
      });
      const placed = placeAll(clock, samples);
      assert.deepEqual(
        placed.map(shown),
        samples.map(sample => shown(sample) + 180_000),
      );
      for (const [index, sample] of placed.entries()) {
        assert.ok(sample.decodeTime > (placed[index - 1]?.decodeTime ?? Number.NEGATIVE_INFINITY));
        assert.ok(sample.duration >= 1);
      }
    }),
    200,
  );
});

t.test('what is published already is known when it comes again, B-frames too', async t => {
  // Decoded 0 1 2 3 4 5 6 …, shown 0 3 1 2 6 4 5 …
  const order = Array.from({ length: 60 }, (_, index) => {
    const place = index % 3 === 1 ? index + 2 : index - 1;
    return picture(index * 3_000, ((index === 0 ? 0 : place) - index + 1) * 3_000);
  });
  holds(
    t,
    fc.property(fc.nat(58), fc.nat(58), (published, again) => {
      const from = Math.min(again, published);
      const first = new RunClock(1, null);
      const before = placeAll(first, order.slice(0, published + 1));
      const last = before.at(-1) as MediaSample;
      const newest = { decodeTime: last.decodeTime, presentationTime: shown(last) };
      const second = new RunClock(1, newest);
      second.expectRepeats();
      const after = placeAll(second, order.slice(from));
      assert.deepEqual([...before, ...after], placeAll(new RunClock(1, null), order));
    }),
    200,
  );
});

t.test('the newest picture is known by when it is shown, though its decode time is guessed anew', async t => {
  const clock = new RunClock(0, { decodeTime: 30_000, presentationTime: 36_000 });
  clock.expectRepeats();
  const again = [
    picture(26_000, 1_000),
    picture(29_000, 4_000),
    picture(32_001, 3_999),
    picture(35_000, 4_000),
  ];
  t.same(placeAll(clock, again).map(shown), [39_000]);
});

t.test('without a clock or a picture before it, nothing counts as a repeat', async t => {
  const unbegun = new RunClock(null, { decodeTime: 900_000, presentationTime: 900_000 });
  unbegun.expectRepeats();
  unbegun.start(picture(0), timescale, 10.1);
  t.equal(placeAll(unbegun, [picture(0)]).length, 1);
  const soundOnly = new RunClock(0, null);
  soundOnly.expectRepeats();
  t.equal(placeAll(soundOnly, [picture(0)]).length, 1);
});
