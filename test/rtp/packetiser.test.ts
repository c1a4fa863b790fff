import fc from 'fast-check';
import t from 'tap';
import type { Picture } from '../../src/rtp/depacketiser.ts';
import { H264Depacketiser } from '../../src/rtp/h264-depacketiser.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import type { MediaPacket } from '../../src/rtp/media-packet.ts';
import { Packetiser } from '../../src/rtp/packetiser.ts';
import { Vp8Depacketiser } from '../../src/rtp/vp8-depacketiser.ts';
import { accessUnits, ivfFrames } from '../support/elementary-frames.ts';
import { runProgram } from '../support/run-program.ts';

const mostPayloadBytes = 1_200;

t.test('real H.264 goes through packets and comes out as it was, decodable', async t => {
  const encoded = await encode(['-c:v', 'libx264', '-g', '10', '-x264-params', 'aud=1', '-f', 'h264']);
  const frames = accessUnits(encoded).map((bytes, index) =>
    videoFrame('H264', bytes, index, isKeyPicture(bytes)),
  );
  t.equal(frames.length, 30);
  const { packets, pictures } = throughPackets(frames, complete => new H264Depacketiser(complete));
  t.ok(packets.some(({ payload }) => ((payload[0] as number) & 0x1f) === 24) && packets.some(isFragment));
  t.same(
    pictures.map(({ isKey }) => isKey),
    frames.map(({ isKey }) => isKey),
  );
  const out = Buffer.concat(pictures.flatMap(({ parts }) => parts));
  t.equal(await decodedFrames(out, 'h264'), await decodedFrames(encoded, 'h264'), 'the same pictures');
});

t.test('real VP8 goes through packets and comes out as it was', async t => {
  const encoded = await encode(['-c:v', 'libvpx', '-b:v', '2M', '-g', '10', '-f', 'ivf']);
  // The lowest bit of a frame is 0 in key frames (RFC 6386, section 9.1).
  const frames = ivfFrames(encoded).map((bytes, index) =>
    videoFrame('VP8', bytes, index, ((bytes[0] as number) & 1) === 0),
  );
  t.equal(frames.length, 30);
  const { pictures } = throughPackets(frames, complete => new Vp8Depacketiser(complete));
  t.equal(pictures.length, 30);
  for (const [index, { parts, isKey }] of pictures.entries()) {
    t.same(Buffer.concat(parts), frames[index]?.bytes);
    t.equal(isKey, frames[index]?.isKey);
  }
});

t.test('a packet of Opus is a payload as it is, and shares its memory', async t => {
  const bytes = Buffer.from([0xfc, 1, 2, 3]);
  t.same(new Packetiser().packets({ kind: 'audio', codec: 'opus', timeMicros: 20_000, isKey: true, bytes }), [
    {
      kind: 'audio',
      number: 0,
      ticks: 960,
      timeMicros: 20_000,
      isMarked: false,
      beginsKeyFrame: false,
      isAfterLoss: false,
      layer: 0,
      payload: bytes,
    },
  ]);
});

t.test('H.264 units of any size come through, in packets that fit', async () => {
  // Slices of non-key pictures, without anything that looks like a start code.
  const unit = fc
    .tuple(fc.integer({ min: 2, max: 6_000 }), fc.integer({ min: 1, max: 250 }))
    .map(([size, seed]) => {
      const bytes = Buffer.alloc(size, seed);
      for (let at = 1; at < size; at += 1) bytes[at] = ((seed * at) % 251) + 2;
      bytes[0] = 0x61;
      return bytes;
    });
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 12 }), fc.boolean(), (units, isShort) => {
      const startCode = Buffer.from(isShort ? [0, 0, 1] : [0, 0, 0, 1]);
      const key = Buffer.from('0000000167420a1ef88000000168ce3880000000016588', 'hex');
      const frames = [
        videoFrame('H264', key, 0, true),
        videoFrame('H264', Buffer.concat(units.flatMap(one => [startCode, one])), 1, false),
      ];
      const { packets, pictures } = throughPackets(frames, complete => new H264Depacketiser(complete));
      const expected = Buffer.concat(units.flatMap(one => [Buffer.from([0, 0, 0, 1]), one]));
      return (
        packets.every(({ payload }) => payload.length <= mostPayloadBytes) &&
        Buffer.concat(pictures[1]?.parts ?? []).equals(expected)
      );
    }),
    { numRuns: 200 },
  );
});

