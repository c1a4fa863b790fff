import fc from 'fast-check';
import t from 'tap';
import { IncomingMedia } from '../../src/rtp/incoming-media.ts';
import { holds } from '../media/property.ts';
import { heldBufferBytes } from '../support/live-memory.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';
import { randomFrom } from './simulated-way.ts';

const shape = { widths: [320, 640, 1_280], announces: 'rids' } as const;

/** What a publisher sends in some seconds: RTP of all layers, sound, reports. */
function recordedPackets(forMillis: number): Uint8Array[] {
  const packets: Uint8Array[] = [];
  const publisher = new SimulatedPublisher(shape, bytes => packets.push(bytes));
  for (let now = 0; now < forMillis; now += 1) publisher.tick(now);
  return packets;
}

function receiver() {
  const counts = { packets: 0, frames: 0, sent: 0, sentBytes: 0 };
  const incoming = new IncomingMedia(new SimulatedPublisher(shape, () => {}).media, {
    packet: () => {
      counts.packets += 1;
    },
    early: () => undefined,
    frame: ({ sizeBytes, timeMicros }) => {
      if (sizeBytes === 0 || !Number.isFinite(timeMicros)) throw new Error('a frame of nothing');
      counts.frames += 1;
    },
    send: bytes => {
      if (bytes.length > 1_200 || bytes.length % 4 !== 0) throw new Error(`${bytes.length} bytes of RTCP`);
      counts.sent += 1;
      counts.sentBytes += bytes.length;
    },
  });
  return { incoming, counts };
}

const recorded = recordedPackets(2_000);

t.test('noise on the port is nothing', async t => {
  holds(
    t,
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 50 }), noise => {
      const { incoming, counts } = receiver();
      noise.forEach((bytes, index) => {
        incoming.receive(bytes, index * 10);
        incoming.tick(index * 10);
      });
      return counts.packets <= noise.length * 2 && counts.sent <= noise.length * 8;
    }),
    500,
  );
});

t.test('packets that were changed on the way do no harm, and what follows is received', async t => {
  const change = fc.record({
    packet: fc.nat(recorded.length - 1),
    at: fc.oneof(fc.nat(24), fc.nat(1_100)),
    put: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    cutAt: fc.option(fc.nat(1_000), { freq: 5 }),
  });
  holds(
    t,
    fc.property(fc.array(change, { minLength: 1, maxLength: 60 }), changes => {
      const packets: Buffer[] = recorded.map(bytes => Buffer.from(bytes));
      for (const { packet, at, put, cutAt } of changes) {
        const bytes = packets[packet] as Buffer;
        bytes.set(put.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        if (cutAt !== null) packets[packet] = bytes.subarray(0, cutAt);
      }
      const { incoming, counts } = receiver();
      packets.forEach((bytes, index) => {
        incoming.receive(bytes, index * 3);
        if (index % 8 === 0) incoming.tick(index * 3);
      });
      for (let now = packets.length * 3; now < packets.length * 3 + 3_000; now += 25) incoming.tick(now);
      // Sixty of some thousand packets: nearly all the sound and most packets must come through.
      return counts.packets > packets.length * 0.75 && counts.frames > 60;
    }),
    60,
  );
});

t.test('a flood of forged packets takes no memory that lasts', async t => {
  const { incoming } = receiver();
  const random = randomFrom(7);
  const flood = (packets: number, fromMillis: number) => {
    for (let index = 0; index < packets; index += 1) {
      // Forged from real ones: other sources, numbers, times and layers.
      const bytes = Buffer.from(recorded[Math.floor(random() * recorded.length)] as Uint8Array);
      bytes.writeUInt16BE(Math.floor(random() * 0x10000), 2);
      bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), 4);
      if (random() < 0.5) bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), 8);
      incoming.receive(bytes, fromMillis + index / 10);
      if (index % 250 === 0) incoming.tick(fromMillis + index / 10);
    }
  };
  flood(50_000, 0);
  const before = heldBufferBytes();
  flood(200_000, 5_000);
  const grownBytes = heldBufferBytes() - before;
  t.ok(grownBytes < 12 * 1_024 * 1_024, `${grownBytes} bytes more`);
  t.ok(incoming.statistics().length <= 4, 'a source a layer');
});
