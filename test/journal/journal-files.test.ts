import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { JournalReader } from '../../src/journal/journal-reader.ts';
import { JournalWriter } from '../../src/journal/journal-writer.ts';
import { RecordBatch } from '../../src/journal/record-batch.ts';
import { type RecordKind, writeFileHead } from '../../src/journal/record-layout.ts';

type Appended = { readonly text: string; readonly units: number; readonly kind?: RecordKind };

const folder = await mkdtemp(join(tmpdir(), 'livereel-journal-files-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));
let journals = 0;

/** A journal of these files, as bytes lie on the disk. */
async function journalOf(...files: readonly Buffer[]): Promise<string> {
  journals += 1;
  const directory = join(folder, `${journals}`);
  await mkdir(directory);
  for (const [index, bytes] of files.entries())
    await writeFile(join(directory, `00000${index + 1}.log`), bytes);
  return directory;
}

/** A file before which `start` stands; each append is a record of its own, its media time its units so far. */
function fileOf(start: { bytes: number; units: number }, appends: readonly Appended[]): Buffer {
  const pieces = [writeFileHead({ startBytes: start.bytes, startUnits: start.units })];
  let { units } = start;
  for (const { text, ...facts } of appends) {
    units += facts.units;
    const batch = new RecordBatch();
    batch.add([Buffer.from(text)], facts, units);
    pieces.push(Buffer.concat(batch.seal(1_700_000_000_000 + units)));
  }
  return Buffer.concat(pieces);
}

function sumOf(appends: readonly Appended[]): { bytes: number; units: number } {
  return appends.reduce(
    (sum, { text, units }) => ({ bytes: sum.bytes + text.length, units: sum.units + units }),
    { bytes: 0, units: 0 },
  );
}

/** Opens it as a start does, appends, and reads everything back. */
async function goOn(directory: string) {
  const writer = await JournalWriter.open(directory);
  const found = { safe: writer.safe, mediaTicks: writer.mediaTicks, isEnded: writer.isEnded };
  if (!found.isEnded) writer.append([Buffer.from('more')], { units: 4 });
  await writer.end();
  const reader = await JournalReader.open(directory, writer, 0);
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = await reader.read(new AbortController().signal);
    if (piece === null) break;
    pieces.push(Buffer.from(piece.bytes));
  }
  await reader.close();
  await writer.close();
  return { ...found, text: Buffer.concat(pieces).toString() };
}

const earlier: Appended[] = [
  { text: 'one', units: 1 },
  { text: 'and two', units: 1, kind: 'fresh' },
];
const later: Appended[] = [
  { text: 'three', units: 1 },
  { text: '', units: 1 },
  { text: 'four and five', units: 2 },
];
const first = fileOf({ bytes: 0, units: 0 }, earlier);
const second = fileOf(sumOf(earlier), later);

/** What stands in the first `length` bytes of a file of these records. */
function wholeIn(length: number, appends: readonly Appended[]): Appended[] {
  let end = 32;
  return appends.filter(({ text }) => {
    end += 32 + text.length;
    return end <= length;
  });
}

t.test('a journal that ends at any byte of its only file holds every record before it', async t => {
  for (let length = 0; length <= first.length; length += 1) {
    const kept = wholeIn(length, earlier);
    const { safe, mediaTicks, text } = await goOn(await journalOf(first.subarray(0, length)));
    t.same(safe, sumOf(kept), `${length} bytes`);
    t.equal(mediaTicks, kept.length === 0 ? -1 : kept.length, `${length} bytes`);
    t.equal(text, `${kept.map(({ text }) => text).join('')}more`);
  }
});

t.test('a file that was only begun, to any byte, forgets nothing of the file before it', async t => {
  for (let length = 0; length <= second.length; length += 1) {
    const kept = [...earlier, ...wholeIn(length, later)];
    const { safe, mediaTicks, isEnded, text } = await goOn(
      await journalOf(first, second.subarray(0, length)),
    );
    t.same(safe, sumOf(kept), `${length} bytes`);
    t.equal(mediaTicks, sumOf(kept).units, `${length} bytes`);
    t.equal(isEnded, false);
    t.equal(text, `${kept.map(({ text }) => text).join('')}more`);
  }
});

t.test('an end that was written stays, also when a further file was begun behind it', async t => {
  const ended: Appended[] = [...earlier, { text: '', units: 0, kind: 'end' }];
  const begun = fileOf(sumOf(ended), []);
  for (const length of [0, 1, 31, 32]) {
    const { isEnded, text } = await goOn(
      await journalOf(fileOf({ bytes: 0, units: 0 }, ended), begun.subarray(0, length)),
    );
    t.equal(isEnded, true, `${length} bytes`);
    t.equal(text, 'oneand two');
  }
});

t.test('any damage to the newest records costs those and what follows them, nothing before', async t => {
  const cases = fc.record({
    at: fc.integer({ min: 32, max: second.length - 1 }),
    with: fc.integer({ min: 1, max: 255 }),
    noise: fc.uint8Array({ maxLength: 80 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async damage => {
      const bytes = Buffer.from(second);
      bytes[damage.at] = (bytes[damage.at] as number) ^ damage.with;
      const kept = [...earlier, ...wholeIn(damage.at, later)];
      const { safe, text } = await goOn(await journalOf(first, Buffer.concat([bytes, damage.noise])));
      t.same(safe, sumOf(kept));
      t.equal(text, `${kept.map(({ text }) => text).join('')}more`);
    }),
    { seed: 20_260_101, numRuns: 100 },
  );
});

t.test(
  'after a power cut that kept only the later of two files its bytes are set aside, not misplaced',
  async t => {
    const directory = await journalOf(first.subarray(0, first.length - 1), second);
    const { safe, text } = await goOn(directory);
    t.same(safe, { bytes: 3, units: 1 });
    t.equal(text, 'onemore');
    t.same((await readdir(directory)).sort(), ['000001.log', '000002.lost']);
  },
);

t.test('a journal without its first file is refused, and left as it is', async t => {
  const directory = await journalOf(first, second);
  await rm(join(directory, '000001.log'));
  await t.rejects(JournalWriter.open(directory), { code: 'internal' });
  t.same(await readdir(directory), ['000002.log']);
});

t.test('messages of the largest size that come in one turn survive a crash', async t => {
  const directory = await journalOf();
  const writer = await JournalWriter.open(directory);
  const message = Buffer.alloc(16_777_224, 7);
  for (let count = 0; count < 3; count += 1) writer.append([message], { units: message.length });
  await writer.close();
  const again = await JournalWriter.open(directory);
  t.equal(again.safe.bytes, 3 * message.length);
  await again.close();
});
