import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ChildWebRtcEngine } from '../../src/webrtc/child-webrtc-engine.ts';
import { eventually } from '../support/eventually.ts';
import { SyntheticPeer } from '../support/synthetic-peer.ts';
import { SyntheticMedia } from '../support/synthetic-rtp.ts';

const packets = 4_000;
const runDir = await mkdtemp(join(tmpdir(), 'livereel-webrtc-'));
const engine = await ChildWebRtcEngine.start(
  { host: '127.0.0.1', port: 0, announcedAddresses: [], maxPeers: 9, maxViewersPerStream: 9 },
  runDir,
  pino({ level: 'silent' }),
);
t.teardown(async () => {
  await engine.close();
  await rm(runDir, { recursive: true, force: true });
});

/** A publisher who means well; its frames are counted. */
async function honest() {
  const client = new SyntheticPeer('publish', 'VP8');
  const media = new SyntheticMedia(client.videoSsrc, client.audioSsrc);
  const heard = { frames: 0, reason: null as string | null };
  const { sdp } = await engine.publish('honest', client.offer, {
    frame: () => {
      heard.frames += 1;
    },
    connected: () => undefined,
    gone: reason => {
      heard.reason = reason;
    },
  });
  await client.connect(sdp);
  const timer = setInterval(() => {
    for (const packet of media.picture(true)) client.send('video', packet);
    client.send('audio', media.sound());
  }, 20);
  t.teardown(() => {
    clearInterval(timer);
    client.close();
  });
  return heard;
}

const heard = await honest();
const pid = engine.pid;

/** The engine is the same process, and others' media flows. */
async function nobodyIsHarmed(test: Test): Promise<void> {
  const before = heard.frames;
  await eventually(() => heard.frames > before + 20);
  test.equal(engine.pid, pid, 'the engine is the same process');
  test.equal(heard.reason, null);
}

t.test('datagrams of strangers are thrown away', async t => {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  for (let count = 0; count < packets; count += 1) {
    const bytes = randomBytes(randomInt(8, 1_400));
    // A third looks like STUN, a third like DTLS or RTP.
    if (count % 3 === 0) {
      bytes.writeUInt16BE(1, 0);
      if (bytes.length >= 20) bytes.writeUInt16BE(bytes.length - 20, 2);
      bytes.writeUInt32BE(0x2112a442, 4);
    } else if (count % 3 === 1) bytes[0] = count % 2 === 0 ? 22 : 0x80;
    socket.send(bytes, engine.udpPort, '127.0.0.1');
    if (count % 100 === 0) await delay(1);
  }
  await nobodyIsHarmed(t);
});

t.test('a publisher and a viewer who send anything at all are borne', async t => {
  const publisher = new SyntheticPeer('publish', 'VP8');
  const viewer = new SyntheticPeer('view', 'VP8');
  t.teardown(() => {
    publisher.close();
    viewer.close();
  });
  const ignored = { frame: () => undefined, connected: () => undefined, gone: () => undefined };
  const published = await engine.publish('hostile', publisher.offer, ignored);
  await publisher.connect(published.sdp);
  const viewed = await engine.view('honest', viewer.offer, null, () => undefined);
  await viewer.connect(viewed.sdp);
  const media = new SyntheticMedia(publisher.videoSsrc, publisher.audioSsrc);
  let sent = 0;
  for (let count = 0; count < packets; count += 1) {
    // Real packets with a few bytes changed, and RTCP of every kind with anything in it.
    const mutated = media.picture(count % 50 === 0, 600)[0] as Buffer;
    for (let changes = randomInt(0, 6); changes > 0; changes -= 1) mutated[randomInt(1, 60)] = randomInt(256);
    if (publisher.send('video', mutated)) sent += 1;
    const report = randomBytes(4 * randomInt(2, 40));
    report[0] = 0x80 | randomInt(32);
    report[1] = randomInt(200, 208);
    report.writeUInt16BE(count % 2 === 0 ? report.length / 4 - 1 : randomInt(65_536), 2);
    publisher.send('video', report);
    viewer.send('video', report);
    if (count % 50 === 0) await delay(1);
  }
  // What does not fit into the socket's buffer is not sent.
  t.ok(sent > packets / 10, `${sent} packets were sent`);
  await nobodyIsHarmed(t);
  const { memoryBytes } = await engine.statistics();
  t.ok(memoryBytes < 300 * 1024 * 1024, `${Math.round(memoryBytes / 1024 / 1024)} MiB`);
});
