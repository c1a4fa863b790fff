import t from 'tap';
import { type InstantFacts, instantWords } from '../../src/web/studio/instant-words.ts';

const stats = {
  bitsPerSecond: 2_340_000,
  roundTripSeconds: 0.048,
  framesPerSecond: 30,
  height: 720,
  limitedBy: 'none' as const,
};
const facts: InstantFacts = {
  state: 'publishing',
  problem: undefined,
  stats,
  wantedHeight: 720,
  limitedSeconds: 0,
  isStopping: false,
};

t.test('the pill of an instant recording says what is true', async t => {
  const words = (change: Partial<InstantFacts>) => instantWords({ ...facts, ...change });
  t.same(words({}), { text: 'live · instant · 2.3 Mbit/s · 24 ms to the server', isWrong: false });
  t.same(words({ state: 'reconnecting' }), {
    text: 'connection lost: nothing is sent until it is back',
    isWrong: true,
  });
  t.same(words({ state: 'connecting' }), { text: 'connecting', isWrong: false });
  t.same(words({ state: 'connecting', problem: 'WebRTC is being restarted.' }), {
    text: 'WebRTC is being restarted.',
    isWrong: true,
  });
  t.same(words({ stats: { ...stats, bitsPerSecond: 0 } }), { text: 'connected', isWrong: false });
  t.same(words({ isStopping: true }), { text: 'ending', isWrong: false });
  t.same(words({ state: 'ended' }), { text: 'everything is safe', isWrong: false });
  t.same(words({ state: 'failed' }), { text: 'stopped', isWrong: true });
});

t.test('a picture that is worse than the camera’s has its reason told, once that lasts', async t => {
  const words = (limitedSeconds: number, change: object) =>
    instantWords({ ...facts, limitedSeconds, stats: { ...stats, limitedBy: 'bandwidth', ...change } }).text;
  t.match(words(2, { height: 360 }), 'live', 'every connection begins narrow');
  t.equal(words(9, { height: 360 }), 'slow connection: the picture is reduced to 360p');
  t.equal(words(9, { framesPerSecond: 6.4 }), 'slow connection: 6 pictures a second');
  t.equal(words(9, { height: 360, limitedBy: 'cpu' }), 'this device is busy: the picture is reduced to 360p');
  t.match(words(9, {}), 'live');
});
