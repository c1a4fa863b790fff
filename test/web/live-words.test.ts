import t from 'tap';
import { clock, megabytes, moment, spokenTime } from '../../src/web/elements/words.ts';
import { type LiveFacts, liveWords } from '../../src/web/studio/live-words.ts';

const facts: LiveFacts = {
  state: 'publishing',
  unsafeSeconds: 0.61,
  waitingSeconds: 0.2,
  keptSeconds: 0.4,
  keptBytes: 120_000,
  safeBytes: 12_300_000,
  problem: undefined,
  isStopping: false,
  isCatchingUp: false,
};

t.test('the pill says what is true', async t => {
  const words = (change: Partial<LiveFacts>) => liveWords({ ...facts, ...change });
  t.same(words({}), { text: 'live · 12 MB safe · last 0.6 s on the way', isWrong: false });
  t.same(words({ state: 'reconnecting', keptSeconds: 7.6 }), {
    text: 'connection lost: 8 s kept on this device',
    isWrong: true,
  });
  t.same(words({ state: 'connecting' }), { text: 'connecting', isWrong: false });
  t.match(words({ state: 'connecting', problem: 'x', keptSeconds: 2 }).text, 'no connection yet: 2 s kept');
  t.match(words({ keptSeconds: 5, waitingSeconds: 4.8 }), {
    text: /slow connection: 5 s kept/,
    isWrong: true,
  });
  t.match(
    words({ keptSeconds: 5 }).text,
    /^live/,
    'a recorder that hands out five seconds at once is not slow',
  );
  t.match(words({ keptSeconds: 5, isCatchingUp: true }).text, 'connected again, catching up: 5 s kept');
  t.same(words({ safeBytes: 0 }), { text: 'connected', isWrong: false });
  t.same(words({ isStopping: true }).text, 'sending the last 0.1 MB');
});

t.test('times and sizes as people read them', async t => {
  t.same([0, 7.9, 750, 3_723, Number.NaN].map(clock), ['0:00', '0:07', '12:30', '1:02:03', '0:00']);
  t.same([0, 1, 65, 7_200].map(spokenTime), ['0 seconds', '1 second', '1 minute 5 seconds', '2 hours']);
  t.same([40_000, 9_940_000, 12_300_000].map(megabytes), ['0.0 MB', '9.9 MB', '12 MB']);
  const now = new Date('2026-03-02T12:00:00Z');
  const ago = (minutes: number) => moment(new Date(now.getTime() - minutes * 60_000), now);
  t.same([0, 5, 130, 3_000].map(ago), ['just now', '5 min ago', '2 h ago', '28 Feb 2026']);
});
