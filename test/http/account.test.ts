import t from 'tap';
import type { LoginAnswer, NewApiKeyAnswer } from '../../src/api/account.ts';
import { startEmbedded } from '../library/video-database.ts';
import { bearer, password, signUp } from './people.ts';
import { startApi } from './running-api.ts';

const server = await startEmbedded(t);

t.test("one's own account", async t => {
  const { call, accounts, videos, database } = await startApi(t, { server, access: 'accounts' });
  const logIn = (email: string, given: string) =>
    call('/api/v1/logins', { method: 'POST', body: { email, password: given } });
  const publish = (headers: object = {}, body: object = {}) =>
    call('/api/v1/sessions', { method: 'POST', headers: { ...headers }, body });
  const own = (method: string, headers: object, body?: object) =>
    call('/api/v1/account', { method, headers: { ...headers }, ...(body && { body }) });

  t.test('a name is changed as one likes, a password with the present one', async t => {
    const { headers, email, refreshToken } = await signUp(call, 'ada');
    const elsewhere = (await logIn(email, password)).json as LoginAnswer;
    t.match(await own('PATCH', headers, { name: 'Ada L.' }), {
      status: 200,
      json: { name: 'Ada L.', email },
    });
    for (const wish of [{ password: 'another password' }, { email: 'ada2@example.com' }]) {
      const missing = { status: 400, json: { errors: [{ path: 'currentPassword' }] } };
      t.match(await own('PATCH', headers, wish), missing);
      const wrong = { status: 401, json: { code: 'login-failed' } };
      t.match(await own('PATCH', headers, { ...wish, currentPassword: 'wrong' }), wrong);
    }
    t.match(await own('PATCH', headers, { level: 'pro' }), { status: 400 });
    const change = { password: 'another password', email: 'ADA2@example.com', currentPassword: password };
    t.match(await own('PATCH', headers, change), { status: 200, json: { email: 'ada2@example.com' } });
    t.equal((await own('GET', headers)).status, 200, 'this login goes on');
    t.equal((await own('GET', bearer(elsewhere.accessToken))).status, 401, 'all others are over');
    t.equal((await logIn('ada2@example.com', password)).status, 401);
    t.equal((await logIn('ada2@example.com', 'another password')).status, 200);
    const again = await call('/api/v1/logins/refresh', { method: 'POST', body: { refreshToken } });
    t.equal(again.status, 200);
    await signUp(call, 'bea');
    const taken = { email: 'bea@example.com', currentPassword: 'another password' };
    t.match(await own('PATCH', headers, taken), { status: 409, json: { code: 'email-taken' } });
    const guesses = await Promise.all(
      Array.from({ length: 11 }, () => own('PATCH', headers, { password, currentPassword: 'guess' })),
    );
    t.ok(
      guesses.some(({ status }) => status === 429),
      'who found an open page does not guess for long',
    );
  });

  t.test('a script publishes with an API key, until that is revoked', async t => {
    const { headers, id: ownerId } = await signUp(call, 'carl');
    const keys = '/api/v1/account/api-keys';
    const made = await call(keys, { method: 'POST', headers, body: { name: 'Garden camera' } });
    t.equal(made.status, 201);
    t.equal(made.headers['cache-control'], 'no-store');
    const { key, ...told } = made.json as NewApiKeyAnswer;
    t.match(key, /^lrk_[0-9A-Za-z]{40}$/);
    t.match(told, { name: 'Garden camera', lastUsedAt: null });
    t.match((await call(keys, { headers })).json, { items: [told] });
    t.notMatch((await call(keys, { headers })).text, key, 'it is shown once');
    const stored = await database.run(knex => knex('api_keys').select('*'));
    t.notMatch(JSON.stringify(stored), key.slice(4), 'it is kept as a hash');

    const published = await publish(bearer(key), { visibility: 'private' });
    t.equal(published.status, 201);
    const { id } = published.json as { id: string };
    t.match(await videos.find(id), { ownerId, ownerName: 'carl' });
    t.match(await call(`/api/v1/videos/${id}`, { headers: bearer(key) }), {
      json: { owner: { id: ownerId, name: 'carl' } },
    });
    t.match((await call(keys, { headers })).json, { items: [{ lastUsedAt: String }] });
    for (const [path, method, body] of [
      ['/api/v1/account', 'DELETE'],
      ['/api/v1/account', 'PATCH', { password: 'x'.repeat(9), currentPassword: password }],
      [keys, 'GET'],
      [keys, 'POST', { name: 'more' }],
      [`${keys}/${told.id}`, 'DELETE'],
    ] as const) {
      const answer = await call(path, { method, headers: bearer(key), ...(body && { body }) });
      t.match(answer, { status: 403, json: { code: 'forbidden' } }, `a key does not do ${method} ${path}`);
    }
    const other = await signUp(call, 'dora');
    const revoke = { method: 'DELETE', headers: other.headers };
    t.equal((await call(`${keys}/${told.id}`, revoke)).status, 404, "not somebody else's");
    t.equal((await call(`${keys}/${told.id}`, { ...revoke, headers })).status, 204);
    t.match(await publish(bearer(key)), { status: 401, json: { code: 'unauthorized' } });
    t.match(await publish(bearer('lrk_guessed')), { status: 401 });
  });

  t.test('a level carries quotas, which count when something begins', async t => {
    const { headers, id: ownerId } = await signUp(call, 'emil');
    const burst = await Promise.all(Array.from({ length: 5 }, () => publish(headers)));
    t.same(burst.map(({ status }) => status).sort(), [201, 201, 429, 429, 429], 'two live at once');
    const refused = burst.find(({ status }) => status === 429);
    t.match(refused?.json, { code: 'too-many-sessions', detail: /may have 2 live/ });
    const [first] = burst.flatMap(({ json }) => (json as { id?: string }).id ?? []) as [string];
    t.equal((await call(`/api/v1/sessions/${first}/end`, { method: 'POST', headers })).status, 200);
    t.equal((await publish(headers)).status, 201, 'one is over, one begins');

    const person = { kind: 'person', accountId: ownerId, role: 'user', level: 'pro', login: null } as const;
    const { quotas, store } = accounts;
    await videos.update(first, { durationSeconds: 6_000 * 60 - 100, sizeBytes: 90 * 1024 ** 3 });
    const upload = (wish: object) => quotas.admit(person, { kind: 'upload', ...wish }, async owner => owner);
    t.equal(await upload({}), ownerId);
    t.equal(await upload({ sizeBytes: 10 * 1024 ** 3, durationSeconds: 100 }), ownerId, 'to the brim');
    const over = { code: 'quota-exceeded' };
    await t.rejects(upload({ sizeBytes: 10 * 1024 ** 3 + 1 }), { ...over, message: /100 GiB/ });
    await t.rejects(upload({ durationSeconds: 101 }), { ...over, message: /6000 minutes/ });
    await t.rejects(
      publish(headers).then(({ json }) => Promise.reject(json)),
      { code: 'quota-exceeded' },
    );
    await store.update(ownerId, { level: 'pro-plus' });
    t.equal((await publish(headers)).status, 201, 'a higher level holds at once');
    t.match((await own('GET', headers)).json, {
      level: 'pro-plus',
      quota: { minutes: null, bytes: null, sessions: null },
      usage: { minutes: 6_000 - 100 / 60, bytes: 90 * 1024 ** 3, sessions: 3 },
    });
  });

  t.test('admins set levels; nobody else gets there', async t => {
    const [admin, user] = [await signUp(call, 'fred'), await signUp(call, 'gina')];
    const set = (headers: object, body: object) =>
      call(`/api/v1/accounts/${user.id}`, { method: 'PATCH', headers: { ...headers }, body });
    const forbidden = { status: 403, json: { code: 'forbidden' } };
    t.match(await set(user.headers, { level: 'pro' }), forbidden);
    t.match(await set(user.headers, { role: 'admin' }), forbidden);
    t.match(await call('/api/v1/accounts', { headers: user.headers }), forbidden);
    t.match(await call('/api/v1/accounts'), { status: 401 });
    t.same(await accounts.store.promote(['fred@example.com', 'nobody@example.com']), ['fred@example.com']);
    t.same(await accounts.store.promote(['fred@example.com']), []);
    t.match(await set(admin.headers, { level: 'pro' }), {
      status: 200,
      json: { level: 'pro', role: 'user' },
    });
    const page = await call('/api/v1/accounts?limit=1', { headers: admin.headers });
    const { items, nextCursor } = page.json as { items: { id: string }[]; nextCursor: string };
    t.equal(items.length, 1);
    const [first] = items;
    const from = (cursor: string) => call(`/api/v1/accounts?cursor=${cursor}`, { headers: admin.headers });
    const rest = await from(nextCursor);
    t.ok((rest.json as { items: { id: string }[] }).items.every(({ id }) => id !== first?.id));
    t.match(await from(`${first?.id}`), { status: 400, json: { code: 'validation-failed' } }, 'it is opaque');
    const hidden = (await publish(user.headers, { visibility: 'private' })).json as { id: string };
    t.equal((await call(`/api/v1/videos/${hidden.id}`, { headers: admin.headers })).status, 200);
  });

  t.test('deleting an account takes its videos, its keys and its logins along', async t => {
    const { headers, id: ownerId, email } = await signUp(call, 'hugo');
    const { id } = (await publish(headers)).json as { id: string };
    await call('/api/v1/account/api-keys', { method: 'POST', headers, body: { name: 'k' } });
    t.match(await own('DELETE', headers, { password: 'wrong' }), { status: 401 });
    await database.run(knex =>
      knex('logins')
        .where({ account_id: ownerId })
        .update({ created_at: new Date(Date.now() - 1_000_000) }),
    );
    t.match(await own('DELETE', headers), { status: 400 }, 'an old login has to give the password');
    const gone = await own('DELETE', headers, { password });
    t.equal(gone.status, 204);
    t.match(gone.headers['set-cookie'], [/Max-Age=0/, /Max-Age=0/]);
    t.equal(await videos.find(id), undefined);
    t.equal((await own('GET', headers)).status, 401);
    t.equal((await logIn(email, password)).status, 401);
    for (const table of ['accounts', 'logins', 'api_keys'] as const) {
      const column = table === 'accounts' ? 'id' : 'account_id';
      t.same(await database.run(knex => knex(table).where({ [column]: ownerId })), [], table);
    }
    await signUp(call, 'hugo');
  });

  t.test('what a stopped server left of an account is deleted at the next start', async t => {
    const { headers, id: ownerId } = await signUp(call, 'ivan');
    const { id } = (await publish(headers)).json as { id: string };
    await accounts.store.markDeleted(ownerId);
    t.equal((await publish(headers)).status, 401);
    await accounts.accounts.resume();
    t.equal(await videos.find(id), undefined);
    t.same(await accounts.store.deleted(), []);
  });
});

