import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { openFinalRecogniser } from '../../src/captions/final-recogniser.ts';
import type { Recogniser } from '../../src/captions/recogniser.ts';

const signal = new AbortController().signal;
const request = { pcm: new Int16Array(16_000), language: 'en', prompt: '', isFullContext: true };

function recogniser(): Recogniser & { asked: number } {
  return {
    asked: 0,
    longestRequestSeconds: 30,
    async transcribe() {
      this.asked += 1;
      return { language: 'en', segments: [] };
    },
  };
}
const counts = { on: 1, delayed: 0, paused: 0, lagSeconds: 0, realTimeFactor: 0, requests: 0, failures: 0 };

t.test('without a model of its own the live one does, in the background', async t => {
  const inBackground = recogniser();
  const captioner = { inBackground, counts };
  const ready = {
    state: { kind: 'ready', model: 'base' },
    modelName: 'base',
    openFinal: async () => undefined,
  } as const;
  const opened = await openFinalRecogniser(ready, captioner, signal);
  t.match(opened, { recogniser: inBackground, modelName: 'base' });
  await opened.close();
  const starting = { ...ready, state: { kind: 'starting' } } as const;
  await t.rejects(openFinalRecogniser(starting, captioner, signal), { code: 'captions-unavailable' });
});

t.test('a better model waits while live captions are late', async t => {
  const better = recogniser();
  const live = { ...counts, delayed: 1 };
  let closes = 0;
  const close = async () => {
    closes += 1;
  };
  const openFinal = async () => ({ recogniser: better, modelName: 'small', close });
  const engine = { state: { kind: 'ready', model: 'base' }, modelName: 'base', openFinal } as const;
  const opened = await openFinalRecogniser(engine, { inBackground: recogniser(), counts: live }, signal);
  t.equal(opened.modelName, 'small');
  t.equal(opened.recogniser.longestRequestSeconds, 30);
  const asking = opened.recogniser.transcribe(request, signal);
  await delay(50);
  t.equal(better.asked, 0);
  live.delayed = 0;
  await asking;
  t.equal(better.asked, 1);
  live.paused = 1;
  const giveUp = new AbortController();
  const refused = opened.recogniser.transcribe(request, giveUp.signal);
  giveUp.abort();
  await t.rejects(refused);
  await opened.close();
  t.equal(closes, 1);
});
