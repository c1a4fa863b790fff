import { setTimeout as delay } from 'node:timers/promises';
import { type Test, default as t } from 'tap';
import { Captioner, type CaptionerOptions } from '../../src/captions/captioner.ts';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import { createLog } from '../../src/log.ts';
import { CaptionRecord } from '../support/caption-record.ts';
import { eventually } from '../support/eventually.ts';
import { heldBufferBytes } from '../support/live-memory.ts';
import { say } from '../support/say.ts';
import { type RecogniserScript, ScriptedRecogniser } from '../support/scripted-recogniser.ts';
import { joined, melody, noise, silence } from '../support/sounds.ts';
import { speechClip } from '../support/speech.ts';

const log = createLog('silent');
const never = new AbortController().signal;
// Each waits for its own captioner, and for speech that takes as long as it takes.
t.jobs = 6;

t.test('what is said becomes captions, once each, at its time; then all is settled', async t => {
  const { captioner, recogniser } = scripted(t);
  const { track, record } = open(captioner);
  const clip = await speechClip('speech-10s');
  await say(track, joined(clip.pcm, silence(3)), { startSeconds: 20, pace: 5 });
  await eventually(() => record.settledSeconds > 30.5);
  await track.end();
  t.same(record.complaints, []);
  t.equal(record.finals.length, record.captions.size, 'every caption is final');
  for (const { start, end } of clip.words) {
    const middle = 20 + (start + end) / 2;
    t.ok(
      record.finals.some(caption => caption.start - 0.3 <= middle && middle <= caption.end + 0.3),
      `something is said at ${middle.toFixed(1)} s`,
    );
  }
  t.ok(recogniser.requests.length > 3, 'utterances are heard while they grow');
  t.equal(recogniser.mostUnderWay, 1);
  t.equal(track.missedSeconds, 0);
  t.equal(captioner.counts.on, 0, 'and nobody looks after it any more');
});

t.test('silence, noise and music never reach the recogniser', async t => {
  const { captioner, recogniser } = scripted(t);
  const { track, record } = open(captioner);
  const sound = joined(silence(5), noise('white', 5, 0.1), noise('pink', 5, 0.03), melody(10), silence(3));
  await say(track, sound, { pace: 50 });
  t.ok(record.settledSeconds > 25, 'and is settled soon');
  await track.end();
  t.same(recogniser.requests, []);
  t.same(record.captions.size, 0);
});

t.test('a request that fails once is asked again, and nothing is lost', async t => {
  let failures = 1;
  const { captioner, recogniser } = scripted(t, {
    before: () => {
      if (failures-- > 0) throw new Error('crashed');
    },
  });
  const { track, record } = open(captioner);
  await say(track, joined((await speechClip('sentence-4s')).pcm, silence(1)), { pace: 3 });
  await track.end();
  t.ok(recogniser.requests.length > 1);
  t.equal(captioner.counts.failures, 1);
  t.equal(track.missedSeconds, 0);
  t.not(record.text, '');
});

t.test('a recogniser that fails twice costs the utterance at hand, and no other', async t => {
  let isBroken = true;
  const { captioner } = scripted(t, {
    before: () => {
      if (isBroken) throw new Error('crashed');
    },
  });
  const { track, record } = open(captioner);
  const { pcm } = await speechClip('sentence-4s');
  await say(track, joined(pcm, silence(1)), { pace: 2 });
  await eventually(() => track.missedSeconds > 2);
  isBroken = false;
  await say(track, joined(pcm, silence(1)), { startSeconds: 30 });
  await track.end();
  t.ok(record.finals.length > 0);
  t.ok(record.finals.every(({ start }) => start > 29));
  t.same(record.complaints, []);
});

t.test('a recogniser that is away is told as a pause, until it is back', async t => {
  let isAway = true;
  const { captioner } = scripted(t, {
    before: () => {
      if (isAway) throw new Error('still being fetched');
    },
  });
  const { track, record } = open(captioner);
  const { pcm } = await speechClip('pauses-30s');
  await say(track, pcm.subarray(0, 10 * speechSampleRate), { pace: 2 });
  await eventually(() => record.states.at(-1)?.state === 'paused');
  isAway = false;
  await say(track, pcm.subarray(10 * speechSampleRate), { startSeconds: 10, pace: 2 });
  await track.end();
  t.equal(record.states.at(-1)?.state, 'on');
  t.ok(record.finals.length > 0);
});

t.test('a sink that throws harms nobody', async t => {
  const { captioner, recogniser } = scripted(t);
  const { track, record } = open(captioner);
  record.onCaption = () => {
    throw new Error('the disk is full');
  };
  await say(track, (await speechClip('speech-10s')).pcm, { pace: 5 });
  await track.end();
  t.ok(recogniser.requests.length < 40, `${recogniser.requests.length} requests`);
});

t.test('a recogniser that hangs and forgets its signal costs no more', async t => {
  let isHanging = true;
  const { captioner, recogniser } = scripted(t, {}, { timeLimitSeconds: 0.5 });
  const answer = recogniser.transcribe.bind(recogniser);
  recogniser.transcribe = (request, signal) =>
    isHanging ? new Promise(() => undefined) : answer(request, signal);
  const { track, record } = open(captioner);
  const { pcm } = await speechClip('sentence-4s');
  await say(track, joined(pcm, silence(1)), { pace: 2 });
  await eventually(() => track.missedSeconds > 2);
  isHanging = false;
  await say(track, joined(pcm, silence(1)), { startSeconds: 30 });
  await track.end();
  t.ok(record.finals.length > 0);
});