t.test('where an account is needed, nobody publishes without', async t => {
  const { call } = await startApi(t, { server, access: 'accounts', isOpenHere: false });
  const publish = { method: 'POST', body: {} };
  t.match(await call('/api/v1/sessions', publish), { status: 401, json: { code: 'unauthorized' } });
  t.match((await call('/api/v1/access')).json, { access: 'accounts', mayPublish: false, account: null });
  const { headers } = await signUp(call, 'ada');
  t.match((await call('/api/v1/access', { headers })).json, { mayPublish: true, account: { name: 'ada' } });
  t.equal((await call('/api/v1/sessions', { ...publish, headers })).status, 201);
  t.equal((await call('/api/v1/videos')).status, 200, 'watching is for all');
});

t.test('on an open server at this machine everything works without an account', async t => {
  const { call } = await startApi(t, { server, access: 'open', isOpenHere: true });
  const { headers } = await signUp(call, 'ada');
  const create = async (body: object, by: object = {}) => {
    const made = await call('/api/v1/sessions', { method: 'POST', body, headers: { ...by } });
    return `/api/v1/videos/${(made.json as { id: string }).id}`;
  };
  const nobodys = await create({ visibility: 'private' });
  const hers = await create({ visibility: 'private' }, headers);
  const open = await create({}, headers);
  t.match(await call(nobodys), { status: 200, json: { owner: null } });
  t.equal((await call(nobodys, { method: 'PATCH', body: { title: 'mine' } })).status, 200);
  t.equal((await call(hers)).status, 404, "somebody's private video is hers, also here");
  t.equal((await call(hers, { headers })).status, 200);
  t.match(await call(open, { method: 'DELETE' }), { status: 401 });
  for (const host of ['evil.example', '192.168.1.5:8000']) {
    t.equal((await call(nobodys, { headers: { host } })).status, 404, `${host} is not this machine`);
  }
  for (const foreign of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'http://evil.example' }]) {
    t.equal((await call(nobodys, { headers: foreign })).status, 404, 'a page from elsewhere is not here');
    const blindly = { method: 'POST', headers: foreign };
    t.match(await call('/api/v1/sessions?token=x', blindly), {
      status: 403,
      json: { code: 'cross-site-request' },
    });
  }
  t.equal((await call(nobodys, { headers: bearer('wrong') })).status, 404, 'a wrong token is wrong');
  const end = nobodys.replace('videos', 'sessions');
  t.equal((await call(`${end}/end`, { method: 'POST', headers: bearer('wrong') })).status, 404);
  t.equal((await call(`${end}/end`, { method: 'POST' })).status, 200);
  t.equal((await call(nobodys, { method: 'DELETE' })).status, 204);
});

