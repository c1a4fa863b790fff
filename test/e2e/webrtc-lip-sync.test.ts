import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { fakeDeviceOffsets, oneProcessForFakeDevices, useFakeDevices } from '../support/fake-devices.ts';
import { TestServer } from '../support/server.ts';
import { whipAnswering } from '../support/webrtc-doors.ts';
import { blankPage, publishFrom } from '../support/webrtc-page.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const browser = await launchChromium(oneProcessForFakeDevices);
t.teardown(() => browser.close());

const publishedSeconds = 16;
// Chromium reports where its sound is every five seconds; until then sound is placed by its arrival.
const settleSeconds = 7;

t.test("the sound of Chromium's archives is within 20 ms of their pictures", async t => {
  const page = await blankPage(browser);
  await useFakeDevices(page);
  const publish = async (codec: 'H264' | 'VP8') => {
    const session = await server.createSession({ input: 'webrtc' });
    const whip = whipAnswering(session);
    await publishFrom(page, { codec, bitrateBitsPerSecond: 600_000 }, whip);
    return { ...session, codec, whip };
  };
  // A beep is heard by one opened microphone only, so both publish the same one.
  const sessions = [await publish('H264'), await publish('VP8')];
  await delay(publishedSeconds * 1_000);
  for (const { id, codec, ingestToken, whip } of sessions) {
    const authorization = `Bearer ${ingestToken}`;
    await fetch(whip.answered?.location ?? '', { method: 'DELETE', headers: { authorization } });
    await server.finished(id);
    const offsets = await fakeDeviceOffsets(server.videoFile(id));
    const settled = offsets.filter(({ flashSeconds }) => flashSeconds > settleSeconds);
    const millis = settled.map(({ offsetMillis }) => Math.round(offsetMillis));
    t.ok(millis.length >= 5, `${codec}: ${millis.length} seconds with a beep`);
    t.ok(Math.max(...millis.map(Math.abs)) <= 20, `${codec}: sound less picture: ${millis.join(', ')} ms`);
  }
});
