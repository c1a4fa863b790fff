import t from 'tap';
import { canBegin, stepToLive } from '../../src/web/watch/live-edge.ts';

const at = (latencySeconds: number, bufferedSeconds = 1) =>
  stepToLive({ latencySeconds, targetSeconds: 0.6, bufferedSeconds });

t.test('at the edge it plays as it was recorded', async t => {
  t.same(at(0.6), { rate: 1, jumps: false });
  t.same(at(0.7), { rate: 1, jumps: false });
  t.same(at(0.2), { rate: 1, jumps: false });
});

t.test('behind it catches up, never by more than a twentieth', async t => {
  t.same(at(0.8), { rate: 1.02, jumps: false });
  t.same(at(1.4), { rate: 1.05, jumps: false });
});

t.test('with little in the buffer it does not hurry into a stall', async t => {
  t.same(at(1.2, 0.3), { rate: 1, jumps: false });
});

t.test('further behind than three times the target it jumps', async t => {
  t.same(at(1.9), { rate: 1, jumps: true });
  t.same(
    stepToLive({ latencySeconds: 0.8, targetSeconds: 0.2, bufferedSeconds: 1 }).jumps,
    false,
    'not for less than a second',
  );
});

t.test('who comes with the first pictures waits until there is enough to play on', async t => {
  const beginning = (heldSeconds: number, hasWholeSegment = false) =>
    canBegin({ heldSeconds, hasWholeSegment, targetSeconds: 0.65 });
  t.equal(beginning(0.2), false);
  t.equal(beginning(1.2), false);
  t.equal(beginning(1.4), true, 'twice the distance to be kept');
  t.equal(beginning(1, true), true, 'a whole segment');
});
