import t from 'tap';
import { lifeTimeSeconds } from '../../src/cli/life-time.ts';

t.test('how long something holds is written as people do', async t => {
  for (const [text, seconds] of [
    ['90s', 90],
    ['45m', 2_700],
    [' 12h ', 43_200],
    ['7d', 604_800],
  ] as const) {
    t.equal(lifeTimeSeconds(text), seconds, text);
  }
  for (const text of ['', '7', 'd', '1.5h', '-1d', '7 d', '1w', '0x1s', '9999999999s']) {
    t.equal(lifeTimeSeconds(text), undefined, JSON.stringify(text));
  }
});
