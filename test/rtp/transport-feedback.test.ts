import fc from 'fast-check';
import t from 'tap';
import { readRtcp } from '../../src/rtp/rtcp-packet.ts';
import { readTransportFeedback, TransportFeedbackWriter } from '../../src/rtp/transport-feedback.ts';
import { holds } from '../media/property.ts';

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex');
}

/** What feedback says, by number: the newest word on each packet counts. */
function toldBy(packets: readonly Buffer[]): Map<number, number | null> {
  const told = new Map<number, number | null>();
  for (const packet of packets) {
    const [read] = readRtcp(packet);
    const feedback = read?.type === 'transport-feedback' ? readTransportFeedback(read.bytes) : null;
    if (feedback === null) throw new Error('feedback that cannot be read');
    feedback.arrivalsMicros.forEach((arrival, index) => {
      told.set((feedback.baseSequence + index) & 0xffff, arrival);
    });
  }
  return told;
}

t.test('what is written is laid out as the draft has it', async t => {
  // draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1: each field by hand.
  const writer = new TransportFeedbackWriter(0x11);
  writer.note(0xfffe, 640);
  writer.note(0xffff, 645);
  writer.note(0x0001, 800);
  t.same(writer.take(0x22), [
    bytesOf(`
      af cd 0006 00000011 00000022
      fffe 0004 00000a 00
      d480
      00 14 026c
      00 02
      `),
  ]);
  t.same(writer.take(0x22), [], 'nothing new, nothing told');
});

t.test('all forms of status are read', async t => {
  // Sections 3.1.3 to 3.1.5: a run of three lost, a vector of one bit each, one of two bits each; a time before zero.
  const read = readTransportFeedback(
    bytesOf(`8fcd 0009 00000001 00000002
      0005 0018 ffffff 07
      0003 9f1c c618
      01 01 01 01 01 01 01 01
      01 ff9c 01 0001`),
  );
  t.equal(read?.baseSequence, 5);
  t.equal(read?.feedbackCount, 7);
  const arrivals = read?.arrivalsMicros ?? [];
  t.equal(arrivals.map(arrival => (arrival === null ? '-' : 'x')).join(''), '----xxxxx---xxx---xx-xx-');
  t.same(
    arrivals.filter(arrival => arrival !== null).slice(-5),
    [-62_000, -61_750, -86_750, -86_500, -86_250],
  );
});

t.test('every packet is told once at its time, or as not come', async t => {
  const streams = fc.record({
    first: fc.nat(0xffff),
    gaps: fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(20_000) }, fc.nat(20_000_000)), {
      minLength: 1,
      maxLength: 1_500,
    }),
    isLost: fc.array(fc.boolean(), { minLength: 1_500, maxLength: 1_500 }),
    lossEvery: fc.integer({ min: 1, max: 40 }),
  });
  holds(
    t,
    fc.property(streams, ({ first, gaps, isLost, lossEvery }) => {
      const writer = new TransportFeedbackWriter(1);
      const packets: Buffer[] = [];
      const expected = new Map<number, number>();
      let micros = 0;
      let newest = 0;
      gaps.forEach((gap, index) => {
        micros += gap;
        if (index > 0 && index % lossEvery === 0 && isLost[index] === true) return;
        const sequence = (first + index) & 0xffff;
        newest = index;
        writer.note(sequence, micros / 1_000);
        expected.set(sequence, Math.round(micros / 250) * 250);
        if (index % 100 === 99) packets.push(...writer.take(2));
      });
      packets.push(...writer.take(2));
      const told = toldBy(packets);
      // Between two that came eight seconds apart, nothing need be said of those that were lost.
      return (
        packets.every(({ length }) => length <= 1_200 && length % 4 === 0) &&
        [...expected].every(([sequence, arrival]) => told.get(sequence) === arrival) &&
        [...told].every(([sequence, arrival]) => arrival === null || expected.get(sequence) === arrival) &&
        told.size <= newest + 1
      );
    }),
    150,
  );
});

t.test('what comes after it was told as lost is told again', async t => {
  const writer = new TransportFeedbackWriter(1);
  for (const sequence of [10, 11, 13]) writer.note(sequence, sequence);
  const first = writer.take(2);
  t.equal(toldBy(first).get(12), null);
  writer.note(12, 40);
  writer.note(14, 41);
  const second = toldBy(writer.take(2));
  t.same([...second.keys()], [12, 13, 14]);
  t.equal(second.get(12), 40_000);
  t.equal(second.get(13), 13_000);
});

t.test('a sender that counts anew is followed, and a copy changes nothing', async t => {
  const writer = new TransportFeedbackWriter(1);
  writer.note(100, 10);
  writer.note(100, 20);
  t.equal(toldBy(writer.take(2)).get(100), 10_000);
  writer.note(30_000, 30);
  t.same([...toldBy(writer.take(2))], [[30_000, 30_000]]);
});

t.test('noise is refused or read within bounds', async t => {
  holds(
    t,
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 80 }), noise => {
      const read = readTransportFeedback(noise);
      return read === null || read.arrivalsMicros.length <= 0xffff;
    }),
    2_000,
  );
  const writer = new TransportFeedbackWriter(1);
  holds(
    t,
    fc.property(fc.nat(0xffff), fc.integer({ min: -1e9, max: 1e9 }), (sequence, nowMillis) => {
      writer.note(sequence, nowMillis);
      return writer.take(1).length <= 20;
    }),
    2_000,
  );
});
