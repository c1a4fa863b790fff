import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { fatalErrors, openStranger, playerState, type Stranger, watchFor } from '../support/player-page.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const chromium = await launchChromium();
t.teardown(() => chromium.close());
const require = createRequire(import.meta.url);

const strangers: [Stranger, file: string][] = [
  ['hls.js', require.resolve('hls.js/dist/hls.min.js')],
  ['Shaka Player', require.resolve('shaka-player/dist/shaka-player.compiled.js')],
];
// Both watch the same stream.
t.jobs = strangers.length;
const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 24 });
const { id, ingestUrl, playbackUrl } = await server.createSession();
const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
const sent = client.run();
t.teardown(() => client.stop());
await eventually(async () => (await server.text(`/hls/${id}/main/stream.m3u8`)).includes('#EXTINF'));

for (const [name, file] of strangers) {
  t.test(`${name} with its own settings plays live, then to the end`, async t => {
    const page = await chromium.page();
    const source = await readFile(file, 'utf8');
    await openStranger(page, name, { baseUrl: server.baseUrl, source, url: playbackUrl });
    await eventually(async () => (await playerState(page)).currentTime > 0, { what: `${name} plays` });
    const { longestStallSeconds, advancedSeconds } = await watchFor(page, 10);
    t.comment(
      `${name}: ${advancedSeconds.toFixed(1)} s in 10 s, longest stall ${longestStallSeconds.toFixed(2)} s`,
    );
    t.ok(advancedSeconds > 8, `advanced by ${advancedSeconds} s`);
    t.ok(longestStallSeconds <= 1, `longest stall ${longestStallSeconds} s`);
    await sent;
    await eventually(async () => (await playerState(page)).ended, { what: `${name} comes to the end` });
    const { duration } = await playerState(page);
    t.ok(Math.abs(duration - clip.durationSeconds) <= 0.3, `${duration} s`);
    t.same(await fatalErrors(page), []);
    await page.close();
  });
}
