import t, { type Test } from 'tap';
import { VideoStore } from '../../src/library/video-store.ts';
import { startDebian, startEmbedded, type TestServer } from './video-database.ts';

const least = {
  state: 'created',
  title: 'Standup',
  visibility: 'public',
  input: 'chunks',
  language: 'auto',
  captions: true,
} as const;
const idOf = (number: number) => `video${String(number).padStart(7, '0')}`;

const servers = { 'the embedded Postgres': startEmbedded, 'a PostgreSQL 15 server': startDebian };
for (const [name, start] of Object.entries(servers)) t.test(`videos in ${name}`, t => storesVideos(t, start));

async function storesVideos(t: Test, start: (t: Test) => Promise<TestServer>): Promise<void> {
  const server = await start(t);
  const storeIn = async () => new VideoStore(await server.openEmpty());

  t.test('a video comes back as it was stored, with the defaults filled in', async t => {
    const store = await storeIn();
    const stored = await store.insert({ id: idOf(1), ...least });
    t.match(stored, {
      id: idOf(1),
      ...least,
      description: '',
      mimeType: null,
      frameRate: null,
      replyTo: null,
      ingestTokenHash: null,
      startedAt: null,
      durationSeconds: null,
      sizeBytes: null,
      frameCount: null,
      errorCode: null,
      journalKept: false,
      clientAddress: null,
    });
    t.ok(stored.createdAt instanceof Date && stored.updatedAt instanceof Date);
    t.strictSame(await store.find(idOf(1)), stored);
  });

  t.test('every column keeps its value and its type', async t => {
    const store = await storeIn();
    await store.insert({ id: idOf(1), ...least });
    const full = {
      id: idOf(2),
      state: 'ready',
      title: 'Größe "ok" \u{1f3a5}',
      description: 'two\nlines',
      visibility: 'private',
      input: 'frames',
      mimeType: 'video/webm;codecs=avc1,opus',
      frameRate: 27.5,
      replyTo: idOf(1),
      language: 'de-CH',
      captions: false,
      hasCaptions: true,
      ownerId: null,
      ownerName: null,
      ingestTokenHash: Buffer.from([0, 1, 254, 255]),
      createdAt: new Date('2026-01-01T12:00:00.123Z'),
      startedAt: new Date('2026-01-01T12:00:01.001Z'),
      endedAt: new Date('2026-01-01T12:00:14.999Z'),
      durationSeconds: 12.345678901,
      // Beyond 2^32, where a bigint comes as text.
      sizeBytes: 5_000_000_000,
      videoCodec: 'h264',
      audioCodec: 'aac',
      width: 1280,
      height: 720,
      frameCount: 6_000_000_000,
      errorCode: 'media-unusable',
      errorMessage: 'nothing in it',
      journalKept: true,
      clientAddress: '2001:db8::1',
      hasThumbnail: true,
      hasPreview: true,
      hasStoryboard: true,
      loudnessLufs: -18.25,
      loudnessRangeLu: 5.5,
      truePeakDbtp: -1.125,
      playbackEpoch: 3,
    } as const;
    const { updatedAt, ...stored } = await store.insert(full);
    t.strictSame(stored, full);
    t.ok(updatedAt instanceof Date);
  });

  t.test('a change touches what it names, and the time of the change', async t => {
    const store = await storeIn();
    const before = await store.insert({ id: idOf(1), ...least, mimeType: 'video/webm' });
    const after = await store.update(idOf(1), { state: 'live', startedAt: new Date(5), mimeType: null });
    t.match(after, { state: 'live', startedAt: new Date(5), mimeType: null, title: 'Standup' });
    t.strictSame(after?.createdAt, before.createdAt);
    t.ok(Number(after?.updatedAt) >= Number(before.updatedAt));
    t.match(await store.update(idOf(1), {}), { state: 'live' }, 'an empty change is none');
    t.equal(await store.update(idOf(9), { state: 'live' }), undefined);
  });

  t.test('a file that is whole is received once, and a video that is further stays as it is', async t => {
    const store = await storeIn();
    await store.insert({ id: idOf(1), ...least, state: 'uploading' });
    t.match(await store.received(idOf(1), { mimeType: 'video/mp4' }), {
      isNews: true,
      video: { state: 'processing', mimeType: 'video/mp4' },
    });
    t.match(await store.received(idOf(1)), { isNews: false, video: { state: 'processing' } });
    for (const state of ['ready', 'failed'] as const) {
      await store.update(idOf(1), { state });
      t.match(await store.received(idOf(1), { title: 'Later' }), {
        isNews: false,
        video: { state, title: 'Standup' },
      });
    }
    t.equal(await store.received(idOf(2)), undefined);
  });

  t.test('a removed video is gone, and its replies stay', async t => {
    const store = await storeIn();
    await store.insert({ id: idOf(1), ...least });
    await store.insert({ id: idOf(2), ...least, replyTo: idOf(1) });
    t.equal(await store.remove(idOf(1)), true);
    t.equal(await store.remove(idOf(1)), false);
    t.equal(await store.find(idOf(1)), undefined);
    t.match(await store.find(idOf(2)), { replyTo: null });
  });

  t.test('a reply to nothing is refused by the name of its field', async t => {
    const store = await storeIn();
    const refused = { code: 'validation-failed', facts: { errors: [{ path: 'replyTo' }] } };
    await t.rejects(store.insert({ id: idOf(2), ...least, replyTo: idOf(1) }), refused);
    await store.insert({ id: idOf(2), ...least });
    await t.rejects(store.update(idOf(2), { replyTo: idOf(1) }), refused);
  });

  t.test('pages hold every video once, newest first, also when times are equal and others come', async t => {
    const store = await storeIn();
    // Newest first, and by id where times are equal.
    const newest = [9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2].map(idOf);
    for (let number = 0; number < 12; number++) {
      // Three share each time.
      const createdAt = new Date(1_000 * Math.floor(number / 3));
      await store.insert({ id: idOf(number), ...least, createdAt });
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 10; page++) {
      const { items, nextCursor } = await store.list({ limit: 5, cursor });
      seen.push(...items.map(item => item.id));
      if (page === 0) await store.insert({ id: idOf(99), ...least, createdAt: new Date(50_000) });
      if (nextCursor === null) break;
      cursor = nextCursor;
    }
    t.strictSame(seen, newest);
    t.match(await store.list({ limit: 13 }), { items: { length: 13 }, nextCursor: null }, 'exactly all');
    await t.rejects(store.list({ limit: 5, cursor: 'page-2' }), { code: 'validation-failed' });
  });

  t.test('a listing can be narrowed to a state and a visibility', async t => {
    const store = await storeIn();
    await store.insert({ id: idOf(1), ...least, state: 'ready' });
    await store.insert({ id: idOf(2), ...least, state: 'ready', visibility: 'unlisted' });
    await store.insert({ id: idOf(3), ...least, state: 'live' });
    const ids = async (narrowed: object) =>
      (await store.list({ limit: 9, ...narrowed })).items.map(item => item.id);
    t.strictSame(await ids({ state: 'ready' }), [idOf(2), idOf(1)]);
    t.strictSame(await ids({ state: 'ready', visibility: 'public' }), [idOf(1)]);
    t.strictSame(await ids({ visibility: 'public' }), [idOf(3), idOf(1)]);
  });

  t.test('a start finds what was not over, oldest first, and how many take room', async t => {
    const store = await storeIn();
    const states = ['ready', 'processing', 'interrupted', 'failed', 'live', 'created', 'uploading'] as const;
    for (const [number, state] of states.entries()) {
      await store.insert({ id: idOf(number), ...least, state, createdAt: new Date(1_000 * number) });
    }
    const unfinished = await store.unfinished();
    t.strictSame(
      unfinished.map(video => video.state),
      ['processing', 'interrupted', 'live', 'created'],
    );
    t.equal(await store.countActive(), 3);
  });

  t.test('an insert whose answer was lost is not an error when it is tried again', async t => {
    const database = await server.openEmpty();
    const store = new VideoStore({
      run: async work => {
        await database.run(work);
        return database.run(work);
      },
    });
    const stored = await store.insert({ id: idOf(1), ...least, title: 'once' });
    t.match(stored, { id: idOf(1), title: 'once' });
    t.equal(await store.countActive(), 1);
    await t.rejects(new VideoStore(database).insert({ id: idOf(1), ...least }), /duplicate key/);
  });

  t.test('text that tries to be SQL is only text', async t => {
    const store = await storeIn();
    const title = `'; drop table videos; --`;
    await store.insert({ id: idOf(1), ...least, title });
    t.match(await store.find(idOf(1)), { title });
    t.equal(await store.find(`' or '1'='1`), undefined);
  });
}
