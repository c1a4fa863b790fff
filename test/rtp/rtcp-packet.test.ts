import fc from 'fast-check';
import t from 'tap';
import { compactNtp, isRtcp, type ReportBlock, readRtcp } from '../../src/rtp/rtcp-packet.ts';
import {
  canonicalName,
  goodbye,
  negativeAcknowledgement,
  pictureLossIndication,
  receiverReport,
  senderReport,
} from '../../src/rtp/rtcp-writer.ts';
import { holds } from '../media/property.ts';

const block: ReportBlock = {
  ssrc: 0xaabbccdd,
  fractionLost: 13,
  packetsLost: -2,
  highestSequence: 0x1fffe,
  jitterTicks: 77,
  lastReport: 0x89abcdef,
  delaySinceLastReport: 65_536,
};

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex');
}

t.test('a compound packet is read part by part', async t => {
  const report = {
    ssrc: 5,
    ntpMicros: 3_900_000_000_250_000,
    rtpTimestamp: 9,
    packetCount: 10,
    octetCount: 11,
  };
  const compound = Buffer.concat([
    senderReport(report),
    canonicalName(5, 'livereel'),
    receiverReport(6, [block, { ...block, packetsLost: 4_000 }]),
    negativeAcknowledgement(1, 2, [7]),
    pictureLossIndication(1, 2),
    goodbye(5),
  ]);
  t.same(readRtcp(compound), [
    { type: 'sender-report', ...report, compactNtp: compactNtp(report.ntpMicros), blocks: [] },
    { type: 'receiver-report', ssrc: 6, blocks: [block, { ...block, packetsLost: 4_000 }] },
    { type: 'nack', ssrc: 2, sequences: [7] },
    { type: 'picture-loss', ssrc: 2 },
    { type: 'bye', ssrcs: [5] },
  ]);
  t.equal(isRtcp(compound), true);
});

t.test('a name fills whole words and ends with a zero', async t => {
  for (let length = 0; length < 9; length += 1) {
    const bytes = canonicalName(1, 'x'.repeat(length));
    t.equal(bytes.length, 4 * (bytes.readUInt16BE(2) + 1));
    t.equal(bytes[bytes.length - 1], 0);
    t.equal(bytes[9], length);
  }
});

t.test('the compact time is what is written in the middle of the long one', async t => {
  holds(
    t,
    fc.property(fc.nat(2 ** 32 - 1), fc.nat(999_999), (seconds, micros) => {
      const ntpMicros = seconds * 1e6 + micros;
      const bytes = senderReport({ ssrc: 1, ntpMicros, rtpTimestamp: 0, packetCount: 0, octetCount: 0 });
      const [read] = readRtcp(bytes);
      if (read?.type !== 'sender-report') return false;
      return (
        read.ntpMicros === ntpMicros &&
        read.compactNtp === bytes.readUInt32BE(10) &&
        read.compactNtp === compactNtp(ntpMicros)
      );
    }),
  );
});

t.test('lost packets are asked for, seventeen in a word', async t => {
  const near = negativeAcknowledgement(1, 2, [65_534, 65_535, 0, 14]);
  t.equal(near.length, 16);
  t.same(readRtcp(near), [{ type: 'nack', ssrc: 2, sequences: [65_534, 65_535, 0, 14] }]);
  const rising = fc
    .uniqueArray(fc.nat(3_000), { minLength: 1, maxLength: 200 })
    .map(numbers => numbers.sort((a, b) => a - b));
  holds(
    t,
    fc.property(rising, fc.nat(0xffff), (numbers, start) => {
      const sequences = numbers.map(number => (start + number) & 0xffff);
      const [read] = readRtcp(negativeAcknowledgement(1, 2, sequences));
      return read?.type === 'nack' && JSON.stringify(read.sequences) === JSON.stringify(sequences);
    }),
  );
});

t.test('a full intra request names sources and numbers', async t => {
  // RFC 5104, section 4.3.1.1: two entries.
  const bytes = bytesOf('84ce0006 00000001 00000000 0000000a 07000000 0000000b 08000000');
  t.same(readRtcp(bytes), [
    {
      type: 'full-intra-request',
      requests: [
        { ssrc: 10, number: 7 },
        { ssrc: 11, number: 8 },
      ],
    },
  ]);
});

t.test('an estimate of the bitrate has an exponent', async t => {
  // draft-alvestrand-rmcat-remb-03, section 2.2: mantissa 0x3ffff, exponent 3.
  const bytes = bytesOf('8fce0005 00000001 00000000 52454d42 010fffff 00000011');
  t.same(readRtcp(bytes), [{ type: 'bitrate-estimate', bitrateBitsPerSecond: 0x3ffff * 8, ssrcs: [0x11] }]);
});

t.test('what is padded, cut or unknown does no harm to what stands before it', async t => {
  const loss = pictureLossIndication(1, 2);
  const expected = [{ type: 'picture-loss', ssrc: 2 }];
  t.same(readRtcp(Buffer.concat([loss, bytesOf('80ca0001 00000001')])), expected, 'unknown');
  t.same(readRtcp(Buffer.concat([loss, bytesOf('81c90007 00000001')])), expected, 'cut');
  t.same(readRtcp(Buffer.concat([loss, bytesOf('41c90001 00000001')])), expected, 'another version');
  const padded = bytesOf('a1cd0004 00000001 00000002 00070000 00000004');
  t.same(readRtcp(padded), [{ type: 'nack', ssrc: 2, sequences: [7] }], 'padded');
  t.same(readRtcp(bytesOf('a1cd0003 00000001 00000002 000000ff')), [], 'padded beyond itself');
});

t.test('arbitrary bytes are read within bounds', async t => {
  const head = fc.record({ count: fc.nat(63), type: fc.integer({ min: 200, max: 206 }), words: fc.nat(12) });
  const likely = fc
    .array(fc.tuple(head, fc.uint8Array({ maxLength: 60 })), { maxLength: 6 })
    .map(parts =>
      Buffer.concat(
        parts.map(([{ count, type, words }, body]) =>
          Buffer.concat([Buffer.from([0x80 | count, type, 0, words]), body]),
        ),
      ),
    );
  holds(
    t,
    fc.property(likely, bytes => readRtcp(bytes).length <= 64),
    2_000,
  );
  const flood = Buffer.concat(Array.from({ length: 16_000 }, () => bytesOf('80cb0000')));
  t.equal(readRtcp(flood).length, 64);
  const nack = Buffer.alloc(60_000, 0xff);
  bytesOf('81cd3a97').copy(nack);
  const [read] = readRtcp(nack);
  t.ok(read?.type === 'nack' && read.sequences.length < 2_100);
});
