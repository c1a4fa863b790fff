import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { numberedJpegs, readFrameNumbers } from '../support/numbered-frames.ts';
import { fatalErrors, openStranger, playerState, type Stranger } from '../support/player-page.ts';
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

// Each player takes as long as its video lasts: all at once.
t.jobs = 4;

const stillSeconds = 6;
const jpegs = await numberedJpegs(30);
// Ten pictures of a second, the last of which stays, then twenty of two seconds; without sound.
const items = jpegs.map((bytes, index) => {
  const atSeconds = index / 10 + (index < 10 ? 0 : stillSeconds);
  return { bytes, atSeconds, capturedAtMicros: Math.round(atSeconds * 1e6) };
});
const { id, ingestUrl, playbackUrl } = await server.createSession({ input: 'frames' });
await new IngestClient({ url: ingestUrl, input: 'frames', items, pace: 'fast', timestamps: true }).run();
const video = await server.finished(id);

t.test('a picture that stands still keeps its place, in one segment that lasts as long', async t => {
  t.equal(video.error, null);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 9) < 0.2, `${video.durationSeconds} s`);
  const playlist = await server.text(`/hls/${id}/main/stream.m3u8`);
  const target = Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(playlist)?.[1]);
  const long = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)]
    .map(([, seconds]) => Number(seconds))
    .filter(seconds => seconds > target + 0.5);
  t.equal(long.length, 1, `segments that are longer than the others: ${long}`);
  for (const source of [server.videoFile(id), playbackUrl]) {
    const frames = await readFrameNumbers(source);
    t.same(
      frames.map(frame => frame.number),
      jpegs.map((_, index) => index),
    );
    const stood = (frames[10]?.ptsSeconds ?? 0) - (frames[9]?.ptsSeconds ?? 0);
    t.ok(Math.abs(stood - stillSeconds - 0.1) < 0.02, `it stood for ${stood} s`);
  }
});

t.test('live it costs its own time, and the delay stays what it was', async t => {
  const stillAt = 25;
  const live = await numberedJpegs(60);
  const liveItems = live.map((bytes, index) => {
    const atSeconds = index / 10 + (index < stillAt ? 0 : 6);
    return { bytes, atSeconds, capturedAtMicros: Math.round(atSeconds * 1e6) };
  });
  const session = await server.createSession({ input: 'frames' });
  const options = {
    url: session.ingestUrl,
    input: 'frames',
    items: liveItems,
    pace: 'real',
    timestamps: true,
  } as const;
  const sent = new IngestClient(options).run();
  const playlistPath = `/hls/${session.id}/main/stream.m3u8`;
  await eventually(async () => (await server.text(playlistPath)).includes('#EXTINF'));
  const partTarget = async () => /PART-TARGET=([\d.]+)/.exec(await server.text(playlistPath))?.[1];
  const before = await partTarget();
  const page = await chromium.page();
  const source = await readFile(strangers[0]?.[1] ?? '', 'utf8');
  await openStranger(page, 'hls.js', { baseUrl: server.baseUrl, source, url: session.playbackUrl });
  await eventually(async () => (await playerState(page)).currentTime > 9, {
    timeoutSeconds: 30,
    what: 'it plays on behind the picture that stood still',
  });
  const after = await partTarget();
  if (after !== undefined) t.equal(after, before, 'parts are as long as before');
  await sent;
  await eventually(async () => (await playerState(page)).ended, { what: 'it comes to the end' });
  const { duration } = await playerState(page);
  t.ok(Math.abs(duration - 12) <= 0.3, `${duration} s`);
  t.same(await fatalErrors(page), []);
  await page.close();
});

for (const [name, file] of strangers) {
  t.test(`${name} shows it for as long as it stood, and goes on`, async t => {
    const page = await chromium.page();
    await openStranger(page, name, {
      baseUrl: server.baseUrl,
      source: await readFile(file, 'utf8'),
      url: playbackUrl,
    });
    let jumped = 0;
    let last = 0;
    await eventually(
      async () => {
        const { currentTime, ended } = await playerState(page);
        jumped = Math.max(jumped, currentTime - last);
        last = currentTime;
        return ended || (await fatalErrors(page)).length > 0;
      },
      { timeoutSeconds: 30, everyMillis: 200, what: `${name} comes to the end` },
    );
    t.same(await fatalErrors(page), []);
    t.ok(last > 8.5, `it came to ${last} s`);
    t.ok(jumped < 3, `it jumped over ${jumped} s`);
    await page.close();
  });
}
