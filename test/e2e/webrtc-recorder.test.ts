import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { TestServer } from '../support/server.ts';
import { doorAnswering, noViewers } from '../support/webrtc-doors.ts';
import { blankPage, shownIn, viewIn } from '../support/webrtc-page.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const browser = await launchChromium();
t.teardown(() => browser.close());

for (const kind of ['webm-h264', 'webm-vp8'] as const) {
  t.test(`${kind}: a recorder's stream is watched by WHEP from the newest key picture on`, async t => {
    const clip = await makeClip({ kind, durationSeconds: 14 });
    const { id, ingestUrl } = await server.createSession({ title: kind });
    const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
    const published = client.run();
    // In the middle of a group of pictures: what is shown first is a second old at least.
    await eventually(() => client.acknowledged > clip.bytes.length * 0.22, { timeoutSeconds: 20 });
    const viewer = await blankPage(browser);
    const connectedMillis = await viewIn(viewer, doorAnswering(`${server.baseUrl}/whep/${id}`));
    const connectedAt = performance.now();
    await eventually(async () => (await shownIn(viewer)).framesDecoded > 0, {
      everyMillis: 5,
      timeoutSeconds: 20,
    });
    const pictureMillis = performance.now() - connectedAt;
    t.comment(`connected after ${connectedMillis} ms, first picture ${pictureMillis} ms later`);
    const first = await shownIn(viewer);
    await eventually(async () => (await shownIn(viewer)).framesDecoded > first.framesDecoded + 60, {
      timeoutSeconds: 20,
    });
    const shown = await shownIn(viewer);
    t.equal(shown.width, 640);
    t.ok(shown.soundPackets > 20, `${shown.soundPackets} packets of sound`);
    t.equal(shown.packetsLost, 0);
    const { whepUrl } = await server.video(id);
    t.equal(whepUrl, `${server.baseUrl}/whep/${id}`);
    t.equal((await published).closeCode, 1000);
    await noViewers(server);
    t.equal((await server.finished(id)).error, null);
    await viewer.close();
  });
}

t.test('the clock of the media timeline is told while somebody watches', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 8 });
  const { id, ingestUrl, eventsUrl } = await server.createSession();
  const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
  const published = client.run();
  await eventually(() => client.acknowledged > clip.bytes.length / 4, { timeoutSeconds: 20 });
  const viewer = await blankPage(browser);
  const whep = doorAnswering(`${server.baseUrl}/whep/${id}`);
  await viewIn(viewer, whep);
  const skewMillis = Date.now() - Number(whep.answered?.headers.get('livereel-now'));
  t.ok(Math.abs(skewMillis) < 20_000);
  const abort = new AbortController();
  const events = await fetch(eventsUrl, { signal: abort.signal });
  let text = '';
  for await (const piece of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (/^event: live-clock\ndata: .*\n/m.test(text)) break;
  }
  abort.abort();
  const told = JSON.parse(/^event: live-clock\ndata: (.*)$/m.exec(text)?.[1] ?? '{}');
  // A chunk is a quarter of a second, and the recorder began when its first was due.
  const takenSeconds = (told.atEpochMillis - client.dueAt(0)) / 1_000;
  t.equal(told.id, id);
  t.ok(Math.abs(told.mediaSeconds - takenSeconds) < 1, `${told.mediaSeconds} s, taken at ${takenSeconds} s`);
  await published;
  await viewer.close();
});
