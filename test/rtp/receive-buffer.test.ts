import fc from 'fast-check';
import t from 'tap';
import { ReceiveBuffer } from '../../src/rtp/receive-buffer.ts';
import type { RtpPacket } from '../../src/rtp/rtp-packet.ts';
import { holds } from '../media/property.ts';

const settings = {
  clockHertz: 90_000,
  hasRepeats: true,
  patienceMillis: 400,
  firstPatienceMillis: 400,
  longestPatienceMillis: 1_500,
};

/** The `index`th packet of a source that began with `first`; its index is its payload. `sizeBytes` 0: a probe. */
function packetOf(index: number, first = 0, sizeBytes = 4): RtpPacket {
  const payload = Buffer.alloc(sizeBytes);
  if (sizeBytes >= 4) payload.writeUInt32BE(index);
  const sequence = (first + index) & 0xffff;
  return {
    isMarked: false,
    payloadType: 96,
    sequence,
    timestamp: index * 3_000,
    ssrc: 1,
    payload,
    extensions: null,
  };
}

/** What a buffer delivered: indices, and the string "lost" before those that came after a loss. */
function receiver(changes: Partial<typeof settings> = {}) {
  const delivered: (number | 'lost')[] = [];
  let newest = -1;
  const buffer = new ReceiveBuffer({ ...settings, ...changes }, ({ payload }, isAfterLoss, number) => {
    if (number <= newest || (!isAfterLoss && newest >= 0 && number !== newest + 1 && payload.length > 0))
      throw new Error(`number ${number} behind ${newest}`);
    newest = number;
    if (isAfterLoss) delivered.push('lost');
    // A probe that others had passed by.
    if (payload.length === 0) return;
    delivered.push(Buffer.from(payload).readUInt32BE(0));
  });
  return { buffer, delivered };
}

t.test('packets come out in order, as soon as they can', async t => {
  const { buffer, delivered } = receiver();
  for (const index of [0, 1, 3, 4]) buffer.push(packetOf(index), 0, false);
  t.same(delivered, [0, 1]);
  buffer.push(packetOf(2), 3, false);
  t.same(delivered, [0, 1, 2, 3, 4]);
  t.same(buffer.missingNow(1_000), [], 'what came late was not lost');
  t.equal(buffer.counters.recovered, 0);
});

t.test('what is missing is asked for, again after a round trip, and is given up in the end', async t => {
  const { buffer, delivered } = receiver();
  buffer.push(packetOf(0), 0, false);
  buffer.push(packetOf(3), 10, false);
  t.same(buffer.missingNow(10), [1, 2], 'at once');
  t.same(buffer.missingNow(16), [], 'no answer can have come yet');
  buffer.push(packetOf(1), 75, true);
  t.same(delivered, [0, 1]);
  t.equal(buffer.counters.recovered, 1);
  const again: number[] = [];
  for (let now = 76; again.length === 0 && now < 400; now += 1) again.push(...buffer.missingNow(now));
  t.same(again, [2]);
  buffer.giveUpLate(409);
  t.same(delivered, [0, 1], 'still within the patience');
  buffer.giveUpLate(410);
  t.same(delivered, [0, 1, 'lost', 3]);
  t.same(buffer.missingNow(10_000), []);
  t.equal(buffer.counters.lost, 1);
});

t.test('each packet comes out once and in order, or is told as lost', async t => {
  // Each packet may be lost, doubled and late; the numbers wrap somewhere.
  const fate = fc.record({ isLost: fc.boolean(), copies: fc.integer({ min: 1, max: 2 }), delay: fc.nat(30) });
  const streams = fc.record({
    first: fc.nat(0xffff),
    fates: fc.array(fate, { minLength: 1, maxLength: 150 }),
    probes: fc.array(fc.boolean(), { minLength: 150, maxLength: 150 }),
  });
  holds(
    t,
    fc.property(streams, ({ first, fates, probes }) => {
      const { buffer, delivered } = receiver();
      const arrivals = fates.flatMap(({ isLost, copies, delay }, index) =>
        isLost && index > 0
          ? []
          : Array.from({ length: copies }, (_, copy) => [
              index * 5 + (index > 0 ? delay : 0) + copy * 7,
              index,
            ]),
      ) as [number, number][];
      arrivals.sort(([a], [b]) => a - b);
      for (const [nowMillis, index] of arrivals) {
        const isProbe = index > 0 && probes[index] === true;
        buffer.push(packetOf(index, first, isProbe ? 0 : 4), nowMillis, false);
        buffer.missingNow(nowMillis);
        buffer.giveUpLate(nowMillis);
      }
      for (let now = 1_000; now < 5_000; now += 100) buffer.giveUpLate(now);
      const expected: (number | 'lost')[] = [];
      let isAfterLoss = false;
      const newest = Math.max(...arrivals.map(([, index]) => index));
      for (let index = 0; index <= newest; index += 1) {
        if (index > 0 && fates[index]?.isLost === true) isAfterLoss = true;
        else if (index > 0 && probes[index] === true) continue;
        else {
          if (isAfterLoss) expected.push('lost');
          isAfterLoss = false;
          expected.push(index);
        }
      }
      return JSON.stringify(delivered) === JSON.stringify(expected);
    }),
    300,
  );
});

