import t from 'tap';
import { type LadderSource, planLadder } from '../../src/hls/ladder-plan.ts';

const lines = (source: Partial<LadderSource>) =>
  planLadder({ width: 1_920, height: 1_080, durationSeconds: 60, bitsPerSecond: 8_000_000, ...source }).map(
    rung => rung.lines,
  );

t.test('a ladder never climbs above the source, and has a rung only where it pays', async t => {
  t.same(lines({}), [720, 480, 360]);
  t.same(lines({ width: 3_840, height: 2_160, bitsPerSecond: 20_000_000 }), [1_440, 1_080, 720, 480, 360]);
  t.same(lines({ width: 1_280, height: 720, bitsPerSecond: 4_000_000 }), [480, 360]);
  t.same(
    lines({ width: 1_280, height: 720, bitsPerSecond: 1_500_000 }),
    [360],
    '480 lines would save too little',
  );
  t.same(lines({ width: 1_280, height: 720, bitsPerSecond: 500_000 }), [], 'a slide show');
  t.same(lines({ width: 640, height: 360, bitsPerSecond: 4_000_000 }), []);
  t.same(lines({ durationSeconds: 14 }), [], 'over before a player has measured anything');
  t.same(lines({ width: 0, height: 0 }), [], 'sound alone');
});

t.test('upright stays upright, and sides are even', async t => {
  t.match(planLadder({ width: 1_080, height: 1_922, durationSeconds: 60, bitsPerSecond: 8_000_000 }), [
    { lines: 720, width: 720, height: 1_282 },
    { lines: 480, width: 480, height: 854 },
    { lines: 360, width: 360, height: 640 },
  ]);
});
