import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { MediaPlaylist } from '../../src/hls/media-playlist.ts';
import { type CutPart, PartWriter, type TimelineEnd } from '../../src/hls/part-writer.ts';
import { Rendition } from '../../src/hls/rendition.ts';
import type { TimelineEntry } from '../../src/hls/timeline-log.ts';
import { audioTrackId, videoTrackId } from '../../src/media/fmp4-writer.ts';
import { eventually } from '../support/eventually.ts';

const run: Extract<TimelineEntry, { type: 'run' }> = {
  type: 'run',
  run: 1,
  headerStart: 0,
  headerEnd: 400,
  mediaStart: 400,
  framesBefore: 0,
  container: 'matroska',
  tracks: { video: { codec: 'h264', width: 64, height: 48 }, audio: null },
  startSeconds: 0,
  startedAtMillis: Date.UTC(2026, 0, 1),
};

/** Part `index`: one picture that holds its number, three parts a segment. */
function partOf(index: number): CutPart {
  const startSeconds = index * 0.2;
  const data = Buffer.alloc(20 + index, index);
  const sample = { decodeTime: index * 18_000, compositionOffset: 0, duration: 18_000, isSync: true, data };
  return {
    runs: [
      { trackId: videoTrackId, samples: [sample] },
      { trackId: audioTrackId, samples: [] },
    ],
    durationSeconds: 0.2,
    endSeconds: startSeconds + 0.2,
    isIndependent: true,
    isLast: index % 3 === 2,
    video: { decodeTime: sample.decodeTime, presentationTime: sample.decodeTime },
    audioEndTicks: 0,
    run: 1,
    frames: index + 1,
    isDiscontinuity: false,
    startedAtMillis: run.startedAtMillis + startSeconds * 1_000,
    partTargetSeconds: 0.217,
  };
}

type Step = { readonly lines: number; take(writer: PartWriter): Promise<void> };

/** A rendition's life: what is written, and how many lines of the log each step is. */
const steps: Step[] = [
  { lines: 1, take: writer => writer.note(run) },
  { lines: 1, take: writer => writer.note({ type: 'point', offset: 400, timeSeconds: 0, frames: 0 }) },
  { lines: 1, take: writer => writer.useInit(null, 2, ['mp4a.40.2']) },
  { lines: 1, take: writer => writer.note({ type: 'clock', run: 1, offsetSeconds: 0 }) },
  ...Array.from({ length: 8 }, (_, index) => ({
    lines: index % 3 === 0 ? 2 : 1,
    take: (writer: PartWriter) => writer.publish(partOf(index)),
  })),
];

type Place = { readonly directory: string; readonly log: string };

async function placeFor(t: { teardown(clean: () => Promise<void>): unknown }): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-parts-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return placeIn(folder);
}

async function placeIn(folder: string): Promise<Place> {
  const directory = join(folder, 'main');
  await mkdir(directory, { recursive: true });
  return { directory, log: join(directory, 'timeline.log') };
}

async function open({ directory, log }: Place): Promise<{ writer: PartWriter; end: TimelineEnd }> {
  return PartWriter.open(directory, log, new Rendition('main', 4), () => undefined);
}

/** Takes up the life where the log ends, and lives it to its end; the first step that was taken. */
async function liveOn(place: Place): Promise<number> {
  const { writer } = await open(place);
  const known = (await readFile(place.log, 'latin1')).split('\n').length - 1;
  let [first, lines] = [0, 0];
  while (first < steps.length && lines + (steps[first] as Step).lines <= known) {
    lines += (steps[first] as Step).lines;
    first += 1;
  }
  for (const step of steps.slice(first)) await step.take(writer);
  await writer.end(8, 0);
  await writer.close();
  return first;
}

/** All files and the playlist of a rendition. */
async function contentOf(place: Place): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const name of (await readdir(place.directory)).sort()) {
    content[name] = (await readFile(join(place.directory, name))).toString('hex');
  }
  const { writer } = await open(place);
  content.playlist = new MediaPlaylist(writer.rendition).render(false);
  await writer.close();
  return content;
}

