import t from 'tap';
import type { VideoEvent } from '../../src/api/event.ts';
import { LiveClock } from '../../src/sessions/live-clock.ts';
import type { StreamRun } from '../../src/sessions/run-splitter.ts';

const id = 'f3Kq9ZtA1bXy';

/** A clock over a stream whose header stands at byte 0 and whose zero is second 10 of the media timeline. */
function startClock() {
  const told: VideoEvent[] = [];
  const state = { nowMillis: 1_000_000, runOffsetSeconds: 10 as number | null, headerStart: 0 };
  const run = () => ({ headerStart: state.headerStart }) as StreamRun;
  const clock = new LiveClock(
    id,
    { report: event => told.push(event) },
    () => ({ run: run(), runOffsetSeconds: state.runOffsetSeconds }),
    () => state.nowMillis,
  );
  /** The stream runs for so long, frames 40 ms apart, each `lateMillis` after it was taken. */
  const runOn = (millis: number, lateMillis: (index: number) => number = () => 0) => {
    const begin = state.nowMillis;
    for (let index = 0; index * 40 < millis; index += 1) {
      state.nowMillis = begin + index * 40;
      clock.tookIn(state.headerStart, (state.nowMillis - 1_000_000 - lateMillis(index)) / 1_000);
    }
  };
  return { clock, told, state, runOn };
}

t.test('it is told at once, and not again while it runs on alike', async t => {
  const { clock, told, runOn } = startClock();
  t.equal(clock.told, null);
  runOn(10_000, index => (index % 5) * 8);
  t.same(told, [{ event: 'live-clock', data: { id, mediaSeconds: 10, atEpochMillis: 1_000_000 } }]);
  t.same(clock.told, { mediaSeconds: 10, atEpochMillis: 1_000_000 });
});

t.test('it is told again when it shifts, a second later at the earliest', async t => {
  const { told, state, runOn } = startClock();
  runOn(3_000);
  state.runOffsetSeconds = 12;
  runOn(3_000);
  t.equal(told.length, 2);
  const { data } = told[1] as Extract<VideoEvent, { event: 'live-clock' }>;
  t.ok(Math.abs(data.mediaSeconds - (data.atEpochMillis - 1_000_000) / 1_000 - 12) < 0.002);
});

t.test('a stream that has not reached viewers yet says nothing', async t => {
  const { clock, told, state, runOn } = startClock();
  state.runOffsetSeconds = null;
  runOn(1_000);
  t.equal(clock.told, null);
  state.runOffsetSeconds = 10;
  clock.tookIn(7_000, 3);
  t.same(told, [], 'of another header');
});
