import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import {
  lengthsBytes,
  MessageReader,
  type PipeMessage,
  packMessage,
  writeLengths,
} from '../../src/webrtc/message-pipe.ts';

const message = fc.record({
  head: fc.dictionary(fc.string(), fc.jsonValue()),
  body: fc.uint8Array({ maxLength: 300 }),
});

t.test('messages arrive whole and in order, however the pipe cuts them', async () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 90 })),
      (sent, cuts) => {
        const received: PipeMessage[] = [];
        const reader = new MessageReader(one => received.push(one));
        let bytes = Buffer.concat(sent.map(({ head, body }) => packMessage(head, body)));
        for (const cut of cuts) {
          if (bytes.length > 0) reader.push(bytes.subarray(0, cut));
          bytes = bytes.subarray(cut);
        }
        if (bytes.length > 0) reader.push(bytes);
        assert.deepEqual(
          received.map(({ head, body }) => ({ head, body: [...body] })),
          sent.map(({ head, body }) => ({ head: JSON.parse(JSON.stringify(head)), body: [...body] })),
        );
      },
    ),
    { numRuns: 100 },
  );
});

t.test('a head of bytes comes as it is, between those of JSON', async t => {
  const received: PipeMessage[] = [];
  const reader = new MessageReader(one => received.push(one));
  const bare = Buffer.alloc(lengthsBytes + 5, 'x');
  writeLengths(bare, 0, 3, 2);
  reader.push(Buffer.concat([packMessage({ kind: 'a' }), bare, packMessage({ kind: 'b' })]));
  t.same(received[0]?.head, { kind: 'a' });
  t.same(received[1], { head: Buffer.from('xxx'), body: Buffer.from('xx') });
  t.same(received[2]?.head, { kind: 'b' });
});

t.test('a message without a body has an empty one', async t => {
  const received: PipeMessage[] = [];
  new MessageReader(one => received.push(one)).push(packMessage({ kind: 'ready' }));
  t.match(received, [{ head: { kind: 'ready' } }]);
  t.equal(received[0]?.body.length, 0);
});

t.test('a message that claims more than the limit is refused before any of it is kept', async t => {
  for (const lengths of [
    [513 * 1024, 0],
    [2, 17 * 1024 * 1024],
  ]) {
    const claim = Buffer.alloc(8);
    claim.writeUInt32BE(lengths[0] as number, 0);
    claim.writeUInt32BE(lengths[1] as number, 4);
    const reader = new MessageReader(() => t.fail('nothing came'));
    t.throws(() => reader.push(claim), { code: 'malformed-message' });
  }
  t.throws(() => packMessage({}, Buffer.alloc(17 * 1024 * 1024)), { code: 'message-too-large' });
});

t.test('whatever else the pipe holds is refused, and nothing is thrown that is not ours', async t => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 20 }), chunks => {
      const reader = new MessageReader(() => undefined);
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      } catch (error) {
        if (!(error instanceof LivereelError)) throw error;
        refused += 1;
      }
    }),
    { numRuns: 1_000 },
  );
  t.ok(refused > 0, 'some of it was malformed');
});