/** What a life without a crash leaves, and how its folder looked after each step. */
async function reference(t: { teardown(clean: () => Promise<void>): unknown }) {
  const place = await placeFor(t);
  const snapshots: { folder: string; logBytes: number }[] = [];
  const { writer } = await open(place);
  for (const [index, step] of steps.entries()) {
    await step.take(writer);
    const folder = join(place.directory, '..', `snapshot-${index}`);
    await cp(place.directory, join(folder, 'main'), { recursive: true });
    snapshots.push({ folder, logBytes: (await stat(place.log)).size });
  }
  await writer.end(8, 0);
  await writer.close();
  return { content: await contentOf(place), snapshots };
}

t.test('a crash after any byte of the log: it goes on without gap or repeat', async t => {
  const { content, snapshots } = await reference(t);
  const work = await placeFor(t);
  let before = 0;
  for (const [index, { folder, logBytes }] of snapshots.entries()) {
    const restore = async (length: number) => {
      await rm(work.directory, { recursive: true });
      const earlier = snapshots[index - 1]?.folder;
      if (earlier !== undefined) await cp(join(earlier, 'main'), work.directory, { recursive: true });
      else await mkdir(work.directory);
      // Bytes are written before their line, and a segment is named after it: as before the step, and some of it.
      if (index >= 4) await addOpenBytes(work, folder, Math.floor((index - 4) / 3));
      if (index === 2) await cp(join(folder, 'main', 'init-0.mp4'), join(work.directory, 'init-0.mp4'));
      const log = await readFile(join(folder, 'main', 'timeline.log'));
      await writeFile(work.log, log.subarray(0, length));
    };
    await restore(logBytes - 1);
    for (let length = logBytes - 1; length >= before; length -= 1) {
      await truncate(work.log, length);
      const known = await reopened(work);
      if (known.frames !== Math.max(0, index - 4)) t.fail(`${known.frames} pictures after ${length} bytes`);
    }
    for (const length of [before, before + 1, Math.floor((before + logBytes) / 2), logBytes - 1]) {
      await restore(length);
      await liveOn(work);
      t.same(await contentOf(work), content, `cut after ${length} bytes`);
    }
    before = logBytes;
  }
});

/** How many pictures a rendition knows of when it is opened. */
async function reopened(place: Place): Promise<{ frames: number }> {
  const { writer, end } = await open(place);
  await writer.close();
  return { frames: end.lastPart?.frames ?? 0 };
}

/** Gives the open segment the bytes that the step in `folder` wrote: they are there before their line. */
async function addOpenBytes(work: Place, folder: string, segment: number): Promise<void> {
  const name = String(segment).padStart(6, '0');
  const names = await readdir(join(folder, 'main'));
  const from = names.find(candidate => candidate === `${name}.open`) ?? `${name}.m4s`;
  await writeFile(join(work.directory, `${name}.open`), await readFile(join(folder, 'main', from)));
}

t.test(
  'a power cut that took bytes of the open segment: its whole parts stay, the rest comes again',
  async t => {
    const { content, snapshots } = await reference(t);
    const work = await placeFor(t);
    const { folder } = snapshots.at(-1) as { folder: string };
    const whole = (await stat(join(folder, 'main', '000002.open'))).size;
    for (let length = 0; length <= whole; length += 7) {
      await rm(work.directory, { recursive: true });
      await cp(join(folder, 'main'), work.directory, { recursive: true });
      await truncate(join(work.directory, '000002.open'), length);
      const first = await liveOn(work);
      t.ok(first >= steps.length - 2, 'no more than the open segment comes again');
      t.same(await contentOf(work), content, `cut after ${length} bytes`);
    }
    await rm(work.directory, { recursive: true });
    await cp(join(folder, 'main'), work.directory, { recursive: true });
    await rm(join(work.directory, '000002.open'));
    await liveOn(work);
    t.same(await contentOf(work), content, 'the file is gone');
  },
);

