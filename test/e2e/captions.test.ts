import t from 'tap';
import type { Transcript } from '../../src/api/transcript.ts';
import { CaptionWatcher } from '../support/caption-watcher.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { TestServer } from '../support/server.ts';
import { median, plainWords, type ReferenceWord, testModelPath } from '../support/speech.ts';
import { speechStream } from '../support/speech-stream.ts';

const env = { CAPTIONS: 'on', WHISPER_MODEL: testModelPath, WHISPER_THREADS: '1' };
const server = await TestServer.start({ env });
t.teardown(() => server.stop());

type Heard = { readonly text: string; readonly start: number; readonly end: number };

/** How far each word that is right is from where it was said, seconds. */
function offsOf(heard: readonly Heard[], said: readonly ReferenceWord[]): number[] {
  return heard.flatMap(({ text, start }) => {
    const same = said.filter(word => plainWords(word.text)[0] === plainWords(text)[0]);
    return same.length === 0 ? [] : [Math.min(...same.map(word => Math.abs(word.start - start)))];
  });
}

/** The share of words that were said and are not heard within a second of it. */
function missing(heard: readonly Heard[], said: readonly ReferenceWord[]): string[] {
  return said
    .filter(({ text, start }) => {
      const isHeard = (word: Heard) =>
        plainWords(word.text)[0] === plainWords(text)[0] && Math.abs(word.start - start) < 1;
      return !heard.some(isHeard);
    })
    .map(({ text, start }) => `${text} at ${start} s`);
}

/** The transcript, once it is final. */
async function finalTranscript(id: string): Promise<Transcript> {
  return await eventually(
    async () => {
      const transcript = JSON.parse(await server.text(`/api/v1/videos/${id}/transcript`)) as Transcript;
      return transcript.final && transcript;
    },
    { timeoutSeconds: 60, everyMillis: 200, what: 'the final transcript is there' },
  );
}

const wordsOf = ({ segments }: Transcript) => segments.flatMap(({ words }) => words);

t.test('what is said is captioned while it streams, each word at its time in the player', async t => {
  const stream = await speechStream('pauses-30s');
  const { id, ingestUrl, eventsUrl } = await server.createSession({ language: 'en' });
  const watcher = new CaptionWatcher(eventsUrl);
  t.teardown(() => watcher.stop());
  await new IngestClient({ url: ingestUrl, input: 'chunks', items: stream.chunks, pace: 'real' }).run();
  const lastSaid = stream.words.at(-1)?.end ?? 0;
  await eventually(() => watcher.words.some(({ final, end }) => final && end > lastSaid - 1), {
    timeoutSeconds: 30,
  });
  await server.finished(id);
  const { words } = watcher;
  t.comment(
    `missing: ${missing(words, stream.words).join(', ')}; ${words.length} of ${stream.words.length} words`,
  );
  t.comment(`times: ${median(offsOf(words, stream.words)).toFixed(3)} s (median)`);
  t.ok(missing(words, stream.words).length <= 0.05 * stream.words.length);
  t.ok(words.length <= 1.05 * stream.words.length, 'nothing is made up');
  t.ok(median(offsOf(words, stream.words)) < 0.3);
  t.ok(
    words.every(({ final }) => final),
    'all is final in the end',
  );
  const transcript = await finalTranscript(id);
  t.same(missing(wordsOf(transcript), stream.words), []);
  t.comment(`final transcript: ${median(offsOf(wordsOf(transcript), stream.words)).toFixed(3)} s (median)`);
  t.ok(median(offsOf(wordsOf(transcript), stream.words)) < 0.3);
  t.equal(transcript.language, 'en');
  t.match(JSON.parse(await server.text(`/api/v1/videos/${id}/tasks`)), {
    items: [{ task: 'transcript', state: 'done', percent: 100, attempts: 1, error: null }],
  });
  t.same(watcher.faults, []);
});

t.test('silence and noise are not captioned', async t => {
  for (const name of ['silence-10s', 'noise-10s'] as const) {
    const stream = await speechStream(name);
    const { id, ingestUrl, eventsUrl } = await server.createSession({ language: 'en' });
    const watcher = new CaptionWatcher(eventsUrl);
    await new IngestClient({ url: ingestUrl, input: 'chunks', items: stream.chunks, pace: 'fast' }).run();
    await server.finished(id);
    await watcher.stop();
    t.same(watcher.words, [], name);
  }
});

t.test('the server is killed in the middle: captions go on where they were', async t => {
  const stream = await speechStream('pauses-30s');
  const { id, ingestUrl, eventsUrl } = await server.createSession({ language: 'en' });
  const watcher = new CaptionWatcher(eventsUrl);
  t.teardown(() => watcher.stop());
  const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: stream.chunks, pace: 'real' });
  const published = client.run();
  await eventually(() => watcher.words.some(({ final, end }) => final && end > 8), { timeoutSeconds: 40 });
  await server.kill9('tree');
  await server.restart();
  await published;
  const lastSaid = stream.words.at(-1)?.end ?? 0;
  await eventually(() => watcher.words.some(({ final, end }) => final && end > lastSaid - 1), {
    timeoutSeconds: 30,
  });
  await server.finished(id);
  const { words } = watcher;
  const lost = missing(words, stream.words);
  t.comment(`missing: ${lost.join(', ')}; ${words.length} of ${stream.words.length} words`);
  t.ok(lost.length <= 0.05 * stream.words.length);
  t.ok(words.length <= 1.05 * stream.words.length, 'nothing is told twice');
  t.ok(median(offsOf(words, stream.words)) < 0.3);
  t.same(watcher.faults, []);
  t.same(missing(wordsOf(await finalTranscript(id)), stream.words), [], 'the final transcript is whole');
});

t.test('the server is killed while a transcript is made: the next one makes it', async t => {
  const stream = await speechStream('long-75s');
  const { id, ingestUrl } = await server.createSession({ language: 'en' });
  await new IngestClient({ url: ingestUrl, input: 'chunks', items: stream.chunks, pace: 'fast' }).run();
  await server.finished(id);
  await server.kill9('tree');
  await server.restart();
  const words = wordsOf(await finalTranscript(id));
  t.ok(missing(words, stream.words).length <= 0.02 * stream.words.length);
  t.ok(words.length <= 1.02 * stream.words.length);
});
