import t from 'tap';
import { openAccounts } from '../../src/accounts/open-accounts.ts';
import { PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { type LoginAnswer, loginAnswer } from '../../src/api/account.ts';
import { startEmbedded } from '../library/video-database.ts';
import { bearer, cookiesOf, password, signUp } from './people.ts';
import { startApi } from './running-api.ts';

const server = await startEmbedded(t);
const authSecret = 'the secret of two servers that share a database';

t.test('people come in and go out', async t => {
  const { call, accounts, database } = await startApi(t, { server, authSecret });
  const logIn = (email: string, given: string, from = '192.0.2.1') =>
    call('/api/v1/logins', {
      method: 'POST',
      headers: { 'x-forwarded-for': from },
      body: { email, password: given },
    });
  const refresh = (refreshToken: string) =>
    call('/api/v1/logins/refresh', { method: 'POST', body: { refreshToken } });
  const me = (headers: object) => call('/api/v1/account', { headers: { ...headers } });

  t.test('signing up logs in, and an address is taken once, however it is typed', async t => {
    const body = { email: ' Ada@Example.com ', password, name: ' Ada ' };
    const made = await call('/api/v1/accounts', { method: 'POST', body });
    t.equal(made.status, 201);
    t.equal(made.headers['cache-control'], 'no-store');
    const { account, accessToken, expiresInSeconds } = loginAnswer.parse(made.json);
    t.match(account, { email: 'ada@example.com', name: 'Ada', level: 'free', role: 'user' });
    t.equal(expiresInSeconds, 600);
    t.match((await me(bearer(accessToken))).json, { id: account.id, usage: { sessions: 0 } });
    t.notMatch(made.text, /scrypt/);
    t.match(await call('/api/v1/accounts', { method: 'POST', body }), {
      status: 409,
      json: { code: 'email-taken' },
    });
    for (const [wrong, path] of [
      [{ ...body, email: 'ada' }, 'email'],
      [{ ...body, email: 'a@b@c' }, 'email'],
      [{ ...body, password: 'short' }, 'password'],
      [{ ...body, password: 'x'.repeat(1_001) }, 'password'],
      [{ ...body, name: ' ' }, 'name'],
      [{ ...body, role: 'admin' }, 'role'],
      [{ ...body, level: 'pro' }, 'level'],
    ] as const) {
      const answer = await call('/api/v1/accounts', { method: 'POST', body: wrong });
      t.match(answer, { status: 400, json: { code: 'validation-failed', errors: [{ path }] } });
    }
  });

  t.test('nobody learns who has an account, from the answer or from its time', async t => {
    await signUp(call, 'eve');
    const tries = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 4; round += 1) {
      for (const [kind, email] of [
        ['known', 'eve@example.com'],
        ['unknown', `nobody${round}@example.com`],
      ] as const) {
        const begun = performance.now();
        const answer = await logIn(email, 'not the password', '192.0.2.2');
        tries[kind].push(performance.now() - begun);
        t.match(answer, { status: 401, json: { code: 'login-failed' } });
        t.equal((answer.json as { detail: string }).detail, 'The e-mail address or the password is wrong.');
      }
    }
    // The hash takes hundreds of milliseconds: without one the answer would come in a hundredth of that.
    const [known, unknown] = [Math.min(...tries.known), Math.min(...tries.unknown)];
    t.ok(unknown > known / 2 && known > unknown / 2, `${Math.round(known)} ms and ${Math.round(unknown)} ms`);
  });

  t.test('wrong log-ins are counted by account, and do not lock its owner out', async t => {
    const { email } = await signUp(call, 'bob', '192.0.2.10');
    await logIn(email, password, '192.0.2.10');
    const wrong = await Promise.all(
      Array.from({ length: 12 }, (_, index) => logIn(email, 'wrong one', `198.51.100.${index}`)),
    );
    t.same(wrong.map(({ status }) => status).sort(), [...Array(10).fill(401), 429, 429]);
    const refused = await logIn(email, password, '198.51.100.99');
    t.match(refused, { status: 429, json: { code: 'too-many-requests', retryAfterSeconds: Number } });
    t.ok(Number(refused.headers['retry-after']) > 800);
    t.equal((await logIn(email, password, '192.0.2.10')).status, 200, 'from where the owner was before');
    const nobody = await Promise.all(
      Array.from({ length: 11 }, (_, index) => logIn('none@example.com', 'x', `198.51.101.${index}`)),
    );
    t.ok(
      nobody.some(({ status }) => status === 429),
      'an account that is not there is counted the same',
    );
  });

  t.test('wrong log-ins are counted by address, whatever the account', async t => {
    const from = (index: number) => `2001:db8:5:5::${index.toString(16)}`;
    const answers = await Promise.all(
      Array.from({ length: 33 }, (_, index) => logIn(`who${index}@example.com`, 'x', from(index))),
    );
    t.equal(answers.filter(({ status }) => status === 429).length, 3, 'one network is one address');
  });

  t.test('a refresh token is good once; a second use ends the login', async t => {
    const { refreshToken, accessToken } = await signUp(call, 'carol');
    const second = (await refresh(refreshToken)).json as LoginAnswer;
    t.match(second, { account: { email: 'carol@example.com' }, expiresInSeconds: 600 });
    t.not(second.refreshToken, refreshToken);
    const third = (await refresh(second.refreshToken)).json as LoginAnswer;
    t.equal((await me(bearer(third.accessToken))).status, 200);
    t.match(await refresh(refreshToken), { status: 401, json: { code: 'refresh-token-reused' } });
    for (const token of [third.refreshToken, second.refreshToken]) {
      t.match(
        await refresh(token),
        { status: 401, json: { code: 'unauthorized' } },
        'the whole family is over',
      );
    }
    for (const token of [accessToken, third.accessToken]) {
      t.match(await me(bearer(token)), { status: 401, json: { code: 'unauthorized' } }, 'at once');
    }
  });

  t.test('tokens of the wrong kind, or of nobody, are refused', async t => {
    const { refreshToken, accessToken } = await signUp(call, 'dan');
    t.match(await refresh(accessToken), { status: 401, json: { code: 'unauthorized' } });
    t.match(await me(bearer(refreshToken)), { status: 401 });
    t.match(await refresh('x'), { status: 401 });
    t.match(await refresh(''), { status: 401 });
    t.match(await call('/api/v1/logins/refresh', { method: 'POST' }), { status: 401 });
    t.match(await me(bearer(`${accessToken}x`)), { status: 401 });
    t.match(await me({}), { status: 401, headers: { 'www-authenticate': /Bearer/ } });
    const list = await call('/api/v1/videos', { headers: bearer(`${accessToken}x`) });
    t.equal(list.status, 401, 'a bad token is refused where none was needed, too');
  });

  t.test('of many who come with one refresh token to two servers one is first', async t => {
    const other = await openAccounts({
      database,
      secretFile: '/nowhere',
      settings: {
        access: 'open',
        authSecret,
        adminEmails: [],
        quotas: { free: none, pro: none, 'pro-plus': none },
        maxSignUpsPerAddress: 1,
      },
      videos: { deleteVideosOf: async () => 0 },
      log: { info() {}, warn() {}, error() {} } as never,
    });
    t.teardown(() => other.close());
    const { refreshToken } = await signUp(call, 'frank');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? other : accounts).logins.refresh(refreshToken)),
    );
    const won = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    t.ok(won.length <= 1, `${won.length} were first`);
    const reasons = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    t.ok(reasons.includes('refresh-token-reused'));
    for (const { tokens } of won) {
      await t.rejects(other.logins.refresh(tokens.refreshToken), { code: 'unauthorized' }, 'nobody keeps it');
    }
  });

  t.test('logging out ends both tokens at once', async t => {
    const { refreshToken, headers } = await signUp(call, 'grace');
    const out = () => call('/api/v1/logins/current', { method: 'DELETE', headers });
    t.equal((await out()).status, 204);
    t.equal((await me(headers)).status, 401);
    t.match(await refresh(refreshToken), { status: 401, json: { code: 'unauthorized' } });
    t.equal((await call('/api/v1/logins/current', { method: 'DELETE' })).status, 401);
  });

  t.test('a page is logged in by cookies that no script and no other page gets at', async t => {
    const answer = await logIn('grace@example.com', password);
    const [access, kept] = answer.headers['set-cookie'] ?? [];
    t.match(access, /^livereel_access=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Strict$/);
    t.match(
      kept,
      /^livereel_refresh=[\w.-]+; Path=\/api\/v1\/logins; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookiesOf(answer);
    t.match(await me({ cookie }), { status: 200, json: { name: 'grace' } });
    for (const foreign of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
    ]) {
      t.match(await me({ cookie, ...foreign }), { status: 401 }, JSON.stringify(foreign));
    }
    for (const own of [{ 'sec-fetch-site': 'same-origin' }, { origin: 'http://localhost:8000' }]) {
      t.match(await me({ cookie, ...own }), { status: 200 });
    }
    const again = (headers: object) =>
      call('/api/v1/logins/refresh?token=x', { method: 'POST', headers: { cookie, ...headers } });
    t.match(await again({ 'sec-fetch-site': 'same-site' }), { status: 401 }, 'a neighbour does not refresh');
    const fresh = await again({ 'sec-fetch-site': 'same-origin' });
    t.same(
      Object.keys(fresh.json as object).sort(),
      ['account', 'expiresInSeconds'],
      'no script sees a token',
    );
    t.match(await me({ cookie: cookiesOf(fresh) }), { status: 200 });
    const change = { method: 'PATCH', body: { name: 'Mallory' } };
    const forged = {
      cookie: cookiesOf(fresh),
      'sec-fetch-site': 'same-site',
      origin: 'http://evil.localhost',
    };
    t.match(await call('/api/v1/account?token=x', { ...change, headers: forged }), { status: 401 });
    const out = await call('/api/v1/logins/current', {
      method: 'DELETE',
      headers: { cookie: cookiesOf(fresh), 'sec-fetch-site': 'same-origin' },
    });
    t.equal(out.status, 204);
    t.match(out.headers['set-cookie'], [/^livereel_access=;.*Max-Age=0/, /^livereel_refresh=;.*Max-Age=0/]);
    t.match(await me({ cookie: cookiesOf(fresh) }), { status: 401 });
    const secure = await call('/api/v1/logins', {
      method: 'POST',
      headers: { 'x-forwarded-proto': 'https' },
      body: { email: 'grace@example.com', password },
    });
    t.match(secure.headers['set-cookie'], [/; Secure$/, /; Secure$/]);
  });

  t.test('a hash of lower cost is made anew when its owner logs in', async t => {
    const { id, email } = await signUp(call, 'heidi');
    await accounts.store.update(id, {
      passwordHash: await new PasswordHasher({ log2N: 12, r: 8, p: 1 }).hash(password),
    });
    t.equal((await logIn(email, password)).status, 200);
    t.match((await accounts.store.find(id))?.passwordHash, /^\$scrypt\$ln=13,r=8,p=1\$/);
    t.equal((await logIn(email, password)).status, 200);
  });
});

t.test('sign-ups are counted by address', async t => {
  const { call } = await startApi(t, { server, maxSignUpsPerAddress: 2 });
  await signUp(call, 'one');
  await t.rejects(signUp(call, 'one'), /email-taken/);
  await t.rejects(signUp(call, 'two'), /too-many-requests/);
  await signUp(call, 'two', '192.0.2.2');
  const closed = await startApi(t, { server, maxSignUpsPerAddress: 0 });
  await t.rejects(signUp(closed.call, 'one'), /Nobody signs up here/);
});

const none = { minutes: null, bytes: null, sessions: null };
