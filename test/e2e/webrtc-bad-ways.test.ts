import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { AiortcPeer } from '../support/aiortc-peer.ts';
import { archivedPictures } from '../support/archived-pictures.ts';
import { avOffset, beepTimes } from '../support/av-offset.ts';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { readNumbers, shownNumbers, useNumberedCamera } from '../support/numbered-camera.ts';
import { freePort, TestServer } from '../support/server.ts';
import { type BadWay, UdpRelay } from '../support/udp-relay.ts';
import { complaintsOf } from '../support/webrtc-doors.ts';
import { blankPage, publishFrom, viewIn } from '../support/webrtc-page.ts';
import { postOffer, whepUrlOf } from '../support/whip-request.ts';

const port = await freePort();
const server = await TestServer.start({
  env: { WEBRTC_PORT: `${port}`, WEBRTC_ANNOUNCED_ADDRESS: UdpRelay.address },
});
t.teardown(() => server.stop());
const relay = await UdpRelay.open(port);
t.teardown(() => relay.close());
const browser = await launchChromium();
t.teardown(() => browser.close());

const ways: readonly (readonly [name: string, way: BadWay])[] = [
  ['a good way', {}],
  ['5 % lost', { lostShare: 0.05, delayMillis: 12 }],
  ['10 % lost in bursts', { lostShare: 0.1, burstPackets: 5, delayMillis: 12 }],
  ['200 ms late', { delayMillis: 200 }],
  ['out of order', { delayMillis: 20, late: { share: 0.05, millis: 15 } }],
];
const wayMillis = 5_000;
// Until both have reported twice, sound and pictures are placed by their arrival.
const settleSeconds = 4;
const goodEndSeconds = 3;

