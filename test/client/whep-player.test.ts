import t from 'tap';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { PageServer } from '../web/page-server.ts';
import { WebRtcStandIn } from '../web/webrtc-stand-in.ts';
import { serveClientModules } from './client-modules.ts';

const server = await PageServer.start(false);
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());
const standIn = await WebRtcStandIn.start(chromium, server.url, true);
server.webrtc = standIn;

async function play(isHeld = false): Promise<TestPage> {
  const page = await chromium.page();
  await serveClientModules(page);
  await page.goto(`${server.url}/no-page`);
  await page.evaluate(`(async () => {
    const { WhepPlayer } = await import('/src/client/whep-player.ts');
    window.video = document.body.appendChild(document.createElement('video'));
    video.muted = true;
    video.autoplay = true;
    window.player = new WhepPlayer(location.origin + '/whep/f3Kq9ZtA1bXy', video);
    player.isHeld = ${isHeld};
  })()`);
  return page;
}
const stateOf = (page: TestPage) => page.evaluate<string>('player.state');
const becomes = (page: TestPage, state: string) =>
  eventually(async () => (await stateOf(page)) === state, { what: `it is ${state}`, timeoutSeconds: 20 });
const frames = (page: TestPage) => page.evaluate<number>('video.getVideoPlaybackQuality().totalVideoFrames');
async function pictureGoesOn(page: TestPage): Promise<void> {
  const before = await frames(page);
  await eventually(async () => (await frames(page)) > before + 5, { what: 'it moves', timeoutSeconds: 20 });
}

t.test('it plays, tells its delay and the time of the server, and hangs up', async t => {
  const page = await play();
  await becomes(page, 'playing');
  await pictureGoesOn(page);
  const latency = () => page.evaluate<number | null>('player.latencySeconds ?? null');
  await eventually(async () => (await latency()) !== null, { what: 'the delay is known' });
  const seconds = (await latency()) ?? 0;
  t.ok(seconds > 0 && seconds < 1, `${seconds} s`);
  // The stand-in's clock goes a minute fast.
  const aheadMillis = await page.evaluate<number>('player.serverNowMillis - Date.now()');
  t.ok(Math.abs(aheadMillis - 60_000) < 5_000, `${aheadMillis} ms`);
  await page.evaluate('player.close()');
  await eventually(() => /^DELETE \/whep\//.test(standIn.requests.at(-1) ?? ''), { what: 'it hangs up' });
  t.equal(await stateOf(page), 'closed');
  t.same(page.errors, []);
  await page.close();
});

t.test('it comes back after a loss, and keeps the picture meanwhile', async t => {
  const page = await play();
  await becomes(page, 'playing');
  standIn.refusesRestarts = true;
  await page.evaluate(`window.wentDark = 0; video.addEventListener('emptied', () => (window.wentDark += 1))`);
  await standIn.drop();
  await becomes(page, 'reconnecting');
  await becomes(page, 'playing');
  await pictureGoesOn(page);
  t.equal(await page.evaluate('wentDark'), 0);
  standIn.refusesRestarts = false;
  await page.close();
});

t.test('where no packet gets through it says so, with host and port', async t => {
  standIn.isUnreachable = true;
  const page = await play();
  const begunAtMillis = performance.now();
  await becomes(page, 'failed');
  t.ok(performance.now() - begunAtMillis < 8_000, 'soon');
  t.match(await page.evaluate('player.error.message'), /^UDP port 9 of host 127\.0\.0\.1 cannot be reached/);
  standIn.isUnreachable = false;
  await page.close();
});

t.test('what the server refuses for good is not asked for again', async t => {
  const body = JSON.stringify({ code: 'codecs-not-watchable', detail: 'Watch by HLS.' });
  standIn.refusal = { status: 422, headers: { 'content-type': 'application/json' }, body };
  const asked = standIn.requests.length;
  const page = await play();
  await becomes(page, 'failed');
  t.equal(await page.evaluate('player.error.code'), 'codecs-not-watchable');
  t.equal(standIn.requests.length, asked + 1);
  standIn.refusal = undefined;
  await page.close();
});

t.test('while the publisher is away it waits', async t => {
  const body = JSON.stringify({ code: 'not-live', detail: 'The video is not live.' });
  standIn.refusal = { status: 409, headers: { 'content-type': 'application/json' }, body };
  const asked = standIn.requests.length;
  const page = await play(true);
  await eventually(() => standIn.requests.length > asked + 2, { what: 'it asks again', timeoutSeconds: 20 });
  t.equal(await stateOf(page), 'connecting');
  standIn.refusal = undefined;
  await becomes(page, 'playing');
  await page.close();
});

t.test('a browser without WebRTC is told so', async t => {
  const page = await chromium.page();
  await page.addInitScript('delete window.RTCPeerConnection;');
  await serveClientModules(page);
  await page.goto(`${server.url}/no-page`);
  const code = await page.evaluate(`(async () => {
    const { WhepPlayer } = await import('/src/client/whep-player.ts');
    const player = new WhepPlayer('/whep/f3Kq9ZtA1bXy', document.createElement('video'));
    return [WhepPlayer.isSupported, player.state, player.error.code];
  })()`);
  t.same(code, [false, 'failed', 'webrtc-unsupported']);
  await page.close();
});