t.test('an end waits for the last words, however slow; a close for nothing', async t => {
  const { captioner, recogniser } = scripted(t, { secondsPerRequest: 0.7 });
  const { pcm } = await speechClip('sentence-4s');
  const first = open(captioner);
  await say(first.track, pcm, { pace: 4 });
  await first.track.end();
  t.ok(first.record.finals.length > 0);
  t.equal(first.record.settledSeconds > 4, true);

  recogniser.script.before = () => new Promise(() => undefined);
  const second = open(captioner);
  await say(second.track, pcm, { pace: 4 });
  const ended = second.track.end();
  await second.track.close();
  await second.track.close();
  await ended;
  const count = second.record.captions.size;
  second.track.push(10, pcm);
  t.equal(second.record.captions.size, count, 'nothing is told after it');
});

t.test('the language is found out, told and kept; and can be corrected', async t => {
  const { captioner, recogniser } = scripted(t, { language: 'de' });
  const { track, record } = open(captioner, { language: null });
  const { pcm } = await speechClip('speech-10s');
  const end = await say(track, pcm, { pace: 4 });
  await eventually(() => record.languages.length > 0);
  t.same(record.languages, ['de']);
  track.setLanguage('fr');
  await say(track, joined(pcm, silence(1)), { startSeconds: end, pace: 4 });
  await track.end();
  t.same(record.languages, ['de', 'fr']);
  const asked = recogniser.requests.map(({ language }) => language);
  t.equal(asked[0], null);
  t.equal(asked.at(-1), 'fr');

  const given = open(captioner, { language: 'it' });
  await say(given.track, pcm, { pace: 8 });
  await given.track.end();
  t.same(given.record.languages, [], 'what is known is not told');
});

t.test('what nobody waits for comes after what is live, and cannot pile up', async t => {
  const { captioner, recogniser } = scripted(t, { secondsPerRequest: 0.2 });
  const background = captioner.inBackground;
  t.equal(background.longestRequestSeconds, recogniser.longestRequestSeconds);
  const request = { pcm: noise('white', 14, 0.1), language: 'en', prompt: '', isFullContext: true };
  const { track, record } = open(captioner);
  const live = say(track, joined((await speechClip('sentence-4s')).pcm, silence(1)));
  const answers = Array.from({ length: 6 }, () => background.transcribe(request, never));
  await live;
  await track.end();
  t.ok(record.finals.length > 0);
  t.ok(recogniser.requests.some(({ seconds }) => seconds !== 14));
  await Promise.all(answers);

  const given = new AbortController();
  const many = Array.from({ length: 10 }, () =>
    background.transcribe(request, given.signal).catch((error: { code: string }) => error.code),
  );
  given.abort({ code: 'stopped' });
  const codes = await Promise.all(many);
  t.ok(codes.includes('captions-unavailable'), 'too many');
  t.ok(codes.includes('stopped'), 'its signal ends it');
});

// Alone: it measures the memory of the process.
t.test('a burst of sound that comes at once is bounded in memory', { buffered: false }, async t => {
  const { captioner } = scripted(t, { before: () => new Promise(() => undefined) });
  const { track } = open(captioner);
  const { pcm } = await speechClip('long-75s');
  const before = heldBufferBytes();
  for (let repeat = 0; repeat < 10; repeat += 1) {
    for (let at = 0; at < pcm.length; at += 8_000) {
      track.push((repeat * pcm.length + at) / speechSampleRate, pcm.subarray(at, at + 8_000));
    }
    await delay(1);
  }
  // Buffers that nobody holds are counted until another thread has swept them.
  const mebibytes = () => (heldBufferBytes() - before) / 2 ** 20;
  t.ok(await eventually(() => mebibytes() < 16, { what: 'less than 16 MiB is held' }));
  t.ok(captioner.counts.lagSeconds <= 11, `${captioner.counts.lagSeconds} s behind`);
  t.ok(track.missedSeconds > 300, 'what is too late is let go of');
});

t.test('a server that stops leaves nobody waiting', async t => {
  const { captioner } = scripted(t, { before: () => new Promise(() => undefined) });
  const { track } = open(captioner);
  await say(track, (await speechClip('sentence-4s')).pcm, { pace: 10 });
  const ended = track.end();
  const waiting = captioner.inBackground.transcribe(
    { pcm: silence(2), language: null, prompt: '', isFullContext: true },
    never,
  );
  await Promise.all([
    t.rejects(waiting, { code: 'captions-unavailable' }),
    captioner.close().then(() => captioner.close()),
    ended,
  ]);
});

function scripted(t: Test, script: RecogniserScript = {}, options: Partial<CaptionerOptions> = {}) {
  const recogniser = new ScriptedRecogniser(script);
  const captioner = new Captioner({ recogniser, log, ...options });
  t.teardown(() => captioner.close());
  return { captioner, recogniser };
}

function open(captioner: Captioner, { language = 'en' as string | null } = {}) {
  const record = new CaptionRecord();
  const track = captioner.open({ id: 'f3Kq9ZtA1bXy', language, firstIndex: 0, sink: record });
  return { track, record };
}
