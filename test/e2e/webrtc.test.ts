import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import {
  complaintsOf,
  doorAnswering,
  liveSeconds,
  noViewers,
  whipAnswering,
} from '../support/webrtc-doors.ts';
import { blankPage, publishFrom, shownIn, viewIn } from '../support/webrtc-page.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const browser = await launchChromium();
t.teardown(() => browser.close());

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
    await eventually(async () => (await liveSeconds(server, id)) >= 4, {
      timeoutSeconds: 30,
      what: 'live HLS',
    });

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
    await noViewers(server);
    await publisher.close();
    await viewer.close();
  });
}