t.test('a source that begins anew is followed at its second packet', async t => {
  const { buffer, delivered } = receiver();
  buffer.push(packetOf(0), 0, false);
  buffer.push(packetOf(2), 0, false);
  buffer.push(packetOf(20_000), 10, false);
  t.same(delivered, [0], 'one packet from afar proves nothing');
  buffer.push(packetOf(20_001), 20, false);
  t.same(delivered, [0, 'lost', 2, 'lost', 20_000, 20_001]);
  buffer.push(packetOf(7), 30, false);
  buffer.push(packetOf(20_002), 30, false);
  t.same(delivered.slice(-2), [20_001, 20_002], 'a lone packet from before is passed over');
});

t.test('a sender that repeats nothing is not waited for in vain', async t => {
  const { buffer, delivered } = receiver();
  let now = 0;
  for (let index = 0; index < 60; index += 1) {
    if (index % 3 !== 2) buffer.push(packetOf(index), now, false);
    buffer.missingNow(now + 10);
    now += 500;
    buffer.giveUpLate(now);
  }
  buffer.push(packetOf(60), now, false);
  buffer.push(packetOf(62), now, false);
  buffer.giveUpLate(now + 50);
  t.equal(delivered.at(-1), 62);
});

t.test('on a long way one learns to wait longer', async t => {
  const { buffer, delivered } = receiver();
  // Every tenth packet is lost and comes 500 ms after it was asked for: more than the patience at first.
  let now = 0;
  const repeats: [number, number][] = [];
  for (let index = 0; index < 1_000; index += 1) {
    now += 10;
    if (index % 10 !== 5) buffer.push(packetOf(index), now, false);
    for (const sequence of buffer.missingNow(now)) repeats.push([now + 500, sequence]);
    while (repeats[0] !== undefined && repeats[0][0] <= now) {
      buffer.push(packetOf((repeats.shift() as [number, number])[1]), now, true);
    }
    buffer.giveUpLate(now);
  }
  t.ok(buffer.roundTripMillis > 400, `${buffer.roundTripMillis}`);
  const learnt = delivered.slice(delivered.indexOf(300));
  t.notOk(learnt.includes('lost'));
  t.ok(learnt.length > 500);
});

t.test('what is held is bounded, in number and in bytes', async t => {
  const { buffer, delivered } = receiver();
  buffer.push(packetOf(0), 0, false);
  for (let index = 2; index < 2_500; index += 1) buffer.push(packetOf(index), 1, false);
  t.ok(delivered.includes(2), 'the ring went on');
  const large = receiver();
  large.buffer.push(packetOf(0), 0, false);
  for (let index = 2; index < 102; index += 1) large.buffer.push(packetOf(index, 0, 60_000), 1, false);
  t.ok(large.delivered.includes(2), 'so many bytes do not wait');
});

t.test('reports count what came and what did not (RFC 3550, A.3)', async t => {
  const { buffer } = receiver();
  t.equal(buffer.reportBlock(1, 0), null);
  buffer.noteSenderReport(0xabcd, 100);
  // The numbers wrap between the fifth and the sixth.
  for (const index of [0, 1, 2, 3, 5, 6, 7]) buffer.push(packetOf(index, 0xfffb), index * 33, false);
  const block = buffer.reportBlock(9, 1_100);
  t.equal(block?.ssrc, 9);
  t.equal(block?.packetsLost, 1);
  t.equal(block?.fractionLost, Math.floor(256 / 8));
  t.equal(block?.highestSequence, 0x10002);
  t.equal(block?.lastReport, 0xabcd);
  t.equal(block?.delaySinceLastReport, 65_536);
  buffer.push(packetOf(4, 0xfffb), 400, true);
  t.equal(buffer.reportBlock(9, 1_200)?.packetsLost, 1, 'what was repaired was lost all the same');
  t.equal(buffer.reportBlock(9, 1_200)?.fractionLost, 0, 'nothing new, nothing lost');
});

t.test('jitter is the mean change of the way (RFC 3550, A.8)', async t => {
  const { buffer } = receiver();
  // Timestamps 3,000 apart are 33.3 ms; they come alternately 10 ms early and late: 20 ms or 1,800 ticks of change.
  for (let index = 0; index < 400; index += 1) {
    buffer.push(packetOf(index), (index * 100) / 3 + (index % 2 === 0 ? 0 : 20), false);
  }
  const jitter = buffer.reportBlock(1, 0)?.jitterTicks ?? 0;
  t.ok(Math.abs(jitter - 1_800) < 5, `${jitter}`);
});
