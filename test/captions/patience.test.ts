import t from 'tap';
import { lagBoundSeconds } from '../../src/captions/caption-track.ts';
import { localPatience } from '../../src/captions/local-recogniser.ts';
import { Patience } from '../../src/captions/patience.ts';
import { longestUtteranceSeconds } from '../../src/captions/utterance-finder.ts';

const settings = { beforeFirstSeconds: 120, leastSeconds: 6 };

t.test('how long an answer may take is learned from those that came', async t => {
  const patience = new Patience(settings);
  t.equal(patience.limitSeconds(30, false), 120);
  patience.answered(10, 0.1);
  t.equal(patience.limitSeconds(30, false), 6, 'a quick one still has its bad moments');
  patience.answered(10, 20);
  t.equal(patience.limitSeconds(30, false), 1_200, 'a slow one is given time');
  for (let count = 0; count < 200; count += 1) patience.answered(10, 0.1);
  t.equal(patience.limitSeconds(30, false), 6, 'and the slow moment is forgotten');
});

t.test('what is live is given up sooner, and within the bound on its lag', async t => {
  const patience = new Patience(localPatience);
  patience.answered(5, 0.5);
  t.ok(patience.limitSeconds(30, true) < patience.limitSeconds(30, false));
  // A look waits 2.2 s for something to look at; then the recogniser hangs, and has to start again.
  t.ok(2.2 + patience.limitSeconds(longestUtteranceSeconds + 1, true) + 1 < lagBoundSeconds);
});

t.test('one that is slow and does not hang gets longer each time, until it answers', async t => {
  const patience = new Patience(settings);
  patience.answered(10, 0.1);
  const limits = [0, 1, 2, 3, 4, 5].map(() => {
    const limit = patience.limitSeconds(5, true);
    patience.gaveUp();
    return limit;
  });
  t.same(limits, [6, 12, 24, 48, 96, 96]);
  patience.answered(5, 5);
  t.equal(patience.limitSeconds(5, true), 20, 'and what it took is known then');
});
