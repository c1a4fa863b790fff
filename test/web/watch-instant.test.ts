import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { violations } from './accessibility.ts';
import { said } from './captions/said.ts';
import { PageServer } from './page-server.ts';
import { WebRtcStandIn } from './webrtc-stand-in.ts';

const server = await PageServer.start();
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());
const standIn = await WebRtcStandIn.start(chromium, server.url, true);
server.webrtc = standIn;

server.mediaFolder = t.testdir();
const generate =
  `-v error -f lavfi -i testsrc=size=640x360:rate=25:duration=20 -f lavfi -i sine=frequency=440:duration=20
  -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac -f hls -hls_time 1 -hls_playlist_type event
  -hls_list_size 0 -hls_segment_type fmp4 -master_pl_name index.m3u8`.split(/\s+/);
const playlist = `${server.mediaFolder}/stream.m3u8`;
await promisify(execFile)('ffmpeg', [...generate, playlist]);
const finished = await readFile(playlist, 'utf8');
/** The stream as it is while it is live, or afterwards. */
const serveHls = (isLive: boolean) =>
  writeFile(playlist, isLive ? finished.replace(/#EXT-X-ENDLIST\s*/, '') : finished);
t.beforeEach(() => serveHls(true));

let made = 0;
/** A live video, 20 s after its beginning, and its page. */
async function watch(prepare: (page: TestPage) => Promise<unknown> = async () => {}) {
  made += 1;
  const id = `instant${String(made).padStart(5, '0')}`;
  const whepUrl = `${server.url}/whep/${id}`;
  server.add({ id, state: 'live', width: 640, height: 360, whepUrl });
  // The stand-in's clock is a minute fast.
  const clock = { id, mediaSeconds: 20, atEpochMillis: Date.now() + 60_000 };
  server.greetings.set(id, [['live-clock', clock]]);
  const page = await chromium.page();
  await prepare(page);
  await page.goto(`${server.url}/watch/${id}`);
  return { page, id };
}
const way = (page: TestPage) => page.evaluate<string>('livereel.way');
const position = (page: TestPage) => page.evaluate<number>('livereel.positionSeconds');
const plays = (page: TestPage, wanted: 'hls' | 'whep') =>
  eventually(
    async () =>
      (await way(page)) === wanted &&
      (await page.evaluate<number>('livereel.currentTime')) > 0 &&
      (await page.evaluate<number>(`document.querySelector('video.shown').readyState`)) >= 2,
    { what: `it plays by ${wanted}`, timeoutSeconds: 20 },
  );

t.test('what is live is watched by WebRTC, with its delay, its captions and its controls', async t => {
  const { page, id } = await watch();
  await plays(page, 'whep');
  const badge = page.getByTestId('live-badge');
  await eventually(
    async () => /^Live0\.\d\d s from the server$/.test(((await badge.textContent()) ?? '').trim()),
    {
      what: 'the badge tells the delay in hundredths, and from where',
    },
  );
  t.ok(standIn.requests.includes(`POST /whep/${id}`));
  const at = await position(page);
  t.ok(at > 20 && at < 60, `${at} s of the media timeline`);
  server.tell(id, 'caption', { id, ...said(0, at - 2, 'Good evening.') });
  await page.getByTestId('captions').getByText('Good evening.').waitFor();
  await page.getByTestId('transcript').getByText('Good evening.').waitFor();
  t.ok(await page.getByTestId('tap-for-sound').isVisible());
  await page.getByTestId('tap-for-sound').click();
  await page.getByRole('button', { name: 'Turn sound off' }).waitFor();
  t.same(await violations(page), []);
  t.equal(await page.evaluate('livereel.stalls'), 0);
  t.same(page.errors, []);
  await page.goto(`${server.url}/no/such/page`);
  await eventually(() => standIn.requests.some(request => request.startsWith(`DELETE /whep/${id}`)), {
    what: 'who leaves hangs up',
  });
  await page.close();
});

t.test('who rewinds sees the past, and comes back to live', async t => {
  const { page } = await watch();
  await plays(page, 'whep');
  await page.getByTestId('tap-for-sound').click();
  await page.getByTestId('seek').fill('8');
  await plays(page, 'hls');
  const at = await position(page);
  t.ok(at >= 8 && at < 14, `${at} s`);
  t.equal(await page.evaluate(`document.querySelector('video.shown').muted`), false, 'with sound');
  t.equal(await page.evaluate(`document.querySelector('video:not(.shown)').muted`), true, 'of one only');
  await page.getByTestId('back-to-live').click();
  await plays(page, 'whep');
  await page.getByTestId('live-badge').waitFor();
  t.equal(await page.evaluate(`document.querySelector('video.shown').muted`), false);
  await page.close();
});

t.test('who pauses goes on from there', async t => {
  const { page } = await watch();
  await plays(page, 'whep');
  await eventually(async () => (await position(page)) > 0, { what: 'the position is known' });
  await page.keyboard.press('ArrowLeft');
  await plays(page, 'hls');
  await page.getByTestId('back-to-live').click();
  await plays(page, 'whep');
  await page.keyboard.press('k');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.getByTestId('back-to-live').waitFor();
  t.equal(await page.evaluate(`document.querySelector('video.shown').paused`), true);
  await page.keyboard.press('l');
  await plays(page, 'whep');
  await page.getByTestId('live-badge').waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await page.close();
});

t.test('after a loss it goes on by itself, the picture in sight all the time', async t => {
  const { page } = await watch();
  await plays(page, 'whep');
  standIn.refusesRestarts = true;
  const asked = standIn.requests.length;
  await standIn.drop();
  const isBack = () => standIn.requests.slice(asked).some(request => request.startsWith('POST /whep/'));
  await eventually(isBack, { what: 'a new offer is made', timeoutSeconds: 20 });
  await page.getByTestId('live-badge').waitFor();
  await plays(page, 'whep');
  const shown = () =>
    page.evaluate<number>(`document.querySelector('video.shown').getVideoPlaybackQuality().totalVideoFrames`);
  const before = await shown();
  await eventually(async () => (await shown()) > before + 5, { what: 'it moves', timeoutSeconds: 20 });
  t.equal(await page.getByTestId('delay-reason').count(), 0);
  standIn.refusesRestarts = false;
  await page.close();
});

t.test('where no packet gets through it plays by HLS without being asked, and says why', async t => {
  standIn.isUnreachable = true;
  const { page } = await watch();
  const begunAtMillis = performance.now();
  await plays(page, 'hls');
  t.comment(`after ${Math.round(performance.now() - begunAtMillis)} ms`);
  // By the page's own clock: how long machine and network take for it is bench/webrtc's to measure.
  const { offerMillis, codeMillis, playlistMillis } = await page.evaluate<Record<string, number>>(`(() => {
    const begun = part => performance.getEntriesByType('resource').find(({ name }) => name.includes(part))?.startTime;
    return { offerMillis: begun('/whep/'), codeMillis: begun('hls.light'), playlistMillis: begun('index.m3u8') };
  })()`);
  const since = (millis = Number.NaN) => millis - (offerMillis ?? Number.NaN);
  t.ok(
    Math.abs(since(codeMillis)) < 300,
    `the other player is loaded ${since(codeMillis)} ms after the offer`,
  );
  t.ok(since(playlistMillis) < 1_500, `HLS begins ${since(playlistMillis)} ms after the offer`);
  await page.getByTestId('delay-reason').waitFor();
  t.match(
    await page.getByTestId('delay-reason').textContent(),
    /UDP port 9 of host 127\.0\.0\.1 cannot be reached/,
  );
  t.same(await violations(page), []);
  standIn.isUnreachable = false;
  await page.close();
});

t.test(
  'a browser without WebRTC, and codecs that it does not carry, are played by HLS in silence',
  async t => {
    const { page } = await watch(page => page.addInitScript('delete window.RTCPeerConnection;'));
    await plays(page, 'hls');
    t.equal(await page.getByTestId('delay-reason').count(), 0);
    await page.close();
    const body = JSON.stringify({ code: 'codecs-not-watchable', detail: 'Watch by HLS.' });
    standIn.refusal = { status: 422, headers: { 'content-type': 'application/json' }, body };
    const refused = await watch();
    await plays(refused.page, 'hls');
    t.equal(await refused.page.getByTestId('delay-reason').count(), 0);
    standIn.refusal = undefined;
    await refused.page.close();
  },
);

t.test('a publisher that goes away is waited for; after the end the video is there', async t => {
  const { page, id } = await watch();
  await plays(page, 'whep');
  server.add({ id, state: 'interrupted', whepUrl: null });
  server.tell(id, 'state', { id, state: 'interrupted' });
  await page.getByText('The broadcaster lost the connection').waitFor();
  t.equal(await way(page), 'whep');
  server.add({ id, state: 'live', whepUrl: `${server.url}/whep/${id}` });
  server.tell(id, 'state', { id, state: 'live' });
  await page.getByText('The broadcaster lost the connection').waitFor({ state: 'detached' });
  t.equal(await way(page), 'whep');

  await serveHls(false);
  server.transcripts.set(id, { language: null, final: true, segments: [] });
  server.add({ id, state: 'ready', durationSeconds: 20, whepUrl: null });
  server.tell(id, 'state', { id, state: 'ready' });
  await plays(page, 'hls');
  await page.getByText('/ 0:20').waitFor();
  t.equal(await page.getByTestId('live-badge').count(), 0);
  await page.keyboard.press('Home');
  await eventually(async () => (await position(page)) < 5, { what: 'it plays from the beginning' });
  t.same(page.errors, []);
  await page.close();
});
