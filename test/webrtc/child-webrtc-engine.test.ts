import { createSocket } from 'node:dgram';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import { ChildWebRtcEngine } from '../../src/webrtc/child-webrtc-engine.ts';
import { openWebRtcEngine } from '../../src/webrtc/open-webrtc-engine.ts';
import type { FeedableStream, PublishedMedia, StreamFeed } from '../../src/webrtc/webrtc-engine.ts';
import { eventually } from '../support/eventually.ts';
import { SyntheticPeer } from '../support/synthetic-peer.ts';
import { SyntheticMedia } from '../support/synthetic-rtp.ts';

const log = pino({ level: 'silent' });
const settings = {
  host: '127.0.0.1',
  port: 0,
  announcedAddresses: [],
  maxPeers: 6,
  maxViewersPerStream: 2,
};
// An engine a test, with a folder of its own: four at once.
t.jobs = 4;

async function makeRunDir(test: Test): Promise<string> {
  const runDir = await mkdtemp(join(tmpdir(), 'livereel-webrtc-'));
  test.teardown(() => rm(runDir, { recursive: true, force: true }));
  return runDir;
}

/** Collects what is told of a publisher. */
class Heard implements PublishedMedia {
  readonly frames: MediaFrame[] = [];
  isConnected = false;
  reason: string | null = null;

  frame(frame: MediaFrame): void {
    this.frames.push(frame);
  }

  connected(): void {
    this.isConnected = true;
  }

  gone(reason: string): void {
    this.reason = reason;
  }
}

async function startEngine(test: Test, more: Partial<typeof settings> = {}, runDir = makeRunDir(test)) {
  const engine = await ChildWebRtcEngine.start({ ...settings, ...more }, await runDir, log);
  test.teardown(() => engine.close());
  return engine;
}

/** A client that publishes pictures and sound, until the test is over. */
async function publishing(test: Test, engine: ChildWebRtcEngine, streamId: string) {
  const client = new SyntheticPeer('publish', 'VP8');
  test.teardown(() => client.close());
  const heard = new Heard();
  const { sdp, peerId } = await engine.publish(streamId, client.offer, heard);
  await client.connect(sdp);
  const media = new SyntheticMedia(client.videoSsrc, client.audioSsrc);
  const timer = setInterval(() => {
    if (!client.isConnected) return;
    for (const packet of media.picture(true)) client.send('video', packet);
    client.send('audio', media.sound());
  }, 20);
  test.teardown(() => clearInterval(timer));
  return { client, heard, peerId };
}

async function viewing(
  test: Test,
  engine: ChildWebRtcEngine,
  streamId: string,
  stream: FeedableStream | null = null,
) {
  const client = new SyntheticPeer('view', 'VP8');
  const viewer = { client, peerId: '', reason: null as string | null };
  test.teardown(() => client.close());
  const { sdp, peerId } = await engine.view(streamId, client.offer, stream, reason => {
    viewer.reason = reason;
  });
  viewer.peerId = peerId;
  await client.connect(sdp);
  return viewer;
}

t.test('what a publisher sends arrives as frames, sound and pictures on one clock', async t => {
  const engine = await startEngine(t);
  const { heard } = await publishing(t, engine, 'whole');
  await eventually(() => heard.frames.length > 60);
  t.ok(heard.isConnected);
  for (const kind of ['video', 'audio'] as const) {
    const frames = heard.frames.filter(frame => frame.kind === kind);
    t.ok(frames.length > 20, `${frames.length} frames of ${kind}`);
    t.ok(
      frames.every(
        ({ timeMicros }, index) => index === 0 || timeMicros > (frames[index - 1]?.timeMicros ?? 0),
      ),
    );
  }
  t.match(
    heard.frames.find(({ kind }) => kind === 'video'),
    { codec: 'VP8', isKey: true },
  );
  t.match(
    heard.frames.find(({ kind }) => kind === 'audio'),
    { codec: 'opus', isKey: true },
  );
  const statistics = await engine.statistics();
  t.match(statistics, { publishers: 1, viewers: 0, packetsLost: 0, framesDropped: 0 });
  t.ok(statistics.packetsReceived >= 60);
});

t.test('viewers get what a publisher sends, are counted, and told when it hangs up', async t => {
  const engine = await startEngine(t);
  const counts: number[] = [];
  engine.onViewers((streamId, count) => streamId === 'watched' && counts.push(count));
  const { peerId, heard } = await publishing(t, engine, 'watched');
  const first = await viewing(t, engine, 'watched');
  const second = await viewing(t, engine, 'watched');
  await eventually(() => first.client.packetsReceived > 50 && second.client.packetsReceived > 50);
  t.same(counts, [1, 2]);
  await t.rejects(viewing(t, engine, 'watched'), { code: 'server-full' }, 'two are the limit');
  second.client.close();
  await eventually(() => counts.at(-1) === 1);
  t.match(second.reason, /hung up|silent for 10 s/);
  t.equal(first.reason, null, 'one that reports is there');
  await engine.hangUp(peerId);
  await eventually(() => first.reason !== null);
  t.match(heard.reason, /hung up/);
  t.match(first.reason, /ended/);
  t.equal(counts.at(-1), 0);
  await t.rejects(viewing(t, engine, 'watched'), { code: 'not-live' });
});

