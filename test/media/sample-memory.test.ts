import t from 'tap';
import { idleBuffers } from '../../src/media/idle-buffers.ts';
import { SampleMemory } from '../../src/media/sample-memory.ts';

const sampleBytes = 20_000;
const samplesABlock = Math.floor(idleBuffers.bufferBytes / sampleBytes);

function sample(number: number): Buffer {
  return Buffer.alloc(sampleBytes, number);
}

t.test('copies keep what they hold until they are let go', async t => {
  const memory = new SampleMemory();
  const held: Buffer[] = [];
  for (let number = 0; number < 40; number += 1) {
    held.push(memory.copy(sample(number)));
    // As parts are published: the oldest few go at once.
    if (held.length > 10) for (const old of held.splice(0, 5)) SampleMemory.letGo(old);
    for (const [index, copy] of held.entries())
      t.ok(copy.equals(sample(number - held.length + 1 + index)), 'untouched');
  }
});

t.test('memory is used again once all in its block was let go, in whatever order', async t => {
  const memory = new SampleMemory();
  const copies = Array.from({ length: 3 * samplesABlock + 1 }, (_, number) => memory.copy(sample(number)));
  const blocks = [...new Set(copies.map(copy => copy.buffer))];
  t.equal(blocks.length, 4);
  for (const copy of copies.slice(1, samplesABlock).reverse()) SampleMemory.letGo(copy);
  t.not(idleBuffers.take().buffer, blocks[0], 'one copy is held: the block is not idle');
  SampleMemory.letGo(copies[0] as Buffer);
  t.equal(idleBuffers.take().buffer, blocks[0]);
  t.ok((copies[samplesABlock] as Buffer).equals(sample(samplesABlock)), 'the next block is not touched');
});

t.test('the block that is being filled is not given away', async t => {
  const memory = new SampleMemory();
  const first = memory.copy(sample(1));
  SampleMemory.letGo(first);
  const second = memory.copy(sample(2));
  t.equal(second.buffer, first.buffer);
  t.not(idleBuffers.take().buffer, first.buffer);
  t.ok(second.equals(sample(2)));
});

t.test('large samples, and memory of another origin, are the garbage collector’s', async t => {
  const memory = new SampleMemory();
  const large = memory.copy(Buffer.alloc(idleBuffers.bufferBytes, 7));
  t.ok(large.equals(Buffer.alloc(idleBuffers.bufferBytes, 7)));
  SampleMemory.letGo(large);
  SampleMemory.letGo(Buffer.from('sound'));
  t.not(idleBuffers.take().buffer, large.buffer);
});
