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
const standIn = await WebRtcStandIn.start(chromium, server.url);
server.webrtc = standIn;

async function publish(height: number): Promise<TestPage> {
  const page = await chromium.page();
  await serveClientModules(page);
  await page.goto(`${server.url}/no-page`);
  await page.evaluate(`(async () => {
    const { WhipPublisher } = await import('/src/client/whip-publisher.ts');
    const video = { width: ${(height * 16) / 9}, height: ${height} };
    window.stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
    window.publisher = await WhipPublisher.create(location.origin, window.stream, { session: { title: 'Now' } });
  })()`);
  return page;
}
const stateOf = (page: TestPage) => page.evaluate<string>('publisher.state');
const publishing = (page: TestPage) =>
  eventually(async () => (await stateOf(page)) === 'publishing', {
    what: 'it publishes',
    timeoutSeconds: 20,
  });
async function pictureGoesOn(): Promise<void> {
  const { bytes } = await standIn.received();
  await eventually(async () => (await standIn.received()).bytes > bytes + 2_000, {
    what: 'more picture comes',
    timeoutSeconds: 20,
  });
}

t.test('a camera is published, in H.264 where the browser can, until it ends', async t => {
  const page = await publish(360);
  await publishing(page);
  await pictureGoesOn();
  t.match(server.sessions.at(-1), { input: 'webrtc', title: 'Now' });
  t.same((await standIn.received()).codecs, ['video/H264']);
  t.notMatch(standIn.offers.at(-1), /a=simulcast|VP9|AV1/);
  t.match(standIn.requests, ['POST /whip/f3Kq9ZtA1bXy'], 'nothing but the offer is asked for');
  const stats = () => page.evaluate<{ bitsPerSecond: number; height: number }>('publisher.stats');
  await eventually(async () => (await stats()).bitsPerSecond > 20_000, { what: 'the rate is measured' });
  const { height } = await stats();
  t.ok(height > 0 && height <= 360, `${height} lines`);

  // Another camera: the picture goes on in the same connection.
  await page.evaluate(`(async () => {
    const other = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 180 } });
    await publisher.replaceTrack(other.getVideoTracks()[0]);
    window.stream.getVideoTracks()[0].stop();
  })()`);
  await pictureGoesOn();

  const ended = await page.evaluate<{ id: string; state: string }>('publisher.end()');
  t.match(ended, { id: 'f3Kq9ZtA1bXy', state: 'processing' });
  t.equal(await stateOf(page), 'ended');
  t.match(standIn.requests.at(-1), /^DELETE \/whip\/f3Kq9ZtA1bXy\/peer\d+$/);
  t.equal(server.endings, 1);
  t.same(page.errors, []);
  await page.close();
});

t.test('a large picture is offered in two sizes', async t => {
  const page = await publish(720);
  await publishing(page);
  t.match(standIn.offers.at(-1), /^a=rid:0 send\r\na=rid:1 send\r\na=simulcast:send 0;1\r$/m);
  await page.evaluate('publisher.end()');
  await page.close();
});

t.test('who is cut off comes back: by new credentials, else by a new offer', async t => {
  const page = await publish(360);
  await publishing(page);
  await pictureGoesOn();
  const before = standIn.requests.length;
  await page.evaluate(`window.dispatchEvent(new Event('online'))`);
  await eventually(() => standIn.requests.length > before, { what: 'something is tried' });
  t.match(standIn.requests.at(-1), /^PATCH \/whip\/f3Kq9ZtA1bXy\/peer\d+$/);
  await publishing(page);
  await pictureGoesOn();

  standIn.refusesRestarts = true;
  await standIn.drop();
  await eventually(async () => (await stateOf(page)) === 'reconnecting', {
    what: 'the loss is seen',
    timeoutSeconds: 20,
  });
  t.match(await page.evaluate('publisher.problem'), 'The connection to the server is lost. Trying again.');
  await publishing(page);
  await pictureGoesOn();
  t.equal(standIn.requests.at(-1), 'POST /whip/f3Kq9ZtA1bXy');
  t.notOk(
    standIn.requests.slice(before).some(request => request.startsWith('DELETE')),
    'which would end the session',
  );
  standIn.refusesRestarts = false;
  await page.evaluate('publisher.end()');
  await page.close();
});

t.test('a server that refuses is quoted, and one that is being restarted is waited for', async t => {
  const body = JSON.stringify({ code: 'webrtc-restarting', detail: 'WebRTC is being restarted.' });
  standIn.refusal = {
    status: 503,
    headers: { 'content-type': 'application/json', 'retry-after': '1' },
    body,
  };
  const page = await publish(360);
  await eventually(async () => (await page.evaluate('publisher.problem')) === 'WebRTC is being restarted.', {
    what: 'the problem is told',
  });
  standIn.refusal = undefined;
  await publishing(page);
  await page.evaluate('publisher.end()');

  const gone = JSON.stringify({ code: 'session-ended', detail: 'The session has ended.' });
  standIn.refusal = { status: 409, headers: { 'content-type': 'application/json' }, body: gone };
  const late = await publish(360);
  await eventually(async () => (await stateOf(late)) === 'failed', { what: 'it fails' });
  t.match(await late.evaluate('({ code: publisher.error.code, message: publisher.error.message })'), {
    code: 'session-ended',
    message: 'The session has ended.',
  });
  standIn.refusal = undefined;
  await page.close();
  await late.close();
});

t.test('where no packet gets through it says so, with host and port', async t => {
  standIn.isUnreachable = true;
  const page = await publish(360);
  await eventually(async () => (await stateOf(page)) === 'failed', { what: 'it fails', timeoutSeconds: 20 });
  t.equal(await page.evaluate('publisher.error.code'), 'udp-unreachable');
  t.match(
    await page.evaluate('publisher.error.message'),
    /^UDP port 9 of host 127\.0\.0\.1 cannot be reached/,
  );
  standIn.isUnreachable = false;
  await page.close();
});
