import { appendFile, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { JournalReader } from '../../src/journal/journal-reader.ts';
import { JournalWriter } from '../../src/journal/journal-writer.ts';
import { eventually } from '../support/eventually.ts';

async function temporaryJournal(test: { teardown(clean: () => Promise<void>): unknown }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'livereel-journal-'));
  test.teardown(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'journal');
}

async function readAll(directory: string, writer: JournalWriter, offset = 0) {
  const reader = await JournalReader.open(directory, writer, offset);
  const pieces: { bytes: Buffer; isFresh: boolean; offset: number }[] = [];
  for (;;) {
    const piece = await reader.read(new AbortController().signal);
    if (piece === null) break;
    pieces.push({ bytes: Buffer.from(piece.bytes), isFresh: piece.isFresh, offset: piece.offset });
  }
  await reader.close();
  return pieces;
}

t.test('what was appended is read back, from any offset, across files', async t => {
  const directory = await temporaryJournal(t);
  const writer = await JournalWriter.open(directory);
  const chunks = Array.from({ length: 90 }, (_, index) => Buffer.alloc(1_000_003, index));
  for (const chunk of chunks) {
    writer.append([chunk], { units: chunk.length });
    if (Math.random() < 0.5) await new Promise(resolve => setTimeout(resolve, 1));
  }
  await writer.end();
  const whole = Buffer.concat(chunks);
  t.same(writer.safe, { bytes: whole.length, units: whole.length });
  for (const offset of [0, 1, 1_000_003, 67_000_000, 80_000_001, whole.length - 1, whole.length]) {
    const read = Buffer.concat((await readAll(directory, writer, offset)).map(piece => piece.bytes));
    t.ok(read.equals(whole.subarray(offset)), `from byte ${offset}`);
  }
  await writer.close();
});

t.test('a reader that waits gets the next bytes, then the end', async t => {
  const directory = await temporaryJournal(t);
  const writer = await JournalWriter.open(directory);
  const reading = readAll(directory, writer);
  for (let index = 0; index < 50; index += 1) {
    writer.append([Buffer.from([index])], { units: 1, kind: index === 20 ? 'fresh' : 'payload' });
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  await writer.end();
  const pieces = await reading;
  t.same(
    [...Buffer.concat(pieces.map(piece => piece.bytes))],
    Array.from({ length: 50 }, (_, index) => index),
  );
  t.same(
    pieces.filter(piece => piece.isFresh).map(piece => piece.offset),
    [20],
  );
  await writer.close();
});

t.test('a journal that was left in the middle of a write goes on behind its last whole record', async t => {
  const directory = await temporaryJournal(t);
  const first = await JournalWriter.open(directory);
  first.append([Buffer.from('abc')], { units: 3, mediaTicks: 7 });
  await first.close();
  await appendFile(join(directory, '000001.log'), Buffer.alloc(77, 1));
  const second = await JournalWriter.open(directory);
  t.same(second.safe, { bytes: 3, units: 3 });
  t.equal(second.mediaTicks, 7);
  second.append([Buffer.from('def')], { units: 3 });
  await second.close();
  await truncate(join(directory, '000001.log'), 32 + 32 + 3 + 32 + 2);
  const third = await JournalWriter.open(directory);
  t.same(third.safe, { bytes: 3, units: 3 }, 'a cut record does not count');
  await third.end();
  t.equal(Buffer.concat((await readAll(directory, third)).map(piece => piece.bytes)).toString(), 'abc');
  t.throws(() => third.append([Buffer.from('x')], { units: 1 }), { code: 'session-ended' });
  await third.close();
  const fourth = await JournalWriter.open(directory);
  t.equal(fourth.isEnded, true);
  await fourth.close();
});

t.test('a client that is faster than the disk loses nothing', async t => {
  const directory = await temporaryJournal(t);
  const writer = await JournalWriter.open(directory);
  const message = Buffer.alloc(3_000_000, 9);
  for (let index = 0; index < 40; index += 1) writer.append([message], { units: message.length });
  await writer.end();
  t.equal(writer.safe.bytes, 120_000_000);
  const read = (await readAll(directory, writer)).reduce((sum, piece) => sum + piece.bytes.length, 0);
  t.equal(read, 120_000_000);
  await writer.close();
});

t.test('while a stream floods in its reader gives way, and not a moment longer', async t => {
  const directory = await temporaryJournal(t);
  const writer = await JournalWriter.open(directory);
  t.notOk(writer.isFlooded);
  for (let index = 0; index < 250; index += 1) writer.append([Buffer.alloc(4_096)], { units: 1 });
  t.notOk(writer.isFlooded, 'a megabyte at once is a large chunk');
  let wasFlooded = false;
  for (let index = 0; index < 30; index += 1) {
    writer.append([Buffer.alloc(1_048_576)], { units: 1 });
    wasFlooded ||= writer.isFlooded;
  }
  t.ok(wasFlooded);
  await eventually(() => !writer.isFlooded, { what: 'the flood is over' });
  await writer.close();
});

t.test('a flood that does not stop is read all the same', async t => {
  const directory = await temporaryJournal(t);
  const writer = await JournalWriter.open(directory);
  const whole = Buffer.alloc(8_388_608, 'flood');
  writer.append([whole], { units: 1 });
  await writer.end();
  const reads = { underway: 0, most: 0 };
  const tail = {
    safe: writer.safe,
    isEnded: true,
    failure: null,
    onAdvance: () => () => false,
    get isFlooded() {
      reads.underway += 1;
      reads.most = Math.max(reads.most, reads.underway);
      return true;
    },
  };
  const reader = await JournalReader.open(directory, tail, 0);
  const pieces: Buffer[] = [];
  for (let piece = await read(); piece !== null; piece = await read()) pieces.push(Buffer.from(piece.bytes));
  function read() {
    reads.underway = 0;
    return reader.read(new AbortController().signal);
  }
  t.ok(Buffer.concat(pieces).equals(whole));
  t.ok(reads.most > 20, 'it gave way');
  t.ok(reads.underway <= 2, 'and then no more');
  await reader.close();
  await writer.close();
});
