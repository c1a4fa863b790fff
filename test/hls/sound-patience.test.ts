import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { SoundPatience } from '../../src/hls/sound-patience.ts';
import { eventually } from '../support/eventually.ts';

function patience() {
  const counts = { lost: 0 };
  const made = new SoundPatience(() => {
    counts.lost += 1;
  });
  return { counts, made };
}

t.test('a part is waited for once, however often it is asked for', async t => {
  const { counts, made } = patience();
  const part = {};
  // As pictures go on to come, each asks again: that must not prolong the wait.
  const asking = setInterval(() => made.wait(part, 1, 0.2), 20);
  t.teardown(() => clearInterval(asking));
  await eventually(() => counts.lost > 0, { what: 'the sound is given up' });
  t.ok(made.isLost);
  made.came();
  t.notOk(made.isLost, 'it came after all');
  made.stop();
});

t.test('sound that is being decoded is waited for longer', async t => {
  const { counts, made } = patience();
  made.decoding(1);
  made.wait({}, 1.05, 0.05);
  await delay(300);
  t.equal(counts.lost, 0);
  made.wait({}, 1.5, 0.05);
  await eventually(() => counts.lost === 1, { what: 'sound beyond what is being decoded is given up' });
  made.begin();
  t.notOk(made.isLost);
  made.lose();
  t.ok(made.isLost);
  t.equal(counts.lost, 1, 'what is certain need not be told');
});
