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
  t.same(
    missing(wordsOf(await finalTranscript(server, id)), stream.words),
    [],
    'the final transcript is whole',
  );
});

t.test('the server is killed while a transcript is made: the next one makes it', async t => {
  const stream = await speechStream('speech-10s');
  const { id, ingestUrl } = await server.createSession({ language: 'en' });
  await new IngestClient({ url: ingestUrl, input: 'chunks', items: stream.chunks, pace: 'fast' }).run();
  await server.finished(id);
  await server.kill9('tree');
  await server.restart();
  const words = wordsOf(await finalTranscript(server, id));
  t.ok(missing(words, stream.words).length <= 0.02 * stream.words.length);
  t.ok(words.length <= 1.02 * stream.words.length);
});
