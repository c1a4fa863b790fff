/**
 * Many peers in one process of their own: a clip is published again and again by each publisher in step, and each
 * viewer watches the first of them. One argument, `PeersTask` in JSON. It prints a line when its first publisher is
 * connected, then all, then its viewers, waits for a line each time, and ends with the packets that viewers got.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Packetiser } from '../../src/rtp/packetiser.ts';
import { senderReport } from '../../src/rtp/rtcp-writer.ts';
import { rtpPacket } from '../../src/rtp/rtp-packet.ts';
import { mediaFrames } from '../../test/support/media-frames.ts';
import { SyntheticPeer } from '../../test/support/synthetic-peer.ts';
import { postOffer } from '../../test/support/whip-request.ts';
import { AnsweringPeer } from './answering-peer.ts';
import { answerOffer, askForOffer, type Room } from './room.ts';

/** What such a process does: publishes `clip`, a file, in each of the rooms, and watches the first. */
export type PeersTask = { readonly clip: string; readonly rooms: readonly Room[]; readonly viewers: number };

type Viewer = { readonly packetsReceived: number; close(): void };

const task = JSON.parse(process.argv[2] ?? '{}') as PeersTask;
const packetiser = new Packetiser();
const frames = mediaFrames(await readFile(task.clip))
  .sort((a, b) => a.timeMicros - b.timeMicros)
  .map(frame => ({ timeMicros: frame.timeMicros, packets: packetiser.packets(frame) }));
const lengthMicros = Math.ceil((frames.at(-1)?.timeMicros ?? 0) / 1e6) * 1e6;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const anywhere = '0.0.0.0';
// As every browser does: the sender wants to be told when each packet came.
const feedbackId = 3;
const feedbackUri = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

async function newPublisher({ publishUrl, token }: Room): Promise<SyntheticPeer> {
  const peer = new SyntheticPeer('publish', 'H264', anywhere);
  const offer = peer.offer
    .replaceAll(/^a=mid:\S+/gm, `$&\r\na=extmap:${feedbackId} ${feedbackUri}`)
    .replaceAll(/^a=rtpmap:(\d+) .*$/gm, '$&\r\na=rtcp-fb:$1 transport-cc');
  const { sdp } = await postOffer(publishUrl, offer, token);
  await peer.connect(sdp);
  return peer;
}

async function newViewer({ viewUrl, serverOffers }: Room): Promise<Viewer> {
  if (serverOffers) {
    const offer = await askForOffer(viewUrl);
    const viewer = new AnsweringPeer(offer.sdp);
    await answerOffer(offer, viewer.answer);
    await viewer.connected();
    return viewer;
  }
  const peer = new SyntheticPeer('view', 'H264', anywhere);
  await peer.connect((await postOffer(viewUrl, peer.offer)).sdp);
  return peer;
}

const publishers: SyntheticPeer[] = [];
/** The next transport-wide number of each publisher. */
const transportSequences = new Map<SyntheticPeer, number>();
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
    const transportSequence = transportSequences.get(peer) ?? 0;
    transportSequences.set(peer, (transportSequence + 1) & 0xffff);
    const value = Buffer.from([transportSequence >> 8, transportSequence & 0xff]);
    peer.send(kind, rtpPacket(fields, payload, [{ id: feedbackId, value }]));
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

const [firstRoom] = task.rooms;
if (firstRoom === undefined) throw new Error('no room to publish in');
const timer = setInterval(sendDue, 5);
publishers.push(await newPublisher(firstRoom));
console.log('one publishes');
await lines.next();
for (const room of task.rooms.slice(1)) publishers.push(await newPublisher(room));
console.log('all publish');
await lines.next();
const viewers: Viewer[] = [];
for (let count = 0; count < task.viewers; count += 1) viewers.push(await newViewer(firstRoom));
await delay(1_000);
console.log('watching');
await lines.next();
console.log(JSON.stringify(viewers.map(({ packetsReceived }) => packetsReceived)));
clearInterval(timer);
for (const peer of [...viewers, ...publishers]) peer.close();
process.exit(0);
