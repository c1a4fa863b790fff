import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { complaintsOf, liveSeconds, whipAnswering } from '../support/webrtc-doors.ts';
import { blankPage, publishFrom } from '../support/webrtc-page.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const browser = await launchChromium();
t.teardown(() => browser.close());

t.test('a publisher that vanishes and returns goes on in the same video', async t => {
  const session = await server.createSession({ input: 'webrtc' });
  const { id } = session;
  const first = await blankPage(browser);
  await publishFrom(first, { codec: 'H264' }, whipAnswering(session));
  await eventually(async () => (await liveSeconds(server, id)) >= 2, { timeoutSeconds: 30 });
  await first.close();
  const second = await blankPage(browser);
  const whip = whipAnswering(session);
  await publishFrom(second, { codec: 'VP8' }, whip);
  const before = await liveSeconds(server, id);
  await eventually(async () => (await liveSeconds(server, id)) >= before + 2, { timeoutSeconds: 30 });
  t.equal((await server.video(id)).state, 'live');
  await fetch(`${server.baseUrl}/api/v1/sessions/${id}/end`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session.ingestToken}` },
  });
  const video = await server.finished(id);
  t.equal(video.error, null);
  t.equal(await complaintsOf(server.videoFile(id)), '');
  await second.close();
});

t.test('the engine killed while streaming costs a reconnect', async t => {
  const session = await server.createSession({ input: 'webrtc' });
  const { id } = session;
  const page = await blankPage(browser);
  await publishFrom(page, { codec: 'H264' }, whipAnswering(session));
  await eventually(async () => (await liveSeconds(server, id)) >= 2, { timeoutSeconds: 30 });
  const pid = server.webRtcPid();
  if (pid === undefined) throw new Error('there is no engine');
  process.kill(pid, 'SIGKILL');
  await eventually(async () => (await server.video(id)).state === 'interrupted', { timeoutSeconds: 10 });
  await eventually(() => server.webRtcPid(pid) !== undefined, { timeoutSeconds: 10, what: 'a new engine' });
  // As a publisher does that was told to try again.
  const answering = whipAnswering(session);
  const again = async (offer: string) =>
    eventually(() => answering(offer).catch(() => false as const), {
      timeoutSeconds: 10,
      everyMillis: 200,
    });
  await publishFrom(page, { codec: 'H264' }, again);
  const before = await liveSeconds(server, id);
  await eventually(async () => (await liveSeconds(server, id)) >= before + 2, { timeoutSeconds: 30 });
  const hungUp = await fetch(answering.answered?.location ?? '', {
    method: 'DELETE',
    headers: { authorization: `Bearer ${session.ingestToken}` },
  });
  t.equal(hungUp.status, 200);
  const video = await server.finished(id);
  t.equal(video.error, null);
  t.equal(await complaintsOf(server.videoFile(id)), '');
  await page.close();
});
