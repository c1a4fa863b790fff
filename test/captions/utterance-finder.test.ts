import t from 'tap';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import type { Utterance } from '../../src/captions/utterance.ts';
import { UtteranceFinder } from '../../src/captions/utterance-finder.ts';
import { VoiceDetector } from '../../src/captions/voice-detector.ts';
import { joined, noise, silence } from '../support/sounds.ts';
import { type SpeechClip, speechClip } from '../support/speech.ts';

type Found = { readonly utterance: Utterance; readonly beganAt: number; endedAt: number };

/** Hears sound in pieces of 0.1 s; `at` are media times at which it was told. */
function finder(longestSeconds?: number) {
  const found: Found[] = [];
  const made = new UtteranceFinder(
    new VoiceDetector(),
    {
      began: utterance => found.push({ utterance, beganAt: made.heardSeconds, endedAt: Number.NaN }),
      ended: utterance => {
        found.find(each => each.utterance === utterance)!.endedAt = made.heardSeconds;
      },
    },
    longestSeconds,
  );
  const push = (pcm: Int16Array, startSeconds: number) => {
    for (let at = 0; at < pcm.length; at += 1_600) {
      made.push(startSeconds + at / speechSampleRate, pcm.subarray(at, at + 1_600));
    }
  };
  return { finder: made, found, push };
}

t.test(
  'an utterance holds all its words with a little around them, and its end is known within 0.5 s',
  async t => {
    for (const name of ['speech-10s', 'pauses-30s'] as const) {
      const clip = await speechClip(name);
      const { finder: one, found, push } = finder();
      push(joined(clip.pcm, noise('white', 1, 0.0003)), 0);
      one.end();
      const sentences = sentencesOf(clip);
      t.equal(found.length, sentences.length, `${name}: one for each sentence`);
      for (const [index, { start, end }] of sentences.entries()) {
        const { utterance, endedAt } = found[index]!;
        t.ok(utterance.startSeconds <= start, 'begins before its first word');
        t.ok(utterance.startSeconds >= start - 0.6, 'not long before');
        t.ok(utterance.endSeconds >= end - 0.05, 'ends behind its last word');
        t.ok(endedAt - end <= 0.5, `its end was known after ${(endedAt - end).toFixed(2)} s`);
      }
    }
  },
);

t.test('sound keeps its place through holes, and what comes twice is left out', async t => {
  const { pcm, words } = await speechClip('sentence-4s');
  const { finder: one, found, push } = finder();
  push(pcm, 100);
  push(pcm.subarray(0, 8_000), 101);
  // Half a minute in which nothing came at all.
  push(pcm, 134);
  one.end();
  const starts = found.map(({ utterance }) => utterance.startSeconds);
  t.equal(starts.length, 2);
  t.ok(Math.abs(starts[0]! - (100 + words[0]!.start - 0.3)) < 0.2, `${starts[0]}`);
  t.ok(Math.abs(starts[1]! - (134 + words[0]!.start - 0.3)) < 0.2, `${starts[1]}`);
});

t.test('a short hole is silence within the utterance', async t => {
  const { pcm } = await speechClip('sentence-4s');
  const { finder: one, found } = finder();
  const hole = { from: 24_000, to: 27_200 };
  one.push(10, pcm.subarray(0, hole.from));
  one.push(10 + hole.to / speechSampleRate, pcm.subarray(hole.to));
  one.end();
  t.equal(found.length, 1);
  const { utterance } = found[0]!;
  const sound = utterance.sound();
  const begin = Math.round((utterance.startSeconds - 10) * speechSampleRate);
  t.ok(sound.subarray(hole.from - begin, hole.to - begin).every(sample => sample === 0));
  t.same(sound.subarray(hole.to - begin, hole.to - begin + 100), pcm.subarray(hole.to, hole.to + 100));
});

t.test('who speaks without a pause is cut at a soft moment, and no sample is lost', async t => {
  const { pcm } = await speechClip('long-75s');
  const { finder: one, found, push } = finder(5);
  push(pcm, 0);
  one.end();
  t.ok(found.every(({ utterance }) => utterance.lengthSeconds <= 5.1));
  let cuts = 0;
  for (const [index, { utterance }] of found.entries()) {
    const begin = Math.round(utterance.startSeconds * speechSampleRate);
    const sound = utterance.sound();
    t.ok(
      sound.every((sample, at) => sample === pcm[begin + at]),
      'the very samples',
    );
    const before = found[index - 1]?.utterance;
    if (before !== undefined) t.ok(before.endSeconds <= utterance.startSeconds, 'none twice');
    if (before?.endSeconds === utterance.startSeconds) cuts += 1;
  }
  t.comment(`${found.length} utterances, ${cuts} cuts`);
});

t.test('silence and noise are no utterance', async t => {
  const { finder: one, found, push } = finder();
  push(joined(silence(5), noise('white', 5, 0.1), silence(3), noise('pink', 5, 0.02)), 0);
  one.end();
  t.same(found, []);
});

/** Words with less than 0.4 s between them are one. */
function sentencesOf({ words }: SpeechClip): { start: number; end: number }[] {
  const sentences: { start: number; end: number }[] = [];
  for (const { start, end } of words) {
    const last = sentences.at(-1);
    if (last !== undefined && start - last.end < 0.3) last.end = end;
    else sentences.push({ start, end });
  }
  return sentences;
}
