import t from 'tap';
import { archivedPictures } from '../support/archived-pictures.ts';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { readNumbers, shownNumbers, useNumberedCamera } from '../support/numbered-camera.ts';
import { probe } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';
import { blankPage, publishFrom, shownIn, viewIn } from '../support/webrtc-page.ts';
import { postOffer, whepUrlOf } from '../support/whip-request.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const browser = await launchChromium();
t.teardown(() => browser.close());

t.test('of simulcast the best layer is archived, and a viewer sees it clearly', async t => {
  const { id, whipUrl, ingestToken } = await server.createSession({ input: 'webrtc' });
  const publisher = await blankPage(browser);
  await useNumberedCamera(publisher);
  let location = '';
  await publishFrom(publisher, { codec: 'VP8', isSimulcast: true }, async offer => {
    const answer = await postOffer(whipUrl, offer, ingestToken);
    location = answer.location;
    return answer.sdp;
  });
  const layers = () =>
    publisher.evaluate<number[]>(`(async () => [...(await peer.getStats()).values()]
      .filter(one => one.type === 'outbound-rtp' && one.kind === 'video' && one.framesSent > 30)
      .map(one => one.frameWidth))()`);
  await eventually(async () => (await layers()).length === 2, {
    timeoutSeconds: 60,
    what: 'two layers are sent',
  });
  const viewer = await blankPage(browser);
  await readNumbers(viewer);
  await viewIn(viewer, async offer => (await postOffer(whepUrlOf(whipUrl), offer)).sdp);
  const best = Math.max(...(await layers()));
  await eventually(async () => (await shownIn(viewer)).width >= best, {
    timeoutSeconds: 60,
    what: 'the viewer has the best layer',
  });
  const seen: number[] = [];
  await eventually(async () => {
    for (const { number } of await shownNumbers(viewer)) if (number !== null) seen.push(number);
    return seen.length > 60;
  });
  t.same(
    seen,
    [...seen].sort((a, b) => a - b),
    'in order, through the change of layers too',
  );
  await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${ingestToken}` } });
  await server.finished(id);
  const file = server.videoFile(id);
  const frames = await archivedPictures(t, file);
  t.ok(frames.length > 60, `${frames.length} pictures`);
  const { streams } = await probe(file, ['-select_streams', 'v', '-show_entries', 'stream=width']);
  t.ok(((streams as { width: number }[])[0]?.width ?? 0) >= best, 'the best layer');
});
