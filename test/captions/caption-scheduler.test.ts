import t from 'tap';
import { Captioner } from '../../src/captions/captioner.ts';
import { createLog } from '../../src/log.ts';
import { CaptionRecord } from '../support/caption-record.ts';
import { eventually } from '../support/eventually.ts';
import { say } from '../support/say.ts';
import { ScriptedRecogniser } from '../support/scripted-recogniser.ts';
import { joined, silence } from '../support/sounds.ts';
import { speechClip } from '../support/speech.ts';

const log = createLog('silent');
// Each has a recogniser of its own.
t.jobs = 2;
// A machine that is busy delays us as well as the recogniser: the bound is for captions, not for this test's clock.
const lagBoundSeconds = 10;

t.test('ten sessions on a slow recogniser: in time, or told that they are not', async t => {
  // 0.4 s of work for a second of sound: two sessions that speak all the time are what it can do.
  const recogniser = new ScriptedRecogniser({ secondsPerSecond: 0.35, secondsPerRequest: 0.05 });
  const captioner = new Captioner({ recogniser, log });
  t.teardown(() => captioner.close());
  const { pcm } = await speechClip('long-75s');
  const seconds = 28;
  const sound = pcm.subarray(0, seconds * 16_000);
  const sessions = Array.from({ length: 10 }, (_, index) => {
    const record = new CaptionRecord();
    const track = captioner.open({ id: `session-${index}`, language: 'en', firstIndex: 0, sink: record });
    return { record, track };
  });
  const lags: number[] = [];
  const looking = setInterval(() => lags.push(captioner.counts.lagSeconds), 200);
  await Promise.all(sessions.map(({ track }) => say(track, sound)));
  const states = sessions.map(({ track }) => track.state);
  await Promise.all(sessions.map(({ track }) => track.end()));
  clearInterval(looking);

  t.comment(
    `most behind: ${Math.max(...lags).toFixed(1)} s; ${states.join(' ')}; ${recogniser.requests.length} requests`,
  );
  t.ok(Math.max(...lags) < lagBoundSeconds + 0.5, 'the lag is bounded');
  t.equal(recogniser.mostUnderWay, 1, 'nothing is queued at the recogniser');
  const lasting = states.filter(state => state !== 'paused').length;
  t.ok(lasting >= 1 && lasting <= 5, `${lasting} are captioned to the end`);
  t.not(states[0], 'paused', 'who came first stays');
  t.equal(states.at(-1), 'paused', 'who came last makes room');
  for (const [index, { record, track }] of sessions.entries()) {
    t.same(record.complaints, [], `session ${index}`);
    t.equal(
      record.finals.length,
      [...record.captions.values()].filter(({ words }) => words.length > 0).length,
    );
    if (states[index] === 'paused') {
      t.equal(record.states.at(-1)?.state, 'paused', `session ${index} was told`);
    } else {
      const last = record.finals.at(-1)?.end ?? 0;
      t.ok(last > seconds - 3, `session ${index} has its last words, at ${last.toFixed(1)} s`);
      t.ok(track.missedSeconds < 0.3 * seconds, `${track.missedSeconds.toFixed(1)} s missed`);
    }
  }
});

t.test('who was paused comes back when there is room', async t => {
  const recogniser = new ScriptedRecogniser({ secondsPerSecond: 1.5 });
  const captioner = new Captioner({ recogniser, log });
  t.teardown(() => captioner.close());
  const { pcm } = await speechClip('long-75s');
  const sessions = Array.from({ length: 3 }, (_, index) => {
    const record = new CaptionRecord();
    const track = captioner.open({ id: `session-${index}`, language: 'en', firstIndex: 0, sink: record });
    return { record, track };
  });
  const told = () => sessions.some(({ track }) => track.state === 'paused');
  let at = 0;
  while (!told() && at < 40) {
    const from = at * 16_000;
    const piece = pcm.subarray(from, from + 16_000);
    await Promise.all(sessions.map(({ track }) => say(track, piece, { startSeconds: at })));
    at += 1;
  }
  t.ok(told(), 'too much for it');
  recogniser.script.secondsPerSecond = 0.01;
  // Everybody is silent for a while.
  const quiet = Promise.all(sessions.map(({ track }) => say(track, silence(12), { startSeconds: at })));
  await eventually(() => sessions.every(({ track }) => track.state === 'on'), { timeoutSeconds: 40 });
  await quiet;
  const sentence = joined((await speechClip('sentence-4s')).pcm, silence(1));
  await Promise.all(sessions.map(({ track }) => say(track, sentence, { startSeconds: at + 20 })));
  await Promise.all(sessions.map(({ track }) => track.end()));
  for (const { record } of sessions) {
    t.ok((record.finals.at(-1)?.start ?? 0) > at + 19, 'and is captioned again');
    t.same(record.complaints, []);
  }
});