t.test('a newer publisher takes over, and viewers stay', async t => {
  const engine = await startEngine(t);
  const old = await publishing(t, engine, 'moved');
  const viewer = await viewing(t, engine, 'moved');
  await eventually(() => viewer.client.packetsReceived > 10);
  const next = await publishing(t, engine, 'moved');
  await eventually(() => next.heard.frames.length > 10);
  t.match(old.heard.reason, /took over/);
  const before = viewer.client.packetsReceived;
  await eventually(() => viewer.client.packetsReceived > before + 20);
  t.equal(viewer.reason, null);
});

t.test('there is room for so many peers, and again when one leaves', async t => {
  const engine = await startEngine(t, { maxPeers: 1 });
  const first = await publishing(t, engine, 'one');
  const second = new SyntheticPeer('publish');
  t.teardown(() => second.close());
  await t.rejects(engine.publish('two', second.offer, new Heard()), { code: 'server-full' });
  await publishing(t, engine, 'one');
  t.match(first.heard.reason, /took over/, 'who takes over needs no more room');
  await t.rejects(engine.publish('two', 'no offer', new Heard()), { code: 'malformed-sdp' });
});

t.test('a killed engine costs its peers their connections, and is back with the same port', async t => {
  const engine = await startEngine(t);
  const port = engine.udpPort;
  const { heard } = await publishing(t, engine, 'killed');
  const viewer = await viewing(t, engine, 'killed');
  await eventually(() => heard.frames.length > 0);
  const pid = engine.pid as number;
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  await eventually(() => heard.reason !== null && viewer.reason !== null);
  const frames = heard.frames.length;
  // From the sources, on a busy machine, the start takes longer than a request waits.
  const again = await eventually(() => publishing(t, engine, 'killed'));
  t.comment(`publishing again after ${Math.round(performance.now() - killedAt)} ms`);
  await eventually(() => again.heard.frames.length > 10);
  t.not(engine.pid, pid);
  t.equal(engine.udpPort, port);
  t.match([heard.reason, viewer.reason], [/restarted/, /restarted/]);
  t.equal(heard.frames.length, frames, 'nothing comes after the end');
  t.match(await engine.statistics(), { publishers: 1, viewers: 0 });
});

t.test('a stream of another door is fed from its first viewer to its last', async t => {
  const engine = await startEngine(t);
  let feed: StreamFeed | null = null;
  let stops = 0;
  const stream: FeedableStream = {
    codecs: ['VP8', 'opus'],
    feed(given) {
      feed = given;
      return { close: () => (stops += 1) };
    },
  };
  const frameAt = (timeMicros: number): MediaFrame => ({
    kind: 'video',
    codec: 'VP8',
    timeMicros,
    isKey: true,
    bytes: new SyntheticMedia(1, 2).picture(true)[0]?.subarray(13) as Buffer,
  });
  const viewer = await viewing(t, engine, 'fed', stream);
  await eventually(() => feed !== null);
  let timeMicros = 0;
  const timer = setInterval(() => {
    timeMicros += 33_000;
    feed?.frame(frameAt(timeMicros));
  }, 20);
  t.teardown(() => clearInterval(timer));
  await eventually(() => viewer.client.packetsReceived > 20);
  const other = await viewing(t, engine, 'fed', stream);
  await eventually(() => other.client.packetsReceived > 20);
  await engine.hangUp(viewer.peerId);
  t.equal(stops, 0);
  await engine.hangUp(other.peerId);
  await eventually(() => stops === 1);
  feed = null;
  const late = await viewing(t, engine, 'fed', stream);
  await eventually(() => feed !== null);
  (feed as StreamFeed | null)?.close();
  await eventually(() => late.reason !== null);
  t.match(late.reason, /ended/);
});

t.test('without the UDP port there is no WebRTC, and the reason names port and remedy', async t => {
  const socket = createSocket('udp4');
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  const { port } = socket.address();
  const engine = await openWebRtcEngine({ ...settings, port, runDir: await makeRunDir(t), log });
  t.teardown(() => engine.close());
  t.match(engine.unavailable, new RegExp(`UDP port ${port} of 127.0.0.1 is taken.*WEBRTC_PORT`));
  t.equal(engine.udpPort, null);
  await t.rejects(engine.publish('none', 'v=0', new Heard()), { code: 'webrtc-unavailable' });
});

t.test('nothing is left running once the engine is closed', async t => {
  const runDir = await makeRunDir(t);
  const engine = await startEngine(t, {}, Promise.resolve(runDir));
  const { heard } = await publishing(t, engine, 'closed');
  const pid = engine.pid as number;
  await engine.close();
  t.match(heard.reason, /stopping/);
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  t.same(await readdir(runDir), []);
  await t.rejects(engine.publish('late', 'v=0', new Heard()), { code: 'webrtc-restarting' });
});
