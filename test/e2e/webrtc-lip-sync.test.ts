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

for (const codec of ['H264', 'VP8'] as const) {
  t.test(`${codec} of Chromium: the archive's sound is within 20 ms of its picture`, async t => {
    const session = await server.createSession({ input: 'webrtc' });
    const page = await blankPage(browser);
    await useFakeDevices(page);
    const whip = whipAnswering(session);
    await publishFrom(page, { codec, bitrateBitsPerSecond: 600_000 }, whip);
    await delay(publishedSeconds * 1_000);
    const authorization = `Bearer ${session.ingestToken}`;
    await fetch(whip.answered?.location ?? '', { method: 'DELETE', headers: { authorization } });
    await server.finished(session.id);
    await page.close();
    const offsets = await fakeDeviceOffsets(server.videoFile(session.id));
    const settled = offsets.filter(({ flashSeconds }) => flashSeconds > settleSeconds);
    const millis = settled.map(({ offsetMillis }) => Math.round(offsetMillis));
    t.ok(millis.length >= 5, `${millis.length} seconds with a beep`);
    t.ok(Math.max(...millis.map(Math.abs)) <= 20, `sound less picture: ${millis.join(', ')} ms`);
  });
}
