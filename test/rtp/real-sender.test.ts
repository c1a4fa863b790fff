import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { avcConfigurationBox, parameterSetsIn, withLengths } from '../../src/media/avc.ts';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import { IncomingMedia } from '../../src/rtp/incoming-media.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import type { NegotiatedMedia } from '../../src/rtp/negotiated-media.ts';
import { isRtcp } from '../../src/rtp/rtcp-packet.ts';
import { readRtpPacket } from '../../src/rtp/rtp-packet.ts';
import { avOffset } from '../support/av-offset.ts';
import { makeClip } from '../support/clips.ts';
import { runFfmpeg } from '../support/run-program.ts';

// Both senders send at once, at their own pace.
t.jobs = 2;

const none = { mid: null, streamId: null, repairedStreamId: null, transportSequence: null };
const plain = { rtxPayloadType: null, extensions: none, streamIds: [], sources: [] };

function mediaOf(codec: 'H264' | 'VP8'): NegotiatedMedia[] {
  return [
    { kind: 'video', mid: '0', codec, clockHertz: 90_000, payloadType: 96, ...plain },
    { kind: 'audio', mid: '1', codec: 'opus', clockHertz: 48_000, payloadType: 111, ...plain },
  ];
}

/** What arrived, and when by this machine's clock. */
type Datagram = { readonly bytes: Buffer; readonly atMillis: number };

/** What ffmpeg sends of a clip at its pace, sound and pictures on one port. */
async function sentByFfmpeg(file: string, codec: 'H264' | 'VP8'): Promise<Datagram[]> {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 * 1_024 * 1_024);
  const datagrams: Datagram[] = [];
  socket.on('message', bytes => datagrams.push({ bytes, atMillis: performance.now() }));
  const { port } = socket.address();
  const address = `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1200`;
  const inBand = codec === 'H264' ? ['-bsf:v', 'h264_mp4toannexb'] : [];
  try {
    await runFfmpeg([
      ...['-loglevel', 'error', '-re', '-i', file],
      ...['-map', '0:v', '-c', 'copy', ...inBand, '-payload_type', '96', '-f', 'rtp', address],
      ...['-map', '0:a', '-c', 'copy', '-payload_type', '111', '-f', 'rtp', address],
    ]);
  } finally {
    socket.close();
  }
  return datagrams;
}

/** The frames that are made of datagrams when those of sound come so much later than they did. */
function receive(
  datagrams: readonly Datagram[],
  codec: 'H264' | 'VP8',
  soundDelayMillis: number,
): MediaFrame[] {
  const frames: MediaFrame[] = [];
  const incoming = new IncomingMedia(mediaOf(codec), {
    packet: () => {},
    early: () => {},
    frame: ({ parts, sizeBytes: _, ...frame }) => frames.push({ ...frame, bytes: Buffer.concat(parts) }),
    send: () => {},
  });
  const soundSsrc = datagrams
    .map(({ bytes }) => (isRtcp(bytes) ? null : readRtpPacket(bytes)))
    .find(packet => packet?.payloadType === 111)?.ssrc;
  const isOfSound = (bytes: Buffer) => bytes.readUInt32BE(isRtcp(bytes) ? 4 : 8) === soundSsrc;
  const delayed = datagrams.map(({ bytes, atMillis }) => ({
    bytes,
    atMillis: atMillis + (isOfSound(bytes) ? soundDelayMillis : 0),
  }));
  for (const { bytes, atMillis } of delayed.sort((one, other) => one.atMillis - other.atMillis)) {
    incoming.receive(bytes, atMillis);
    incoming.tick(atMillis);
  }
  return frames;
}

/** The frames as a Matroska file, as the journal would hold them. */
function matroska(
  frames: readonly MediaFrame[],
  codec: 'H264' | 'VP8',
  width: number,
  height: number,
): Buffer {
  const isH264 = codec === 'H264';
  const bytesOf = ({ kind, bytes }: MediaFrame) =>
    kind === 'video' && isH264 ? withLengths(Buffer.from(bytes)) : Buffer.from(bytes);
  const first = frames.find(({ kind }) => kind === 'video') as MediaFrame;
  const sets = isH264 ? parameterSetsIn(bytesOf(first)) : null;
  const writer = new MatroskaWriter(1_000_000);
  const startMicros = Math.min(...frames.map(({ timeMicros }) => timeMicros));
  const opusHead = Buffer.from('4f707573486561640102000080bb0000000000', 'hex');
  return Buffer.concat([
    writer.header([
      {
        number: 1,
        kind: 'video',
        codecId: isH264 ? 'V_MPEG4/ISO/AVC' : 'V_VP8',
        width,
        height,
        ...(sets === null ? {} : { codecPrivate: avcConfigurationBox(sets).subarray(8) }),
      },
      { number: 2, kind: 'audio', codecId: 'A_OPUS', codecPrivate: opusHead },
    ]),
    ...frames.flatMap(frame => {
      const bytes = bytesOf(frame);
      const millis = Math.round((frame.timeMicros - startMicros) / 1_000);
      return [writer.frameHead(frame.kind === 'video' ? 1 : 2, millis, frame.isKey, bytes.length), bytes];
    }),
  ]);
}

/** The sum of each decoded picture. */
async function pictureSums(file: string): Promise<string[]> {
  const args = ['-loglevel', 'error', '-xerror', '-i', file, '-map', '0:v', '-fps_mode', 'passthrough'];
  const { stdout } = await runFfmpeg([...args, '-f', 'framemd5', '-']);
  const lines = stdout.toString().split('\n');
  return lines
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(',').at(-1) as string);
}

const folder = await mkdtemp(join(tmpdir(), 'livereel-rtp-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));

for (const codec of ['H264', 'VP8'] as const) {
  t.test(`${codec} as ffmpeg sends it: every picture is the same, and sound is in step`, async t => {
    const clip = await makeClip({ kind: codec === 'H264' ? 'webm-h264' : 'webm-vp8', durationSeconds: 8 });
    const datagrams = await sentByFfmpeg(clip.file, codec);
    // 180 ms: what arrival alone would be wrong by.
    const frames = receive(datagrams, codec, 180);
    const file = join(folder, `${codec}.mkv`);
    await writeFile(file, matroska(frames, codec, 640, 360));
    const [sums, expected] = [await pictureSums(file), await pictureSums(clip.file)];
    t.equal(expected.length, clip.frameCount);
    t.same(sums, expected);
    const offsets = await avOffset(file);
    // ffmpeg reports before its first packet: a moment after the beginning, everything is in its place.
    const settled = offsets.filter(({ flashSeconds }) => flashSeconds > 0.9);
    t.ok(settled.length >= 6, `${settled.length} flashes`);
    const worst = Math.max(...settled.map(({ offsetMillis }) => Math.abs(offsetMillis)));
    t.ok(worst <= 20, `sound is off by ${settled.map(({ offsetMillis }) => Math.round(offsetMillis))} ms`);
  });
}