type Door = readonly [method: string, path: string, body?: object];

t.test("somebody else's private video does not exist", async t => {
  const { call } = await startApi(t, { server, access: 'accounts' });
  const [ada, bob] = [await signUp(call, 'ada'), await signUp(call, 'bob')];
  const create = async (body: object) => {
    const made = await call('/api/v1/sessions', { method: 'POST', body, headers: ada.headers });
    return (made.json as { id: string }).id;
  };
  const [hidden, open] = [await create({ visibility: 'private' }), await create({})];
  const none = 'none00000000';
  const doors = (id: string): readonly Door[] => [
    ['GET', `/api/v1/videos/${id}`],
    ['PATCH', `/api/v1/videos/${id}`, { title: 'x' }],
    ['GET', `/api/v1/videos/${id}/tasks`],
    ['GET', `/api/v1/videos/${id}/transcript`],
    ['POST', `/api/v1/sessions/${id}/end`],
    ['POST', '/api/v1/sessions', { replyTo: id }],
    ['DELETE', `/api/v1/videos/${id}`],
  ];
  for (const headers of [bob.headers, {}, { cookie: bob.cookies }]) {
    for (const [index, [method, path, body]] of doors(hidden).entries()) {
      const [, nowhere, other] = doors(none)[index] as Door;
      const sent = { method, headers: { ...headers } };
      const found = await call(path, { ...sent, ...(body && { body }) });
      const missing = await call(nowhere, { ...sent, ...(other && { body: other }) });
      t.same([found.status, found.json], [missing.status, missing.json], `${method} ${path}`);
      t.ok(found.status >= 400 && found.status <= 404);
    }
  }
  for (const [method, path, body] of doors(open).filter(
    ([method]) => method === 'PATCH' || method === 'DELETE',
  )) {
    const answer = await call(path, { method, headers: bob.headers, ...(body && { body }) });
    t.match(answer, { status: 403, json: { code: 'forbidden' } }, 'seen by all, changed by its owner');
  }
  for (const [method, path, body] of doors(hidden).filter(([, path]) => path !== '/api/v1/sessions')) {
    const answer = await call(path, { method, headers: ada.headers, ...(body && { body }) });
    t.ok(answer.status < 300, `its owner: ${method} ${path} is ${answer.status}`);
  }
});
