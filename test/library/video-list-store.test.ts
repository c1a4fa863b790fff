import t from 'tap';
import { type VideoSort, videoSorts } from '../../src/api/video.ts';
import { type ListedVideo, VideoStore } from '../../src/library/video-store.ts';
import { randomId } from '../../src/store/random-id.ts';
import { startEmbedded } from './video-database.ts';

const least = {
  state: 'created',
  title: 'Standup',
  visibility: 'public',
  input: 'chunks',
  language: 'auto',
  captions: true,
} as const;
const idOf = (number: number) => `video${String(number).padStart(7, '0')}`;
const server = await startEmbedded(t);
const storeIn = async () => new VideoStore(await server.openEmpty());

t.test('each order holds while videos come, go and are equal, and what is not known comes last', async t => {
  const store = await storeIn();
  const titles = ['Part 10', 'part 2', 'Äpfel', 'apfel', 'Zoo', '…', 'Part 2'];
  for (let number = 0; number < 14; number++) {
    await store.insert({
      id: idOf(number),
      ...least,
      title: titles[number % 7] ?? '',
      createdAt: new Date(1_000 * (number % 4)),
      ...(number % 5 && { durationSeconds: (number % 5) * 1.1, sizeBytes: 2 ** 40 + (number % 3) }),
    });
  }
  const all = async (sort: VideoSort, between: (page: number) => Promise<unknown>) => {
    const seen: ListedVideo[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 20; page++) {
      const { items, nextCursor } = await store.list({ limit: 3, sort, cursor });
      seen.push(...items);
      await between(page);
      if (nextCursor === null) return seen;
      cursor = nextCursor;
    }
    throw new Error('the list never ends');
  };
  const ids = (rows: readonly ListedVideo[]) => rows.map(({ id }) => id);
  const still = async () => undefined;
  const newest = await all('newest', still);
  t.strictSame(ids(await all('oldest', still)), ids(newest).reverse());
  const longest = await all('longest', still);
  t.strictSame(
    longest.map(({ durationSeconds }) => durationSeconds),
    longest
      .map(row => row.durationSeconds ?? -1)
      .sort((one, other) => other - one)
      .map(known => (known < 0 ? null : known)),
  );
  t.equal((await all('largest', still)).at(0)?.sizeBytes, 2 ** 40 + 2);
  t.strictSame(
    (await all('title', still)).map(({ title }) => title).join(),
    '…,…,Äpfel,apfel,Äpfel,apfel,part 2,Part 2,part 2,Part 2,Part 10,Part 10,Zoo,Zoo',
  );

  for (const sort of videoSorts) {
    const before = ids(await all(sort, still));
    const gone = before[2] ?? '';
    const row = await store.find(gone);
    const seen = await all(sort, async page => {
      // The very one at which the page ended goes, and others come in front and behind.
      if (page === 0) await store.remove(gone);
      if (page < 3)
        await store.insert({
          id: randomId(),
          ...least,
          title: 'Q',
          durationSeconds: page,
          createdAt: new Date(500 * page),
        });
    });
    const old = ids(seen).filter(id => before.includes(id));
    t.strictSame(old, before, sort);
    t.equal(new Set(ids(seen)).size, seen.length, 'none twice');
    for (const { id } of seen) if (!before.includes(id)) await store.remove(id);
    if (row) await store.insert(row);
  }
});

t.test('a cursor leads on in its own list only', async t => {
  const store = await storeIn();
  for (let number = 0; number < 3; number++) await store.insert({ id: idOf(number), ...least });
  for (const listing of [{}, { sort: 'title' }, { sort: 'longest' }, { state: 'ready' }] as const) {
    const { nextCursor: cursor } = await store.list({ limit: 1, ...listing });
    if (cursor === null) continue;
    t.match(await store.list({ limit: 1, ...listing, cursor }), { items: { length: 1 } });
    for (const other of [
      { sort: 'oldest' },
      { state: 'failed' },
      { ownerId: null },
      { replyTo: idOf(1) },
      { visibility: 'private' },
    ] as const) {
      const refused = { code: 'validation-failed', message: /another order or other filters/ };
      await t.rejects(store.list({ limit: 1, ...listing, ...other, cursor }), refused);
    }
  }
});

t.test('a listing can be narrowed to an owner, to nobody, to answers', async t => {
  const database = await server.openEmpty();
  const store = new VideoStore(database);
  const account = { id: idOf(77), email: 'a@b.example', name: 'A', password_hash: '' };
  await database.run(knex => knex('accounts').insert(account));
  await store.insert({ id: idOf(1), ...least, ownerId: account.id, visibility: 'private' });
  await store.insert({ id: idOf(2), ...least, replyTo: idOf(1) });
  const ids = async (narrowed: object) =>
    (await store.list({ limit: 9, ...narrowed })).items.map(item => item.id);
  t.strictSame(await ids({ ownerId: account.id }), [idOf(1)]);
  t.strictSame(await ids({ ownerId: account.id, visibility: 'public' }), []);
  t.strictSame(await ids({ ownerId: null }), [idOf(2)]);
  t.strictSame(await ids({ replyTo: idOf(1) }), [idOf(2)]);
  t.strictSame(await ids({ ownerId: idOf(5) }), []);
});
