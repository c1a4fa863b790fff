import t from 'tap';
import { CaptionWatcher } from '../support/caption-watcher.ts';
import { eventually } from '../support/eventually.ts';
import { finalTranscript, missing, offsOf, wordsOf } from '../support/heard-words.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { TestServer } from '../support/server.ts';
import { median, testModelPath } from '../support/speech.ts';
import { speechStream } from '../support/speech-stream.ts';

const env = { CAPTIONS: 'on', WHISPER_MODEL: testModelPath, WHISPER_THREADS: '1' };
const server = await TestServer.start({ env });
t.teardown(() => server.stop());

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
  const transcript = await finalTranscript(server, id);
  t.same(missing(wordsOf(transcript), stream.words), []);
  t.comment(`final transcript: ${median(offsOf(wordsOf(transcript), stream.words)).toFixed(3)} s (median)`);
  t.ok(median(offsOf(wordsOf(transcript), stream.words)) < 0.3);
  t.equal(transcript.language, 'en');
  // The words are kept before the task is over.
  const task = await eventually(async () => {
    const { items } = JSON.parse(await server.text(`/api/v1/videos/${id}/tasks`)) as {
      items: { task: string; state: string }[];
    };
    return items.find(({ task, state }) => task === 'transcript' && state !== 'running');
  });
  t.match(task, { state: 'done', percent: 100, attempts: 1, error: null });
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
