import fc from 'fast-check';
import t from 'tap';
import { RecordBatch } from '../../src/journal/record-batch.ts';
import { isRecordWhole, readRecordHead, recordHeadBytes } from '../../src/journal/record-layout.ts';
import { idleBuffers } from '../../src/media/idle-buffers.ts';

const pageBytes = idleBuffers.bufferBytes;
/** Sizes around the ends of pages: where a head just fits, does not, or a payload goes on. */
const size = fc.oneof(
  fc.integer({ min: 0, max: 3 * pageBytes }),
  fc.integer({ min: pageBytes - 3 * recordHeadBytes, max: pageBytes + recordHeadBytes }),
  fc.integer({ min: 0, max: 40 }),
);
const append = fc.record({ sizeBytes: size, kind: fc.constantFrom('payload', 'fresh', 'end') });

/** Bytes that tell what was copied from where. */
function payloadOf(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let index = 0; index < sizeBytes; index += 1) bytes[index] = (index * 31 + seed * 7) & 0xff;
  return bytes;
}

t.test('records are whole wherever pages end, and hold what was added, in order', async t => {
  const batch = new RecordBatch();
  fc.assert(
    fc.property(fc.array(append, { minLength: 1, maxLength: 6 }), appends => {
      const payloads = appends.map(({ sizeBytes }, index) => payloadOf(sizeBytes, index));
      for (const [index, { kind }] of appends.entries())
        batch.add([payloads[index] as Buffer], { units: 1, kind }, index);
      const lengthBytes = batch.lengthBytes;
      const file = Buffer.concat(batch.seal(1_700_000_000_000));
      batch.clear();
      if (file.length !== lengthBytes) return false;
      const held: Buffer[] = [];
      let units = 0;
      for (let position = 0; position < file.length; ) {
        const head = readRecordHead(file, position);
        if (head === null || !isRecordWhole(file, position, head.payloadBytes)) return false;
        position += recordHeadBytes;
        held.push(file.subarray(position, position + head.payloadBytes));
        position += head.payloadBytes;
        units += head.units;
      }
      return units === appends.length && Buffer.concat(held).equals(Buffer.concat(payloads));
    }),
    { numRuns: 200 },
  );
  t.equal(batch.lengthBytes, 0);
});

t.test('pages are given back', async t => {
  const batch = new RecordBatch();
  batch.add([payloadOf(2 * pageBytes, 1)], { units: 1 }, 0);
  const pages = batch.seal(0).map(bytes => bytes.buffer);
  batch.clear();
  const idle = pages.map(() => idleBuffers.take().buffer);
  t.same(new Set(idle), new Set(pages));
});
