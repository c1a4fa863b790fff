/**
 * Many peers in one process of their own: a clip is published again and again by each publisher in step, and each
 * viewer watches the first of them. Arguments: the clip, how many viewers are added in the middle, and the WHIP
 * addresses with their tokens. It prints a line when its publishers, and then its viewers, are connected, waits for a
 * line each time, and ends with the packets that viewers got.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Packetiser } from '../../src/rtp/packetiser.ts';
import { senderReport } from '../../src/rtp/rtcp-writer.ts';
import { rtpPacket } from '../../src/rtp/rtp-packet.ts';
import { mediaFrames } from '../../test/support/media-frames.ts';
import { SyntheticPeer } from '../../test/support/synthetic-peer.ts';
import { postOffer, whepUrlOf } from '../../test/support/whip-request.ts';

const [clip = '', viewerCount = '0', ...addresses] = process.argv.slice(2);
const packetiser = new Packetiser();
const frames = mediaFrames(await readFile(clip))
  .sort((a, b) => a.timeMicros - b.timeMicros)
  .map(frame => ({ timeMicros: frame.timeMicros, packets: packetiser.packets(frame) }));
const lengthMicros = Math.ceil((frames.at(-1)?.timeMicros ?? 0) / 1e6) * 1e6;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function connected(peer: SyntheticPeer, url: string, token?: string): Promise<SyntheticPeer> {
  const { sdp } = await postOffer(url, peer.offer, token);
  await peer.connect(sdp);
  return peer;
}

const publishers: SyntheticPeer[] = [];
for (let index = 0; index < addresses.length; index += 2) {
  const [url = '', token = ''] = addresses.slice(index, index + 2);
  publishers.push(await connected(new SyntheticPeer('publish'), url, token));
}

const sequences = { video: 0, audio: 0 };
const begun = performance.now();
// In the publishers' time, sound and pictures are of one clock: each report says so.
const ntpMicros = Date.now() * 1_000;
let index = 0;
let reportedMicros = Number.NEGATIVE_INFINITY;

function sendDue(): void {
  const nowMicros = (performance.now() - begun) * 1_000;
  for (;;) {
    const frame = frames[index % frames.length];
    const baseMicros = Math.floor(index / frames.length) * lengthMicros;
    if (frame === undefined || frame.timeMicros + baseMicros > nowMicros) break;
    index += 1;
    for (const packet of frame.packets) sendPacket(packet, baseMicros);
  }
  if (nowMicros - reportedMicros > 1e6) report(nowMicros);
}

function sendPacket(packet: ReturnType<Packetiser['packets']>[number], baseMicros: number): void {
  const { kind, isMarked, ticks, payload } = packet;
  const isVideo = kind === 'video';
  const timestamp = (ticks + (baseMicros * (isVideo ? 90_000 : 48_000)) / 1e6) >>> 0;
  sequences[kind] = (sequences[kind] + 1) & 0xffff;
  for (const peer of publishers) {
    const ssrc = isVideo ? peer.videoSsrc : peer.audioSsrc;
    const payloadType = isVideo ? 96 : 111;
    const fields = { isMarked, payloadType, sequence: sequences[kind], timestamp, ssrc };
    peer.send(kind, Buffer.from(rtpPacket(fields, payload)));
  }
}

function report(nowMicros: number): void {
  reportedMicros = nowMicros;
  for (const peer of publishers) {
    for (const [kind, ssrc, hertz] of [
      ['video', peer.videoSsrc, 90_000],
      ['audio', peer.audioSsrc, 48_000],
    ] as const) {
      const rtpTimestamp = Math.round((nowMicros * hertz) / 1e6) >>> 0;
      const counts = { packetCount: sequences[kind], octetCount: 0 };
      peer.send(kind, senderReport({ ssrc, ntpMicros: ntpMicros + nowMicros, rtpTimestamp, ...counts }));
    }
  }
}

const timer = setInterval(sendDue, 5);
console.log('publishing');
await lines.next();
const viewers: SyntheticPeer[] = [];
for (let count = 0; count < Number(viewerCount); count += 1) {
  viewers.push(await connected(new SyntheticPeer('view'), whepUrlOf(addresses[0] ?? '')));
}
await delay(1_000);
console.log('watching');
await lines.next();
console.log(JSON.stringify(viewers.map(({ packetsReceived }) => packetsReceived)));
clearInterval(timer);
for (const peer of [...viewers, ...publishers]) peer.close();
process.exit(0);
