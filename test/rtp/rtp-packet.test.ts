import fc from 'fast-check';
import t from 'tap';
import {
  extensionOf,
  type RtpFields,
  readRtpPacket,
  rtpPacket,
  sequenceDistance,
  timestampDistance,
} from '../../src/rtp/rtp-packet.ts';
import { holds } from '../media/property.ts';

const anyFields: fc.Arbitrary<RtpFields> = fc.record({
  isMarked: fc.boolean(),
  payloadType: fc.nat(127),
  sequence: fc.nat(0xffff),
  timestamp: fc.nat(0xffff_ffff),
  ssrc: fc.nat(0xffff_ffff),
});

/** A packet from hexadecimal digits, written in groups. */
function packet(hex: string) {
  return readRtpPacket(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

t.test('what is written is read', async t => {
  const anyExtensions = fc.uniqueArray(
    fc.record({ id: fc.integer({ min: 1, max: 14 }), value: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
    { selector: ({ id }) => id, maxLength: 5 },
  );
  holds(
    t,
    fc.property(anyFields, fc.uint8Array({ maxLength: 50 }), anyExtensions, (fields, payload, extensions) => {
      const read = readRtpPacket(rtpPacket(fields, payload, extensions));
      if (read === null) return false;
      const { payload: readPayload, extensions: _, ...readFields } = read;
      const isSame = (a: Uint8Array | null, b: Uint8Array) => a !== null && Buffer.from(a).equals(b);
      return (
        JSON.stringify(readFields) === JSON.stringify(fields) &&
        isSame(readPayload, payload) &&
        extensions.every(({ id, value }) => isSame(extensionOf(read, id), value))
      );
    }),
  );
});

t.test('contributing sources, extensions and padding are no payload', async t => {
  const full = packet(
    `b2 e0 0001 00000002 00000003 00000011 00000012
     bede 0001 10 aa 00 00
     c0ffee 000003`,
  );
  t.ok(full);
  t.equal(full?.isMarked, true);
  t.equal(full?.payloadType, 96);
  t.same([...(full?.payload ?? [])], [0xc0, 0xff, 0xee]);
  t.same([...(extensionOf(full as never, 1) ?? [])], [0xaa]);
});

t.test('one-byte extensions end at id 15, and padding between them is skipped', async t => {
  // RFC 8285, section 4.2: ID 15 stops the processing.
  const read = packet('90 60 0001 00000002 00000003 bede 0002 00 21 0102 f0 11 33 00');
  t.same([...(extensionOf(read as never, 2) ?? [])], [1, 2]);
  t.equal(extensionOf(read as never, 1), null);
});

t.test('two-byte extensions may be empty and longer than 16 bytes', async t => {
  // The shape of the example in RFC 8285, section 4.3.
  const read = packet(`90 60 0001 00000002 00000003 1000 0007
    01 00 02 01 ee 00 03 14 ${'ab'.repeat(20)}`);
  t.equal(extensionOf(read as never, 1)?.length, 0);
  t.same([...(extensionOf(read as never, 2) ?? [])], [0xee]);
  t.equal(extensionOf(read as never, 3)?.length, 20);
  t.equal(extensionOf(read as never, 4), null);
  t.equal(extensionOf(read as never, null), null);
});

t.test('extensions of a profile that is not known are passed over', async t => {
  const read = packet('90 60 0001 00000002 00000003 1234 0001 10aa0000 77');
  t.same([...(read?.payload ?? [])], [0x77]);
  t.equal(extensionOf(read as never, 1), null);
});

t.test('what is cut, or of another version, is no packet', async t => {
  const wrong = {
    'too short': '80 60 0001 00000002 000000',
    'another version': '40 60 0001 00000002 00000003',
    'more contributing sources than bytes': '8f 60 0001 00000002 00000003 00000004',
    'no room for the extension head': '90 60 0001 00000002 00000003 bede',
    'an extension beyond the end': '90 60 0001 00000002 00000003 bede 0002 10aa0000',
    'more padding than bytes': 'a0 60 0001 00000002 00000003 0000 05',
    'padding of no bytes': 'a0 60 0001 00000002 00000003 000000',
  };
  for (const [what, hex] of Object.entries(wrong)) t.equal(packet(hex), null, what);
});

t.test('an extension never reaches beyond its block', async t => {
  const read = packet(
    '90 60 0001 00000002 00000003 bede 0001 1f aa bb cc dddddddd dddddddd dddddddd dddddddd',
  );
  t.equal(extensionOf(read as never, 1), null);
});

t.test('arbitrary bytes are read or refused', async t => {
  const noise = fc.uint8Array({ maxLength: 120 }).map(bytes => {
    if (bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] as number) & 0x3f);
    return bytes;
  });
  holds(
    t,
    fc.property(noise, fc.nat(255), (bytes, id) => {
      const read = readRtpPacket(bytes);
      if (read === null) return true;
      const value = extensionOf(read, id);
      return read.payload.length <= bytes.length && (value === null || value.length <= bytes.length);
    }),
    2_000,
  );
});

t.test('distances go the short way round', async t => {
  t.equal(sequenceDistance(65_535, 2), 3);
  t.equal(sequenceDistance(2, 65_535), -3);
  t.equal(sequenceDistance(0, 32_768), -32_768);
  t.equal(timestampDistance(0xffff_fff0, 0x10), 0x20);
  t.equal(timestampDistance(0x10, 0xffff_fff0), -0x20);
});
