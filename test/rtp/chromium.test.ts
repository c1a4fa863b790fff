import t from 'tap';
import { NewestPictures } from '../../src/rtp/newest-pictures.ts';
import { Packetiser } from '../../src/rtp/packetiser.ts';
import { isRtcp } from '../../src/rtp/rtcp-packet.ts';
import { readRtpPacket } from '../../src/rtp/rtp-packet.ts';
import { BrowserPeer, closePeers, emptyPage } from '../support/browser-peer.ts';
import { launchChromium } from '../support/chromium.ts';
import { accessUnits, ivfFrames } from '../support/elementary-frames.ts';
import { eventually } from '../support/eventually.ts';
import { PagePeer } from '../support/page-peer.ts';
import { runProgram } from '../support/run-program.ts';

const site = await emptyPage();
const chromium = await launchChromium();
t.teardown(async () => {
  await chromium.close();
  site.close();
  await closePeers();
});

for (const [what, codec, rids] of [
  ['H.264', 'H264', []],
  ['VP8', 'VP8', []],
  ['H.264 in three layers', 'H264', ['l', 'm', 'h']],
] as const) {
  t.test(`Chromium publishes ${what}: it takes the answer, and everything comes`, async t => {
    const page = await chromium.page();
    await page.goto(site.url);
    const browser = new PagePeer(page);
    const peer = new BrowserPeer(await browser.offerToPublish(codec, rids), 'publish');
    t.teardown(() => peer.close());
    const video = peer.offer.media.find(({ kind }) => kind === 'video');
    t.equal(video?.codec, codec);
    t.same(video?.streamIds, rids);
    await browser.takeAnswer(await peer.answer());
    await browser.connected();
    for (const { payloadType } of peer.offer.media) {
      await eventually(() =>
        peer.received.some(bytes => !isRtcp(bytes) && readRtpPacket(bytes)?.payloadType === payloadType),
      );
    }
    t.same(page.errors, []);
    await page.close();
  });
}

for (const codec of ['H264', 'VP8'] as const) {
  t.test(`Chromium shows ${codec} that it joins late, without what the network loses`, async t => {
    const stream = await LoopedStream.of(codec);
    t.teardown(() => stream.close());
    const page = await chromium.page();
    await page.goto(site.url);
    const browser = new PagePeer(page);
    const peer = new BrowserPeer(await browser.offerToView(), 'view', [codec, 'opus']);
    t.teardown(() => peer.close());
    await browser.takeAnswer(await peer.answer());
    await browser.connected();
    await eventually(() => peer.isOpen && stream.newest.packets.length > 30);
    peer.outgoing.catchUp(stream.newest.packets, performance.now());
    stream.peer = peer;
    peer.lossFraction = 0.05;
    await eventually(async () => (await browser.inbound('video')).framesDecoded > 90);
    const video = await browser.inbound('video');
    t.equal(video.frameWidth, 640);
    t.ok(video.nackCount > 0, `${video.nackCount} packets asked for again`);
    t.ok(peer.outgoing.statistics.repaired > 0);
    await eventually(() => (peer.outgoing.statistics.roundTripMillis ?? -1) >= 0);
    // Both are known from sender reports only.
    const sound = await eventually(async () => {
      const [one, other] = [await browser.inbound('audio'), await browser.inbound('video')];
      return one.estimatedPlayoutTimestamp && other.estimatedPlayoutTimestamp
        ? Math.abs(one.estimatedPlayoutTimestamp - other.estimatedPlayoutTimestamp)
        : null;
    });
    t.ok(sound < 500, `sound and pictures are ${Math.round(sound)} ms apart`);
    t.comment(JSON.stringify({ ...video, ...peer.outgoing.statistics, apartMillis: sound }));
    t.same(page.errors, []);
    await page.close();
  });
}

t.test('Chromium watches a stream without sound, although it offers to hear', async t => {
  const stream = await LoopedStream.of('VP8');
  t.teardown(() => stream.close());
  const page = await chromium.page();
  await page.goto(site.url);
  const browser = new PagePeer(page);
  const peer = new BrowserPeer(await browser.offerToView(), 'view', ['VP8']);
  t.teardown(() => peer.close());
  await browser.takeAnswer(await peer.answer());
  await browser.connected();
  stream.peer = peer;
  await eventually(async () => (await browser.inbound('video')).framesDecoded > 5);
  t.same(page.errors, []);
  await page.close();
});

/** Two seconds of pictures and silence, again and again at their pace: a stream of another door. */
class LoopedStream {
  readonly newest = new NewestPictures();
  peer: BrowserPeer | undefined;
  readonly #packetiser = new Packetiser();
  readonly #frames: readonly Buffer[];
  readonly #codec: 'H264' | 'VP8';
  readonly #timer: NodeJS.Timeout;
  readonly #startMillis = performance.now();
  #pictures = 0;
  #sounds = 0;

  static async of(codec: 'H264' | 'VP8'): Promise<LoopedStream> {
    const source = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30:duration=2', '-pix_fmt', 'yuv420p'];
    const coding =
      codec === 'H264'
        ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline']
        : ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '1M'];
    const format = codec === 'H264' ? ['-x264-params', 'aud=1', '-f', 'h264'] : ['-f', 'ivf'];
    const { stdout } = await runProgram('ffmpeg', [
      ...['-v', 'error', ...source, ...coding, '-g', '60', ...format, 'pipe:1'],
    ]);
    return new LoopedStream(codec, codec === 'H264' ? accessUnits(stdout) : ivfFrames(stdout));
  }

  private constructor(codec: 'H264' | 'VP8', frames: readonly Buffer[]) {
    this.#codec = codec;
    this.#frames = frames;
    this.#timer = setInterval(() => this.#feed(), 10);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #feed(): void {
    const nowMillis = performance.now();
    const passedMillis = nowMillis - this.#startMillis;
    for (; (this.#pictures * 1_000) / 30 <= passedMillis; this.#pictures += 1) {
      const index = this.#pictures % this.#frames.length;
      const timeMicros = Math.round((this.#pictures * 1e6) / 30);
      const bytes = this.#frames[index] as Buffer;
      this.#send({ kind: 'video', codec: this.#codec, timeMicros, isKey: index === 0, bytes }, nowMillis);
    }
    for (; this.#sounds * 20 <= passedMillis; this.#sounds += 1) {
      // 20 ms of silence.
      const bytes = Buffer.from([0xf8, 0xff, 0xfe]);
      const timeMicros = this.#sounds * 20_000;
      this.#send({ kind: 'audio', codec: 'opus', timeMicros, isKey: true, bytes }, nowMillis);
    }
  }

  #send(frame: Parameters<Packetiser['packets']>[0], nowMillis: number): void {
    for (const packet of this.#packetiser.packets(frame)) {
      this.newest.packet(packet);
      this.peer?.outgoing.packet(packet, nowMillis);
    }
  }
}
