import t from 'tap';
import { type VideoPage, videoPage, videoSorts } from '../../src/api/video.ts';
import { randomId } from '../../src/store/random-id.ts';
import { startApi } from './running-api.ts';

const { call, database, state, videos } = await startApi(t);

const ada = { kind: 'person', accountId: 'adaadaadaada', role: 'user', level: 'free', login: null } as const;
const bob = { ...ada, accountId: 'bobbobbobbob' };
const admin = { ...ada, accountId: 'adminadminad', role: 'admin' } as const;
for (const { accountId: id } of [ada, bob, admin]) {
  await database.run(knex =>
    knex('accounts').insert({ id, email: `${id}@x.example`, name: id, password_hash: '' }),
  );
}
for (const [owner, ownerId] of [
  ...[ada, bob].map(({ accountId }) => [accountId.slice(0, 3), accountId]),
  ['nobody', null],
]) {
  for (const visibility of ['public', 'unlisted', 'private'] as const) {
    await videos.insert({
      id: randomId(),
      title: `${visibility} of ${owner}`,
      ownerId: ownerId ?? null,
      visibility,
      state: 'ready',
      input: 'chunks',
      language: 'auto',
      captions: true,
    });
  }
}

/** The titles that are listed, page for page, in the order of the alphabet. */
async function titles(query: string): Promise<string[]> {
  const seen: string[] = [];
  for (let cursor = ''; ; ) {
    const { status, json } = await call(`/api/v1/videos?limit=2&sort=title&${query}${cursor}`);
    t.equal(status, 200, query);
    const page: VideoPage = videoPage.parse(json);
    seen.push(...page.items.map(({ title }) => title));
    if (page.nextCursor === null) return seen;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

// Of each of them one more that came to nothing.
for (const ownerId of [ada.accountId, bob.accountId, null]) {
  const id = randomId();
  await videos.insert({
    ...{ id, title: `spoilt of ${ownerId?.slice(0, 3) ?? 'nobody'}`, ownerId, visibility: 'public' },
    ...{ state: 'failed', input: 'upload', language: 'auto', captions: true },
  });
  await videos.update(id, { errorCode: 'media-unusable', errorMessage: 'No picture in /home/ada/x.mp4.' });
}

const everyones = ['public of ada', 'public of bob', 'public of nobody'];
const allOf = (name: string) =>
  ['private', 'public', 'spoilt', 'unlisted'].map(visibility => `${visibility} of ${name}`);

t.test('whoever asks, the list as such holds what is public', async t => {
  for (const asker of [{ kind: 'anyone' }, { kind: 'owner-of-all' }, ada, admin] as const) {
    state.asker = asker;
    t.strictSame(await titles(''), everyones, asker.kind);
  }
});

t.test("one's own are all listed, others' only as far as they are public", async t => {
  state.asker = ada;
  t.strictSame(await titles('owner=me'), allOf('ada'));
  t.strictSame(await titles(`owner=${ada.accountId}`), allOf('ada'));
  t.strictSame(await titles(`owner=${bob.accountId}`), ['public of bob']);
  state.asker = admin;
  t.strictSame(await titles(`owner=${bob.accountId}`), allOf('bob'));
  t.strictSame(await titles('owner=me'), []);
  state.asker = { kind: 'owner-of-all' };
  t.strictSame(await titles('owner=me'), allOf('nobody'), 'at the machine itself');
  t.strictSame(await titles(`owner=${bob.accountId}`), ['public of bob']);
  state.asker = { kind: 'anyone' };
  t.strictSame(await titles(`owner=${bob.accountId}`), ['public of bob']);
  t.strictSame(await titles('owner=unknownuser1'), []);
  t.match(await call('/api/v1/videos?owner=me'), { status: 401, json: { code: 'unauthorized' } });
});

t.test('what came to nothing is listed for its owner alone, and only its owner is told why', async t => {
  const spoilt = (await database.run(knex =>
    knex('videos').where({ state: 'failed', owner_id: ada.accountId }).first('id'),
  )) as { id: string };
  const told = async (asker: typeof state.asker, query = '') => {
    state.asker = asker;
    return (await call(`/api/v1/videos/${spoilt.id}${query}`)).json;
  };
  const whole = { code: 'media-unusable', message: 'No picture in /home/ada/x.mp4.' };
  const general = { code: 'media-unusable', message: 'The media cannot be used.' };
  t.match(await told(ada), { state: 'failed', error: whole });
  t.match(await told(admin), { error: whole });
  for (const other of [bob, { kind: 'anyone' }, { kind: 'owner-of-all' }] as const) {
    t.strictSame(((await told(other)) as { error: object }).error, general, other.kind);
    for (const query of ['state=failed', `owner=${ada.accountId}&state=failed`])
      t.strictSame(await titles(query), [], `${other.kind} ${query}`);
  }
  state.asker = ada;
  t.strictSame(await titles('owner=me&state=failed'), ['spoilt of ada']);
  // What a server says of its own keeping is nothing for others at all.
  await videos.update(spoilt.id, { state: 'ready', errorCode: 'journal-kept', errorMessage: 'damaged' });
  t.match(await told(ada), { error: { code: 'journal-kept' } });
  t.match(await told(bob), { state: 'ready', error: null });
  const listed = videoPage.parse((await call('/api/v1/videos?state=ready')).json).items;
  t.strictSame(listed.find(({ id }) => id === spoilt.id)?.error, null);
  await videos.update(spoilt.id, { state: 'failed' });
});

t.test("a cursor of one's own list leads nobody else into it", async t => {
  state.asker = ada;
  const { nextCursor } = videoPage.parse((await call('/api/v1/videos?owner=me&limit=1')).json);
  state.asker = bob;
  const stolen = `/api/v1/videos?limit=1&cursor=${nextCursor}&owner=`;
  for (const owner of ['me', ada.accountId, bob.accountId]) {
    t.match(await call(`${stolen}${owner}`), { status: 400, json: { errors: [{ path: 'cursor' }] } }, owner);
  }
});

t.test('words of the title find a video, in any order and case, with and without accents', async t => {
  state.asker = ada;
  const named = ['Über den Garten 12', '100 % cotton_wool'];
  for (const title of named) {
    const id = randomId();
    await videos.insert({
      ...{ id, title, ownerId: null, visibility: 'public', state: 'ready', input: 'upload' },
      ...{ language: 'auto', captions: true },
    });
  }
  const found = (title: string) => titles(`title=${encodeURIComponent(title)}`);
  for (const words of ['garten', 'GART uber', 'garten 1', ' über  12 ', 'gärten', 'd ub'])
    t.strictSame(await found(words), [named[0]], words);
  for (const words of ['100 %', 'cotton_', '%']) t.strictSame(await found(words), [named[1]], words);
  t.strictSame(await found('garten cotton'), [], 'all of them');
  t.strictSame(await found('garten 2'), [], 'one or two letters begin a word');
  t.strictSame(await found('c_tton'), [], 'signs mean themselves');
  t.strictSame(await titles('title=of&owner=me'), allOf('ada'));
  t.equal((await titles('title=')).length, everyones.length + named.length, 'nothing is no filter');
});

t.test('sorts, owners and answers are what they may be, else the wrong one is named', async t => {
  for (const sort of videoSorts) t.equal((await call(`/api/v1/videos?sort=${sort}`)).status, 200);
  for (const wrong of ['sort=best', 'owner=you', 'replyTo=x', 'title=%00', `cursor=${'x'.repeat(1_001)}`]) {
    const refusal = { status: 400, json: { errors: [{ path: wrong.split('=')[0] }] } };
    t.match(await call(`/api/v1/videos?${wrong}`), refusal, wrong.slice(0, 20));
  }
});