t.test('VP8 frames of any size come through, their pieces of one size', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 20_000 }), size => {
      const bytes = Buffer.alloc(size, 0x55);
      // A key frame's head: 640 x 360.
      Buffer.from('5000009d012a80026801', 'hex').copy(bytes);
      const { packets, pictures } = throughPackets(
        [videoFrame('VP8', bytes, 0, true)],
        complete => new Vp8Depacketiser(complete),
      );
      const sizes = packets.slice(0, -1).map(({ payload }) => payload.length);
      return (
        Buffer.concat(pictures[0]?.parts ?? []).equals(bytes) &&
        sizes.every(one => one === sizes[0] && one <= mostPayloadBytes)
      );
    }),
    { numRuns: 200 },
  );
});

t.test('whatever a frame holds, nothing throws and packets fit', async t => {
  const packetiser = new Packetiser();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.constantFrom('H264' as const, 'VP8' as const),
      (bytes, codec) =>
        packetiser
          .packets(videoFrame(codec, Buffer.from(bytes), 0, false))
          .every(({ payload }) => payload.length > 0 && payload.length <= mostPayloadBytes),
    ),
    { numRuns: 300 },
  );
  t.same(packetiser.packets(videoFrame('H264', Buffer.alloc(0), 0, false)), []);
  t.same(packetiser.packets(videoFrame('H264', Buffer.from('000000010910', 'hex'), 0, false)), []);
});

t.test('times far from zero stay exact', async t => {
  const packetiser = new Packetiser();
  const ticksAt = (timeMicros: number) =>
    packetiser.packets({ ...videoFrame('VP8', Buffer.alloc(20), 0, false), timeMicros })[0]?.ticks as number;
  const hours = 1.8e15;
  t.equal(ticksAt(hours + 1e6) - ticksAt(hours), 90_000);
});

function videoFrame(codec: 'H264' | 'VP8', bytes: Buffer, index: number, isKey: boolean): MediaFrame {
  return { kind: 'video', codec, timeMicros: index * 33_000, isKey, bytes };
}

/** What a receiver makes of the packets; each has the marks that its place in the frame asks for. */
function throughPackets(
  frames: readonly MediaFrame[],
  depacketiserFor: (complete: (picture: Picture) => void) => {
    push(packet: Parameters<H264Depacketiser['push']>[0], isAfterLoss: boolean): unknown;
  },
): { packets: MediaPacket[]; pictures: Picture[] } {
  const pictures: Picture[] = [];
  const packets: MediaPacket[] = [];
  const packetiser = new Packetiser();
  const depacketiser = depacketiserFor(picture => pictures.push(picture));
  for (const frame of frames) {
    for (const packet of packetiser.packets(frame)) {
      packets.push(packet);
      depacketiser.push(
        {
          isMarked: packet.isMarked,
          payloadType: 96,
          sequence: packets.length & 0xffff,
          timestamp: packet.ticks,
          ssrc: 1,
          payload: packet.payload,
          extensions: null,
        },
        false,
      );
    }
  }
  const begun = frames.flatMap(({ isKey }, index) => (isKey ? [index * 33 * 90] : []));
  const marked = packets.filter(({ beginsKeyFrame }) => beginsKeyFrame).map(({ ticks }) => ticks);
  if (`${begun}` !== `${marked}`) throw new Error(`key frames begin at ${begun}, packets say ${marked}`);
  return { packets, pictures };
}

async function encode(args: readonly string[]): Promise<Buffer> {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30:duration=1', '-pix_fmt', 'yuv420p'];
  const { stdout } = await runProgram('ffmpeg', ['-v', 'error', ...source, ...args, 'pipe:1']);
  return stdout;
}

/** A checksum of each decoded picture. */
async function decodedFrames(bytes: Buffer, format: string): Promise<string> {
  const args = ['-v', 'error', '-xerror', '-f', format, '-i', 'pipe:0', '-f', 'framemd5', 'pipe:1'];
  const { stdout } = await runProgram('ffmpeg', args, { input: bytes });
  return stdout.toString();
}

function isKeyPicture(accessUnit: Buffer): boolean {
  return accessUnit.includes(Buffer.from([0, 0, 1, 0x65]));
}

function isFragment({ payload }: MediaPacket): boolean {
  return ((payload[0] as number) & 0x1f) === 28;
}
