import t from 'tap';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { violations } from './accessibility.ts';
import { PageServer } from './page-server.ts';
import { WebRtcStandIn } from './webrtc-stand-in.ts';

const server = await PageServer.start();
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());
const standIn = await WebRtcStandIn.start(chromium, server.url);

async function pillSays(page: TestPage, words: RegExp): Promise<void> {
  const pill = page.getByTestId('pill');
  await eventually(async () => words.test(((await pill.textContent()) ?? '').trim()), {
    what: `the pill says ${words}`,
    timeoutSeconds: 20,
  });
}

t.test('without WebRTC, on the server or in the browser, there is no choice', async t => {
  server.webrtc = undefined;
  const page = await chromium.page();
  const told = page.waitForResponse(/\/api\/v1\/webrtc$/);
  await page.goto(server.url);
  await told;
  await page.getByTestId('record').waitFor();
  t.equal(await page.getByTestId('ways').count(), 0);
  server.webrtc = standIn;
  await page.addInitScript('delete window.RTCPeerConnection;');
  await page.reload();
  await page.getByTestId('record').waitFor();
  await page.waitForLoadState('networkidle');
  t.equal(await page.getByTestId('ways').count(), 0);
  await page.close();
});

t.test('an instant recording is chosen, runs, and ends', async t => {
  const page = await chromium.page();
  await page.goto(server.url);
  await page.getByText('Nothing is lost').waitFor();
  t.notOk(await page.getByText('A bad network may cost pictures').isVisible());
  await page.getByText('Instant').click();
  await page.getByText('A bad network may cost pictures').waitFor();
  t.same(await violations(page), []);

  await page.reload();
  await page.getByText('A bad network may cost pictures').waitFor();
  await page.getByTestId('record').click();
  await pillSays(page, /^live · instant · [\d.]+ Mbit\/s · \d+ ms to the server$/);
  t.equal(await page.getByTestId('ways').count(), 0, 'it cannot be changed now');
  t.match(server.sessions.at(-1), { input: 'webrtc' });
  t.match(await page.getByTestId('watch-link').getAttribute('href'), /\/watch\/f3Kq9ZtA1bXy$/);
  t.same(await violations(page), []);
  const { bytes } = await standIn.received();
  await page.getByTestId('change-camera').click();
  await eventually(async () => (await standIn.received()).bytes > bytes, { what: 'the picture goes on' });

  standIn.refusal = { status: 503, headers: {}, body: '{}' };
  standIn.refusesRestarts = true;
  await standIn.drop();
  await pillSays(page, /connection lost: nothing is sent until it is back/);
  standIn.refusal = undefined;
  await pillSays(page, /^live · instant/);

  await page.getByTestId('stop').click();
  await page.getByText('Making the video').waitFor();
  t.match(standIn.requests.at(-1), /^DELETE \/whip\/f3Kq9ZtA1bXy/);
  t.same(
    page.errors.filter(error => !/status of (503|404)/.test(error)),
    [],
  );
  await page.close();
});

t.test('where no packet gets through one is told why, and records the safe way', async t => {
  standIn.isUnreachable = true;
  const page = await chromium.page();
  await page.goto(server.url);
  await page.getByText('Instant').click();
  await page.getByTestId('record').click();
  await page.getByTestId('error-message').waitFor();
  t.equal(await page.getByTestId('error-message').textContent(), 'The instant way does not get through');
  t.ok(await page.getByText(/UDP port 9 of host 127\.0\.0\.1 cannot be reached/).isVisible());
  t.same(await violations(page), []);
  await page.getByRole('button', { name: 'Record the safe way' }).click();
  await pillSays(page, /live · [\d.]+ MB safe/);
  t.match(server.sessions.at(-1), { mimeType: /video/ });
  standIn.isUnreachable = false;
  await page.close({ runBeforeUnload: false });
});
