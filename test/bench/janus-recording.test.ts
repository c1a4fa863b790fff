import { readFile } from 'node:fs/promises';
import t from 'tap';
import { missingPackets } from '../../bench/webrtc/janus-recording.ts';

/**
 * The first 4 KiB of what Janus 1.1.2 recorded of a sender that left out numbers 3, 4, 17, 30, 31 and 100 of 200, sent
 * number 10 after 11 and 20 twice; it ends within a packet.
 */
const recorded = await readFile(new URL('../fixtures/janus-sound.mjr', import.meta.url));
const fileHead = 10 + recorded.readUInt16BE(8);
const packetBytes = 25;

t.test('of a recording of Janus it is known how many packets lack', async t => {
  t.equal(missingPackets(recorded), 6);
  const packet = (index: number) => fileHead + packetBytes * index;
  const without = (from: number, to: number) =>
    Buffer.concat([recorded.subarray(0, packet(from)), recorded.subarray(packet(to))]);
  t.equal(missingPackets(without(50, 57)), 13, 'seven more');
  t.equal(missingPackets(without(9, 10)), 7, 'one more, which another had overtaken');
  t.equal(missingPackets(without(0, 2)), 6, 'what comes before the first is not known of');
});

t.test('numbers that begin anew at 65,536 are no loss', async t => {
  const moved = Buffer.from(recorded);
  for (let at = fileHead; at + packetBytes <= moved.length; at += packetBytes)
    moved.writeUInt16BE((moved.readUInt16BE(at + 12) + 65_500) & 0xffff, at + 12);
  t.equal(missingPackets(moved), 6);
});

t.test('a recording that has only begun lacks nothing, and what is none is told', async t => {
  t.equal(missingPackets(Buffer.alloc(0)), 0);
  t.equal(missingPackets(recorded.subarray(0, fileHead)), 0);
  t.throws(() => missingPackets(Buffer.from('a video of something else')), /no recording/);
  t.throws(() => missingPackets(recorded.subarray(0, fileHead + 1_000).fill(0, fileHead + 100)), /begins at/);
});
