import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, TestServer } from '../support/server.ts';
import { UdpRelay } from '../support/udp-relay.ts';
import { complaintsOf, liveSeconds } from '../support/webrtc-doors.ts';

const port = await freePort();
const server = await TestServer.start({
  env: { WEBRTC_PORT: `${port}`, WEBRTC_ANNOUNCED_ADDRESS: UdpRelay.address },
});
t.teardown(() => server.stop());
const relay = await UdpRelay.open(port);
t.teardown(() => relay.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

t.test('nothing gets through for some seconds: the page restarts ICE, and the video goes on', async t => {
  const studio = await chromium.page();
  const asked: string[] = [];
  studio.on('response', response => {
    if (!new URL(response.url()).pathname.startsWith('/whip/')) return;
    asked.push(`${response.request().method()} ${response.status()}`);
  });
  await studio.goto(`${server.baseUrl}/capture`);
  await studio.getByText('Instant').first().click();
  await studio.getByTestId('record').click();
  const link = studio.getByTestId('watch-link');
  await link.waitFor({ timeout: 30_000 });
  const id = ((await link.getAttribute('href')) ?? '').slice(-12);
  await eventually(async () => (await liveSeconds(server, id)) >= 2, { timeoutSeconds: 30 });

  relay.become({ isCut: true });
  await eventually(() => asked.includes('PATCH 200'), { timeoutSeconds: 25, what: 'ICE restarts' });
  relay.become({});
  const before = await liveSeconds(server, id);
  await eventually(async () => (await liveSeconds(server, id)) >= before + 2, {
    timeoutSeconds: 30,
    what: 'the video goes on',
  });
  t.same(asked, ['POST 201', 'PATCH 200'], 'by the same connection');
  await eventually(
    async () => /live · instant/.test((await studio.getByTestId('pill').textContent()) ?? ''),
    { what: 'the page says so' },
  );

  await studio.getByTestId('stop').click();
  const video = await server.finished(id);
  t.equal(video.error, null);
  t.equal(await complaintsOf(server.videoFile(id)), '');
  t.same(studio.errors, []);
});