t.test('on bad ways a stream lives, no picture is corrupted, and no sound is shifted', async t => {
  const { id, whipUrl, ingestToken } = await server.createSession({ input: 'webrtc' });
  const publisher = await blankPage(browser);
  await useNumberedCamera(publisher);
  let location = '';
  await publishFrom(publisher, { codec: 'H264', bitrateBitsPerSecond: 800_000 }, async offer => {
    const answer = await postOffer(whipUrl, offer, ingestToken);
    location = answer.location;
    return answer.sdp;
  });
  const viewer = await blankPage(browser);
  await readNumbers(viewer);
  await viewIn(viewer, async offer => (await postOffer(whepUrlOf(whipUrl), offer)).sdp);
  // Of the first picture its size is told before it can be read.
  await eventually(async () => (await shownNumbers(viewer)).some(({ number }) => number !== null));
  for (const [name, way] of ways) {
    relay.become(way);
    await delay(wayMillis);
    const shown = await shownNumbers(viewer);
    t.ok(shown.length >= 10, `${name}: ${shown.length} pictures shown`);
    t.same(
      shown.filter(({ number }) => number === null),
      [],
      `${name}: all of them clear`,
    );
  }
  const { lost, passed } = relay.counters;
  t.ok(lost > passed / 50, `${lost} packets were lost, ${passed} came through`);
  relay.become({});
  await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${ingestToken}` } });
  await server.finished(id);

  const file = server.videoFile(id);
  const frames = await archivedPictures(t, file);
  // The picture's number is its time: a frozen picture is followed by one that is where it should be.
  const drifts = frames
    .filter(({ ptsSeconds }) => ptsSeconds > settleSeconds)
    .map(({ number, ptsSeconds }) => ptsSeconds - (number ?? 0) / 30);
  const spreadSeconds = Math.max(...drifts) - Math.min(...drifts);
  t.ok(spreadSeconds < 0.2, `pictures keep their times to ${Math.round(spreadSeconds * 1_000)} ms`);
  const beeps = (await beepTimes(file)).filter(seconds => seconds > settleSeconds);
  t.ok(beeps.length >= (ways.length * wayMillis) / 1_000 - settleSeconds - 2, `${beeps.length} beeps`);
  // Of a beep whose first packet was lost the second one is heard.
  const [first = 0] = beeps;
  const shiftMillis = beeps.map(seconds => Math.abs(((seconds - first + 0.5) % 1) - 0.5) * 1_000);
  t.ok(Math.max(...shiftMillis) < 45, `beeps are whole seconds apart: ${shiftMillis.map(Math.round)} ms off`);
  const offsets = (await avOffset(file)).filter(({ flashSeconds }) => flashSeconds > settleSeconds);
  const millis = offsets.map(({ offsetMillis }) => Math.round(offsetMillis)).sort((a, b) => a - b);
  t.ok(millis.length >= 10, `${millis.length} flashes with a beep`);
  const middle = millis[Math.floor(millis.length / 2)] ?? Number.NaN;
  // How far apart Chromium reports sound and picture that a page makes differs from session to session;
  // webrtc-lip-sync.test.ts measures devices, and here it is that they stay where they are.
  const farthest = Math.max(...millis.map(one => Math.abs(one - middle)));
  t.ok(farthest < 45, `sound less picture: ${millis.join(', ')} ms`);
});

t.test(
  'VP8 of Chromium and of aiortc on bad ways: whole archives, and sound that is where it was',
  async t => {
    relay.become({});
    const sessions = {
      chromium: await server.createSession({ input: 'webrtc' }),
      aiortc: await server.createSession({ input: 'webrtc' }),
    };
    const page = await blankPage(browser);
    await useNumberedCamera(page);
    let location = '';
    await publishFrom(page, { codec: 'VP8', bitrateBitsPerSecond: 500_000 }, async offer => {
      const answer = await postOffer(sessions.chromium.whipUrl, offer, sessions.chromium.ingestToken);
      location = answer.location;
      return answer.sdp;
    });
    const { whipUrl: url, ingestToken: token } = sessions.aiortc;
    const python = new AiortcPeer({ do: 'publish', url, token, codec: 'VP8', hangUp: true });
    t.teardown(() => python.close());
    await python.connected();
    await delay(settleSeconds * 1_000);
    const before = { ...relay.counters };
    for (const [, way] of ways.slice(1)) {
      relay.become(way);
      await delay(3_000);
    }
    const lost = relay.counters.lost - before.lost;
    const passed = relay.counters.passed - before.passed;
    t.ok(lost > passed / 50, `${lost} packets were lost, ${passed} came through`);
    // What comes by a good way afterwards shows whether anything was shifted before.
    relay.become({});
    await delay(goodEndSeconds * 1_000);
    const authorization = `Bearer ${sessions.chromium.ingestToken}`;
    await fetch(location, { method: 'DELETE', headers: { authorization } });
    await python.end('sent');
    for (const [who, { id }] of Object.entries(sessions)) {
      const { durationSeconds } = await server.finished(id);
      const file = server.videoFile(id);
      t.equal(await complaintsOf(file), '', `${who}: the archive decodes whole`);
      await archivedPictures(t, file);
      const seen = await avOffset(file);
      const offsets = seen.filter(({ flashSeconds }) => flashSeconds > settleSeconds);
      const millis = offsets.map(({ offsetMillis }) => Math.round(offsetMillis));
      t.ok(millis.length >= 7, `${who}: ${millis.length} flashes with a beep`);
      const middle = [...millis].sort((a, b) => a - b)[millis.length >> 1] ?? Number.NaN;
      // Of a beep whose first packet was lost the second one is heard.
      const farthest = Math.max(...millis.map(one => Math.abs(one - middle)));
      t.ok(farthest < 45, `${who}: sound less picture: ${millis.join(', ')} ms`);
      const atTheEnd = offsets.filter(
        ({ flashSeconds }) => flashSeconds > (durationSeconds ?? 0) - goodEndSeconds + 0.5,
      );
      const known = who === 'aiortc' ? 0 : middle;
      const shift = Math.max(...atTheEnd.map(({ offsetMillis }) => Math.abs(offsetMillis - known)));
      t.ok(atTheEnd.length > 0 && shift <= 20, `${who}: at the end ${Math.round(shift)} ms off`);
    }
  },
);
