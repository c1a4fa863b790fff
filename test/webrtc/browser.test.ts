import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { restartedAnswer, restartFragment } from '../../src/client/ice-restart.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import { ChildWebRtcEngine } from '../../src/webrtc/child-webrtc-engine.ts';
import type { PeerAnswer } from '../../src/webrtc/webrtc-engine.ts';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { blankPage, connectionState, publishFrom, shownIn, viewIn } from '../support/webrtc-page.ts';

const runDir = await mkdtemp(join(tmpdir(), 'livereel-webrtc-'));
const settings = {
  host: '127.0.0.1',
  port: 0,
  announcedAddresses: [],
  maxPeers: 20,
  maxViewersPerStream: 20,
};
const engine = await ChildWebRtcEngine.start(settings, runDir, pino({ level: 'silent' }));
const browser = await launchChromium();
t.teardown(async () => {
  await browser.close();
  await engine.close();
  await rm(runDir, { recursive: true, force: true });
});

for (const codec of ['H264', 'VP8'] as const) {
  t.test(`Chromium publishes ${codec}: frames arrive whole, and another page shows them`, async t => {
    const published = await publisher(codec);
    const pictures = () => published.frames.filter(({ kind }) => kind === 'video');
    const keys = () => pictures().filter(({ isKey }) => isKey);
    await eventually(() => keys().length >= 4, { timeoutSeconds: 60 });
    t.equal(pictures()[0]?.isKey, true, 'nothing comes before the first key frame');
    t.equal(pictures()[0]?.codec, codec);
    for (const kind of ['video', 'audio'] as const) {
      const times = published.frames.filter(frame => frame.kind === kind).map(frame => frame.timeMicros);
      t.ok(times.length > 30, `${times.length} frames of ${kind}`);
      t.ok(times.every((time, index) => index === 0 || time > (times[index - 1] as number)));
    }
    // Chromium makes key frames when it is asked, or when it changes the size; never less often than asked.
    const gaps = keys().map((frame, index, all) => frame.timeMicros - (all[index - 1] ?? frame).timeMicros);
    t.ok(Math.max(...gaps) < 3_500_000, `key frames ${gaps.map(gap => Math.round(gap / 1_000))} ms apart`);

    const viewer = await blankPage(browser);
    let reason: string | null = null;
    await viewIn(viewer, async offer => {
      const { sdp } = await engine.view(codec, offer, null, told => {
        reason = told;
      });
      return sdp;
    });
    await eventually(async () => (await shownIn(viewer)).framesDecoded > 40);
    const shown = await shownIn(viewer);
    t.equal(shown.packetsLost, 0);
    t.ok(shown.width > 0 && shown.soundPackets > 0, JSON.stringify(shown));
    t.same(viewer.errors, []);
    await viewer.evaluate('window.peer.close()');
    await eventually(() => reason !== null);
    await published.page.evaluate('window.peer.close()');
    await eventually(() => published.reason !== null);
  });
}

t.test('ICE restarts, and the recording goes on on the same clock', async t => {
  const published = await publisher('H264');
  await eventually(() => published.frames.length > 20);
  const { page, answer } = published;
  const offer = await page.evaluate<string>(`(async () => {
    await window.peer.setLocalDescription(await window.peer.createOffer({ iceRestart: true }));
    return window.peer.localDescription.sdp;
  })()`);
  const { peerId, sdp, etag } = answer as PeerAnswer;
  const fragment = restartFragment(offer);
  await t.rejects(engine.trickle(peerId, fragment, null), { code: 'precondition-required' });
  await t.rejects(engine.trickle(peerId, fragment, '"other"'), { code: 'precondition-failed' });
  const bare = fragment.replace(/a=fingerprint.*\r\n/, '');
  await t.rejects(engine.trickle(peerId, bare, '*'), { code: 'ice-restart-refused' });
  const told = await engine.trickle(peerId, fragment, '*');
  t.not(told?.etag, etag);
  const before = published.frames.length;
  const again = JSON.stringify(restartedAnswer(sdp, told?.sdp ?? ''));
  await page.evaluate(`window.peer.setRemoteDescription({ type: 'answer', sdp: ${again} })`);
  await eventually(() => published.frames.length > before + 60);
  t.equal(await connectionState(page), 'connected');
  t.equal(published.reason, null);
  const times = published.frames.filter(({ kind }) => kind === 'video').map(frame => frame.timeMicros);
  t.ok(times.every((time, index) => index === 0 || time > (times[index - 1] as number)));
  t.equal(await engine.trickle(peerId, 'a=end-of-candidates\r\n', told?.etag ?? ''), null);
});

/** A page that publishes its fake camera under the codec's name. */
async function publisher(codec: 'H264' | 'VP8') {
  const page = await blankPage(browser);
  const published = {
    page,
    frames: [] as MediaFrame[],
    reason: null as string | null,
    answer: null as PeerAnswer | null,
  };
  await publishFrom(page, { codec }, async offer => {
    published.answer = await engine.publish(codec, offer, {
      frame: frame => published.frames.push(frame),
      connected: () => undefined,
      gone: reason => {
        published.reason = reason;
      },
    });
    return published.answer.sdp;
  });
  return published;
}
