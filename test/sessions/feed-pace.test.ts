import t from 'tap';
import { FeedPace } from '../../src/sessions/feed-pace.ts';

/** When each frame of a stream that comes in chunks goes out, milliseconds; frames are their own times. */
function play(chunks: readonly { readonly atMillis: number; readonly frames: readonly number[] }[]) {
  const pace = new FeedPace<number>();
  const out: { frame: number; atMillis: number }[] = [];
  const last = (chunks.at(-1)?.atMillis ?? 0) + 5_000;
  for (let nowMillis = 0; nowMillis <= last; nowMillis += 1) {
    for (const { atMillis, frames } of chunks) {
      if (atMillis === nowMillis) for (const frame of frames) pace.push(frame, frame, nowMillis);
    }
    for (const frame of pace.due(nowMillis)) out.push({ frame, atMillis: nowMillis });
  }
  return out;
}

const chunk = (atMillis: number) => ({
  atMillis,
  frames: [0, 40, 80, 120, 160].map(offset => atMillis - 200 + offset),
});

t.test('frames that come five at a time go out one by one, as late as the latest', async t => {
  const out = play([chunk(1_000), chunk(1_200), chunk(1_400)]);
  t.same(
    out.map(({ frame, atMillis }) => atMillis - frame),
    Array(15).fill(200),
  );
});

t.test('a chunk that comes later than the others makes all later, and is forgotten in time', async t => {
  const times = Array.from({ length: 80 }, (_, index) => 1_000 + index * 200);
  const chunks = times.map(atMillis => chunk(atMillis));
  chunks[3] = { ...chunk(1_600), atMillis: 1_750 };
  const out = play(chunks);
  const lateMillis = (frame: number) => (out.find(item => item.frame === frame)?.atMillis ?? 0) - frame;
  t.equal(lateMillis(1_000), 200);
  t.equal(lateMillis(2_000), 350);
  t.equal(lateMillis(16_000), 200);
  t.same(
    out.map(({ frame }) => frame),
    out.map(({ frame }) => frame).toSorted((a, b) => a - b),
    'in order',
  );
});

t.test('a stream that is sent as a file does not wait', async t => {
  const frames = Array.from({ length: 250 }, (_, index) => index * 40);
  const out = play([{ atMillis: 1_000, frames }]);
  t.equal(out.length, 250);
  t.ok(
    out.every(({ atMillis }) => atMillis <= 4_000),
    'held for three seconds at most',
  );
});

t.test('another clock begins anew, and what waited is given', async t => {
  const pace = new FeedPace<string>();
  pace.push('a', 0, 1_000);
  pace.push('b', 40, 1_000);
  t.same(pace.due(1_000), ['a']);
  t.equal(pace.nextInMillis(1_010), 30);
  t.same(pace.restart(), ['b']);
  t.equal(pace.nextInMillis(1_010), null);
  pace.push('c', 5_000_000, 1_100);
  t.same(pace.due(1_100), ['c']);
});
