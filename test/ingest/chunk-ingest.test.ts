import fc from 'fast-check';
import t from 'tap';
import { ChunkIngest, type ChunkSink } from '../../src/ingest/chunk-ingest.ts';
import { holds } from '../media/property.ts';

/** What a session keeps, and where a recorder began anew. */
class KeptChunks implements ChunkSink {
  readonly freshAt: number[] = [];
  bytes: Buffer;

  constructor(earlier = '') {
    this.bytes = Buffer.from(earlier, 'latin1');
  }
  get isEmpty() {
    return this.bytes.length === 0;
  }
  append(payload: readonly Uint8Array[], facts: { units: number; kind: 'payload' | 'fresh' }) {
    if (facts.kind === 'fresh') this.freshAt.push(this.bytes.length);
    this.bytes = Buffer.concat([this.bytes, ...payload]);
  }
}

const webmHead = Buffer.from('1a45dfa3934282847765626d', 'hex');

t.test('the last few bytes of a publisher that comes back are not kept waiting for more', async t => {
  for (const last of ['\x00', '\x1a', '\x1aE\xdf', '\x00\x00\x00\x08mo', 'G', 'G123456', 'x']) {
    const kept = new KeptChunks('what came before');
    const chunks = new ChunkIngest(kept);
    chunks.take(Buffer.from(last, 'latin1'));
    chunks.finish();
    chunks.finish();
    t.equal(kept.bytes.toString('latin1'), `what came before${last}`);
    t.equal(chunks.heldBytes, 0);
    t.same(kept.freshAt, []);
  }
});

t.test('a recorder that begins anew is known, also when its first bytes come one by one', async t => {
  const kept = new KeptChunks('before');
  const chunks = new ChunkIngest(kept);
  for (const byte of webmHead) chunks.take(Buffer.from([byte]));
  t.same(kept.freshAt, [6]);
  t.equal(kept.bytes.length, 6 + webmHead.length);
});

t.test('a recording that ends before one knows what it is is refused', async t => {
  const kept = new KeptChunks();
  const chunks = new ChunkIngest(kept);
  chunks.take(webmHead.subarray(0, 3));
  t.equal(chunks.heldBytes, 3);
  t.throws(() => chunks.finish(), { code: 'unsupported-container' });
  t.ok(kept.isEmpty);
});

t.test(
  'however a recording is split and however often its publisher comes back, each byte is kept once',
  async t => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 20 });
    holds(
      t,
      fc.property(pieces, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (all, returns) => {
        const kept = new KeptChunks('before');
        let chunks = new ChunkIngest(kept);
        for (const [index, piece] of all.entries()) {
          chunks.take(piece);
          if (!returns[index]) continue;
          chunks.finish();
          chunks = new ChunkIngest(kept);
        }
        chunks.finish();
        return kept.bytes.equals(Buffer.concat([Buffer.from('before'), ...all]));
      }),
      500,
    );
  },
);
