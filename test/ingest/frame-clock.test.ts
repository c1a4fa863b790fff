import fc from 'fast-check';
import t from 'tap';
import { FrameClock } from '../../src/ingest/frame-clock.ts';
import { holds } from '../media/property.ts';

const evening = 1_700_000_000_000;

t.test('frames keep the times at which they were captured', async t => {
  const clock = new FrameClock(-1);
  const told = [0, 40, 41, 1_341, 1_341, 60_000].map(millis => evening + millis);
  t.same(
    told.map(millis => clock.captured(millis)),
    [0, 40, 41, 1_341, 1_342, 60_000].map(millis => ({ ticks: evening + millis, isOutOfOrder: false })),
  );
});

t.test('a clock that is set back in mid-stream is told, and followed from there', async t => {
  const clock = new FrameClock(evening);
  t.same(clock.captured(evening + 40), { ticks: evening + 40, isOutOfOrder: false });
  const hourBack = evening - 3_600_000;
  t.same(clock.captured(hourBack), { ticks: evening + 80, isOutOfOrder: true });
  t.same(clock.captured(hourBack + 33), { ticks: evening + 113, isOutOfOrder: false });
  t.same(clock.captured(hourBack + 10_033), { ticks: evening + 10_113, isOutOfOrder: false });
});

t.test('a frame that overtook another on its way is told, and shifts nothing', async t => {
  const clock = new FrameClock(evening);
  t.same(clock.captured(evening + 100), { ticks: evening + 100, isOutOfOrder: false });
  t.same(clock.captured(evening + 60), { ticks: evening + 101, isOutOfOrder: true });
  t.same(clock.captured(evening + 140), { ticks: evening + 140, isOutOfOrder: false });
});

t.test('a clock that is set years forward leaves no picture standing for years', async t => {
  const clock = new FrameClock(1_000);
  t.same(clock.captured(evening), { ticks: 1_040, isOutOfOrder: false });
  t.same(clock.captured(evening + 50), { ticks: 1_090, isOutOfOrder: false });
});

t.test('bursts of arrival are smoothed to the pace of the camera', async t => {
  const clock = new FrameClock(-1);
  const times = Array.from({ length: 300 }, (_, frame) =>
    // 25 a second, four at once.
    clock.arrived(evening + Math.floor(frame / 4) * 160),
  );
  const steps = times.slice(101).map((millis, index) => millis - (times[index + 100] as number));
  t.ok(Math.max(...steps) <= 70, `steps of up to ${Math.max(...steps)} ms`);
  t.ok(Math.abs((times[299] as number) - evening - 299 * 40) < 200);
});

t.test('when the machine that takes frames sets its clock back, the stream keeps its pace', async t => {
  const clock = new FrameClock(-1);
  for (let frame = 0; frame < 50; frame += 1) clock.arrived(evening + frame * 40);
  const before = clock.arrived(evening + 50 * 40);
  const back = evening - 86_400_000;
  const after = Array.from({ length: 50 }, (_, frame) => clock.arrived(back + frame * 40));
  t.ok((after[0] as number) > before && (after[0] as number) < before + 100, `${after[0]} after ${before}`);
  const seconds = ((after[49] as number) - (after[0] as number)) / 1_000;
  t.ok(Math.abs(seconds - 49 * 0.04) < 0.2, `50 frames in ${seconds} s`);
});

t.test('whatever clocks do, times rise, and no picture stands for more than an hour', async t => {
  const told = fc.array(fc.oneof(fc.nat(5_000), fc.nat(2 ** 50), fc.integer({ min: 0, max: 2 ** 31 })), {
    minLength: 2,
    maxLength: 40,
  });
  holds(
    t,
    fc.property(told, fc.boolean(), fc.integer({ min: -1, max: 2 ** 40 }), (times, areCaptured, newest) => {
      const clock = new FrameClock(newest);
      let before = newest;
      return times.every(millis => {
        const ticks = areCaptured ? clock.captured(millis).ticks : clock.arrived(millis);
        const isFine =
          Number.isSafeInteger(ticks) && ticks > before && (before < 0 || ticks - before <= 3_600_001);
        before = ticks;
        return isFine;
      });
    }),
    1_000,
  );
});