t.test('a power cut that took bytes of a complete segment, or the header', async t => {
  const { content, snapshots } = await reference(t);
  const work = await placeFor(t);
  const { folder } = snapshots.at(-1) as { folder: string };
  for (const [name, length] of [
    ['000000.m4s', 200],
    ['000001.m4s', 0],
    ['000001.m4s', 130],
    ['init-0.mp4', 0],
  ] as const) {
    await rm(work.directory, { recursive: true });
    await cp(join(folder, 'main'), work.directory, { recursive: true });
    await truncate(join(work.directory, name), length);
    await liveOn(work);
    t.same(await contentOf(work), content, `${name} cut after ${length} bytes`);
  }
});

t.test('a log that ends in zeros, as a power cut leaves it, ends before them', async t => {
  const { content, snapshots } = await reference(t);
  const work = await placeFor(t);
  await rm(work.directory, { recursive: true });
  await cp(join((snapshots.at(-1) as { folder: string }).folder, 'main'), work.directory, {
    recursive: true,
  });
  await writeFile(
    work.log,
    Buffer.concat([await readFile(work.log), Buffer.alloc(300), Buffer.from('\n{"type":"close"}\n')]),
  );
  await liveOn(work);
  t.same(await contentOf(work), content);
});

t.test('after a restart it is known where the stream stands', async t => {
  const place = await placeFor(t);
  const { writer, end } = await open(place);
  t.match(end, { run: null, offsetSeconds: null, init: null, lastPart: null, points: [], ended: null });
  for (const step of steps) await step.take(writer);
  await writer.close();
  const again = await open(place);
  t.match(again.end, {
    run: { run: 1 },
    offsetSeconds: 0,
    init: { audioChannels: 2, video: null },
    lastPart: { frames: 8, endSeconds: 1.6 },
    lastVideo: { decodeTime: 126_000, presentationTime: 126_000 },
    points: [{ offset: 400 }],
    ended: null,
  });
  t.same(again.writer.rendition.next, { segment: 2, part: 2 });
  await again.writer.note({ ...run, run: 2, mediaStart: 900 });
  await again.writer.close();
  const third = await open(place);
  t.match(third.end, { run: { run: 2 }, offsetSeconds: null, points: [] }, 'another run has no clock yet');
  await third.writer.end(8, 3);
  await third.writer.close();
  const over = await open(place);
  t.match(over.end.ended, { journalFrames: 8, damages: 3 });
  await over.writer.close();
});

t.test('parts are read from the open segment and from complete ones, once for all who ask', async t => {
  const place = await placeFor(t);
  const { writer } = await open(place);
  await (steps[2] as Step).take(writer);
  for (let index = 0; index < 40; index += 1) await writer.publish(partOf(index));
  const pictureIn = async (segment: number, part: number) => (await writer.store.read(segment, part)).at(-1);
  for (let index = 0; index < 40; index += 1) {
    t.equal(await pictureIn(Math.floor(index / 3), index % 3), index, `part ${index}`);
  }
  const { next } = writer.rendition;
  const newest = () => writer.store.read(next.segment, next.part - 1);
  t.equal(await newest(), await newest(), 'the same bytes, not a copy for each');
  await t.rejects(writer.store.read(13, 1), { code: 'not-found' });
  await t.rejects(writer.store.read(99, 0), { code: 'not-found' });
  await writer.close();
});

t.test('a part is found in the moment in which its segment gets its last name', async t => {
  const place = await placeFor(t);
  const { writer } = await open(place);
  await (steps[2] as Step).take(writer);
  let reads = 0;
  let isOver = false;
  const reading = async () => {
    while (!isOver) {
      const { open: growing, closed } = writer.rendition;
      const segment = growing ?? closed.at(-1);
      if (segment !== undefined && segment.parts.length > 0) {
        await writer.store.read(segment.number, 0);
        reads += 1;
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  const readers = Promise.all([reading(), reading(), reading()]);
  // Twelve parts a segment: the first is no longer held when the last one comes.
  for (let index = 0; index < 600; index += 1) {
    await writer.publish({ ...partOf(index % 200), isLast: index % 12 === 11 });
    await new Promise(resolve => setImmediate(resolve));
  }
  isOver = true;
  await t.resolves(readers);
  await eventually(() => reads > 100);
  await writer.close();
});
