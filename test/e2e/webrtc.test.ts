import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';
import { doorAnswering, whipAnswering } from '../support/webrtc-doors.ts';
import { blankPage, connectionState, publishFrom, shownIn, viewIn } from '../support/webrtc-page.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const browser = await launchChromium();
t.teardown(() => browser.close());

/** Seconds of live media that the playlists hold now. */
async function liveSeconds(id: string): Promise<number> {
  const answer = await fetch(`${server.baseUrl}/hls/${id}/main/stream.m3u8`);
  const text = await answer.text();
  const lengths = [...text.matchAll(/^#EXTINF:([\d.]+)|^#EXT-X-PART:DURATION=([\d.]+)/gm)];
  return answer.ok ? lengths.reduce((sum, [, whole]) => sum + Number(whole ?? 0), 0) : 0;
}

/** Decodes a file whole; what the decoder complained of. */
async function complaintsOf(file: string): Promise<string> {
  // On the file's own clock: a frame rate that is guessed has no room for each picture.
  const own = ['-fps_mode', 'passthrough', '-enc_time_base:v', '-1'];
  const { stderr } = await runFfmpeg(['-v', 'error', '-i', file, ...own, '-f', 'null', '-']);
  return stderr.trim();
}

for (const codec of ['H264', 'VP8'] as const) {
  t.test(`${codec}: published by WHIP, watched by WHEP and HLS, and a video afterwards`, async t => {
    const session = await server.createSession({ input: 'webrtc', title: codec });
    const { id } = session;
    const publisher = await blankPage(browser);
    const whip = whipAnswering(session);
    await publishFrom(publisher, { codec }, whip);
    const live = await eventually(async () => {
      const video = await server.video(id);
      return video.state === 'live' && video.whepUrl !== null && video;
    });
    t.equal(live.whepUrl, `${server.baseUrl}/whep/${id}`);

    const viewer = await blankPage(browser);
    const whep = doorAnswering(`${server.baseUrl}/whep/${id}`);
    await viewIn(viewer, whep);
    await eventually(async () => (await shownIn(viewer)).framesDecoded > 30, { timeoutSeconds: 20 });
    t.ok((await shownIn(viewer)).width > 0);
    await eventually(async () => (await liveSeconds(id)) >= 4, { timeoutSeconds: 30, what: 'live HLS' });

    const hungUp = await fetch(whip.answered?.location ?? '', {
      method: 'DELETE',
      headers: { authorization: `Bearer ${session.ingestToken}` },
    });
    t.equal(hungUp.status, 200);
    const video = await server.finished(id);
    t.equal(video.error, null);
    t.equal(video.whepUrl, null);
    t.ok((video.durationSeconds ?? 0) >= 4, `${video.durationSeconds} s`);
    t.equal(await complaintsOf(server.videoFile(id)), '');
    await eventually(async () => (await connectionState(viewer)) !== 'connected', {
      timeoutSeconds: 30,
      what: 'the viewer is let go',
    });
    await publisher.close();
    await viewer.close();
  });
}

t.test('a publisher that vanishes and returns goes on in the same video', async t => {
  const session = await server.createSession({ input: 'webrtc' });
  const { id } = session;
  const first = await blankPage(browser);
  await publishFrom(first, { codec: 'H264' }, whipAnswering(session));
  await eventually(async () => (await liveSeconds(id)) >= 2, { timeoutSeconds: 30 });
  await first.close();
  const second = await blankPage(browser);
  const whip = whipAnswering(session);
  await publishFrom(second, { codec: 'VP8' }, whip);
  const before = await liveSeconds(id);
  await eventually(async () => (await liveSeconds(id)) >= before + 2, { timeoutSeconds: 30 });
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
  await eventually(async () => (await liveSeconds(id)) >= 2, { timeoutSeconds: 30 });
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
  const before = await liveSeconds(id);
  await eventually(async () => (await liveSeconds(id)) >= before + 2, { timeoutSeconds: 30 });
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
