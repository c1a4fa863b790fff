import t from 'tap';
import { Captioner } from '../../src/captions/captioner.ts';
import { createLog } from '../../src/log.ts';
import { CaptionRecord } from '../support/caption-record.ts';
import { say } from '../support/say.ts';
import { joined, mixed, noise, silence } from '../support/sounds.ts';
import { type ClipName, median, plainWords, speechClip } from '../support/speech.ts';
import { startTestRecogniser } from '../support/test-recogniser.ts';

const log = createLog('silent');

t.test('with the real engine', async t => {
  const { recogniser, close } = await startTestRecogniser();
  const captioner = new Captioner({ recogniser, log });
  t.teardown(async () => {
    await captioner.close();
    await close();
  });

  // The others at once: sessions share a recogniser in life too.
  t.jobs = 2;
  t.test('silence and noise have none', { buffered: false }, async t => {
    const before = captioner.counts.requests;
    for (const name of ['silence-10s', 'noise-10s'] satisfies ClipName[]) {
      const { track, record } = open(captioner, name);
      await say(track, (await speechClip(name)).pcm, { pace: 10 });
      await track.end();
      t.same(record.captions.size, 0, name);
    }
    t.equal(captioner.counts.requests, before, 'the recogniser was not even asked');
  });

  t.test('captions have the words that are said, each at its time', async t => {
    const names = ['sentence-4s', 'sentence-5s-noisy', 'speech-10s', 'pauses-30s'] as const;
    const errors: number[] = [];
    let wrong = 0;
    let all = 0;
    // All at once, as sessions are.
    await Promise.all(
      names.map(async (name, index) => {
        const startSeconds = 100 * index;
        const clip = await speechClip(name);
        const { track, record } = open(captioner, name);
        await say(track, joined(clip.pcm, silence(1)), { startSeconds });
        await track.end();
        t.same(record.complaints, [], name);
        t.equal(track.missedSeconds, 0, name);
        const said = record.finals.flatMap(({ words }) => words);
        const heard = plainWords(record.text);
        const wanted = plainWords(clip.text);
        all += wanted.length;
        wrong += wordErrors(heard, wanted);
        if (heard.length !== clip.words.length) return;
        for (const [at, { start, end }] of clip.words.entries()) {
          errors.push(Math.abs(said[at]!.start - startSeconds - start));
          errors.push(Math.abs(said[at]!.end - startSeconds - end));
        }
      }),
    );
    t.comment(`${wrong} of ${all} words wrong; times: median error ${median(errors).toFixed(3)} s`);
    t.ok(wrong <= 0.05 * all, `${wrong} of ${all} words are wrong`);
    t.ok(median(errors) < 0.3, 'times within 300 ms');
  });

  t.test('speech in noise is captioned, the noise around it is not', async t => {
    const clip = await speechClip('speech-10s');
    const sound = mixed(joined(silence(3), clip.pcm, silence(4)), noise('pink', 17, 0.003));
    const { track, record } = open(captioner, 'noisy');
    await say(track, sound, { pace: 2 });
    await track.end();
    const wrong = wordErrors(plainWords(record.text), plainWords(clip.text));
    t.ok(wrong <= 0.2 * clip.words.length, `${wrong} of ${clip.words.length} words wrong: ${record.text}`);
    t.ok(record.finals.every(({ start, end }) => start > 2.5 && end < 14));
  });
});

function open(captioner: Captioner, id: string) {
  const record = new CaptionRecord();
  return { record, track: captioner.open({ id, language: 'en', firstIndex: 0, sink: record }) };
}

/** Words to be put in, left out or changed (Levenshtein). */
function wordErrors(heard: readonly string[], wanted: readonly string[]): number {
  let row = wanted.map((_, at) => at + 1);
  row.unshift(0);
  for (const [at, word] of heard.entries()) {
    const next = [at + 1];
    for (const [n, wantedWord] of wanted.entries()) {
      next.push(Math.min(next[n]! + 1, row[n + 1]! + 1, row[n]! + (word === wantedWord ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}
