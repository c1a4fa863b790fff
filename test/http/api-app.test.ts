import fc from 'fast-check';
import t from 'tap';
import { sessionAnswer } from '../../src/api/session.ts';
import { videoAnswer } from '../../src/api/video.ts';
import { LivereelError } from '../../src/errors.ts';
import { newId } from './rows-only-door.ts';
import { startApi } from './running-api.ts';

const sessionsPath = '/api/v1/sessions';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

t.test('the control plane over its socket', async t => {
  const { call, videos, sessions, state, logged, corrections, tasks } = await startApi(t);
  const create = async (body: object = {}) => {
    const created = await call(sessionsPath, { method: 'POST', body });
    return { created, ...sessionAnswer.parse(created.json) };
  };
  const refused = (status: number, code: string, more: object = {}) => ({
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    json: { type: `/docs/errors#${code}`, title: String, status, detail: String, code, ...more },
  });

  t.test('a session is created with addresses under the host that the client called', async t => {
    const headers = { host: '192.168.1.5:8000', 'x-forwarded-for': '6.6.6.6, 192.168.1.9' };
    const created = await call(sessionsPath, {
      method: 'POST',
      headers,
      body: { title: ' Standup ', language: 'en' },
    });
    const { id, ingestToken } = sessionAnswer.parse(created.json);
    t.equal(created.status, 201);
    t.equal(created.headers.location, `http://192.168.1.5:8000/api/v1/videos/${id}`);
    t.strictSame(created.json, {
      id,
      state: 'created',
      ingestToken,
      ingestUrl: `ws://192.168.1.5:8000/ingest/${id}?token=${ingestToken}`,
      whipUrl: `http://192.168.1.5:8000/whip/${id}`,
      playbackUrl: `http://192.168.1.5:8000/hls/${id}/index.m3u8`,
      eventsUrl: `http://192.168.1.5:8000/api/v1/videos/${id}/events`,
      watchUrl: `http://192.168.1.5:8000/watch/${id}`,
    });
    t.equal(sessions.lastAddress, '192.168.1.9');
    t.match(sessions.lastRequest, { title: 'Standup', language: 'en', input: 'chunks', captions: true });
  });

  t.test('without a body, or with an empty object, the defaults hold', async t => {
    const defaults = {
      input: 'chunks',
      title: 'Untitled',
      visibility: 'public',
      language: 'auto',
      captions: true,
    };
    t.equal((await call(sessionsPath, { method: 'POST' })).status, 201);
    t.strictSame(sessions.lastRequest, defaults);
    await create();
    t.strictSame(sessions.lastRequest, defaults);
    await create({ title: '   ' });
    t.strictSame(sessions.lastRequest, defaults);
    const chunks = [Buffer.from('{"title":'), Buffer.from('"in chunks"}')];
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    t.equal((await call(sessionsPath, { method: 'POST', chunks, headers })).status, 201);
    t.match(sessions.lastRequest, { title: 'in chunks' });
  });

  t.test('wrong values are refused field by field, and nothing is created', async t => {
    sessions.lastRequest = undefined;
    const body = {
      input: 'tape',
      frameRate: 0,
      title: 'x'.repeat(201),
      captions: 'yes',
      replyTo: '../x',
      colour: 1,
    };
    const answer = await call(sessionsPath, { method: 'POST', body });
    t.match(answer, refused(400, 'validation-failed'));
    const { errors } = answer.json as { errors: { path: string; message: string }[] };
    t.strictSame(errors.map(error => error.path).sort(), Object.keys(body).sort());
    t.ok(errors.every(error => error.message.length > 5));
    for (const title of ['nul \0', 'bell \x07', 'two\nlines']) {
      t.match(
        await call(sessionsPath, { method: 'POST', body: { title } }),
        refused(400, 'validation-failed', { errors: [{ path: 'title' }] }),
      );
    }
    for (const body of ['null', '[]', '"x"', '7']) {
      const headers = { 'content-type': 'application/json' };
      t.match(
        await call(sessionsPath, { method: 'POST', body, headers }),
        refused(400, 'validation-failed', { errors: [{ path: '' }] }),
      );
    }
    t.equal(sessions.lastRequest, undefined);
    t.match(
      await call(sessionsPath, { method: 'POST', body: { replyTo: newId() } }),
      refused(400, 'validation-failed', { errors: [{ path: 'replyTo' }] }),
    );
  });

  t.test('a refusal is short, however much was wrong', async t => {
    const body = Object.fromEntries(Array.from({ length: 20_000 }, (_, number) => [`key${number}`, 1]));
    const answer = await call(sessionsPath, { method: 'POST', body: { ...body, ['x'.repeat(9_999)]: 1 } });
    t.match(answer, refused(400, 'validation-failed', { errors: { length: 20 } }));
    t.ok(answer.text.length < 5_000);
  });

  t.test('a body that cannot be read is refused in words', async t => {
    const post = (body: string | Uint8Array, type = 'application/json') =>
      call(sessionsPath, { method: 'POST', body, headers: type ? { 'content-type': type } : {} });
    t.match(await post('{"title":'), refused(400, 'bad-request', { detail: /not valid JSON/ }));
    t.match(await post(''), refused(400, 'bad-request'));
    t.match(await post('{}', 'text/plain'), refused(415, 'unsupported-media-type'));
    t.match(await post('{}', ''), refused(415, 'unsupported-media-type'));
    t.match(await post(Buffer.alloc(1024 * 1024 + 1, 97)), refused(413, 'payload-too-large'));
    const chunks = [Buffer.alloc(1024 * 1024, 97), Buffer.alloc(1, 97)];
    const headers = { 'content-type': 'application/json' };
    t.match(await call(sessionsPath, { method: 'POST', chunks, headers }), refused(413, 'payload-too-large'));
  });

  t.test('a full server says when to try again', async t => {
    sessions.refusal = new LivereelError('server-full', 'All 100 places are taken.', {
      retryAfterSeconds: 2.5,
    });
    const answer = await call(sessionsPath, { method: 'POST' });
    t.match(
      answer,
      refused(503, 'server-full', { detail: 'All 100 places are taken.', retryAfterSeconds: 2.5 }),
    );
    t.equal(answer.headers['retry-after'], '3');
  });

  t.test('our own failure is logged under a reference, and not told', async t => {
    for (const failure of [new Error('/secret/path'), new LivereelError('program-failed', '/secret/path')]) {
      logged.length = 0;
      sessions.refusal = failure;
      const answer = await call(sessionsPath, { method: 'POST' });
      t.match(answer, refused(500, failure instanceof LivereelError ? failure.code : 'internal'));
      t.notMatch(answer.text, /secret|at .*\.ts/);
      t.equal(logged.length, 1);
      t.match(answer.text, logged[0]?.reference ?? 'no reference');
    }
    logged.length = 0;
  });

  t.test('a session is ended by its token, as often as one likes', async t => {
    const { id, ingestToken } = await create();
    const path = `${sessionsPath}/${id}/end`;
    const missing = await call(path, { method: 'POST' });
    t.match(missing, refused(401, 'unauthorized'));
    t.equal(missing.headers['www-authenticate'], 'Bearer realm="livereel"');
    t.match(await call(path, { method: 'POST', headers: bearer('wrong') }), refused(401, 'bad-token'));
    const ended = { status: 200, json: { id, state: 'processing' } };
    t.match(await call(path, { method: 'POST', headers: bearer(ingestToken) }), ended);
    t.match(await call(`${path}?token=${ingestToken}`, { method: 'POST' }), ended);
    const unknown = `${sessionsPath}/${newId()}/end`;
    t.match(await call(unknown, { method: 'POST', headers: bearer('x') }), refused(404, 'session-not-found'));
    t.match(
      await call(`${sessionsPath}/..%2f/end`, { method: 'POST', headers: bearer('x') }),
      refused(404, 'not-found'),
    );
  });

  t.test('a page of another site cannot create sessions blindly', async t => {
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' };
    t.match(
      await call(sessionsPath, { method: 'POST', headers: foreign }),
      refused(403, 'cross-site-request'),
    );
    const own = { 'sec-fetch-site': 'same-origin' };
    t.match(await call(sessionsPath, { method: 'POST', headers: own }), { status: 201 });
    const preflight = await call(sessionsPath, { method: 'OPTIONS', headers: foreign });
    t.match(preflight, refused(405, 'method-not-allowed'));
    t.equal(preflight.headers['access-control-allow-origin'], undefined);
  });

  t.test('a video is found by its id, live and after', async t => {
    const { id } = await create({ title: 'Standup' });
    const path = `/api/v1/videos/${id}`;
    const live = await call(path, { headers: { host: 'reel.example', 'x-forwarded-proto': 'https' } });
    t.match(live, { status: 200, json: { id, title: 'Standup', state: 'created', fileUrl: null } });
    t.match(videoAnswer.parse(live.json), { playbackUrl: `https://reel.example/hls/${id}/index.m3u8` });
    await videos.update(id, { state: 'ready', durationSeconds: 1.5, sizeBytes: 6_000_000_000 });
    t.match(await call(path), {
      json: { state: 'ready', durationSeconds: 1.5, sizeBytes: 6_000_000_000, fileUrl: /\/video\.mp4$/ },
    });
    t.equal((await call(path, { method: 'HEAD' })).status, 200);
    for (const none of [newId(), 'short', '..%2f..%2fetc', '%ff%00', `${id}%00`]) {
      t.match(await call(`/api/v1/videos/${none}`), refused(404, 'not-found'), none);
    }
  });

  t.test('the list goes through all public videos, a page at a time', async t => {
    for (let number = 0; number < 5; number++) await create({ title: `page ${number}` });
    await create({ visibility: 'unlisted' });
    await create({ visibility: 'private' });
    const seen: string[] = [];
    let path: string | undefined = '/api/v1/videos?limit=2';
    while (path !== undefined) {
      const page = await call(path);
      const { items, nextCursor } = page.json as { items: unknown[]; nextCursor: string | null };
      t.ok(page.status === 200 && items.length <= 2);
      for (const item of items) t.equal(videoAnswer.parse(item).visibility, 'public');
      seen.push(...items.map(item => videoAnswer.parse(item).id));
      path = nextCursor === null ? undefined : `/api/v1/videos?limit=2&cursor=${nextCursor}`;
    }
    const { items } = await videos.list({ limit: 100, visibility: 'public' });
    t.strictSame(
      seen,
      items.map(item => item.id),
    );
    t.match(await call('/api/v1/videos?state=ready'), {
      json: { items: [{ state: 'ready' }], nextCursor: null },
    });
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'limit=1&limit=2',
      'state=gone',
      'cursor=page-2',
    ]) {
      const wrong = refused(400, 'validation-failed', { errors: [{ path: query.split('=')[0] }] });
      t.match(await call(`/api/v1/videos?${query}`), wrong, query);
    }
  });

  t.test('a private video does not exist without its token', async t => {
    const { id, ingestToken } = await create({ visibility: 'private' });
    const path = `/api/v1/videos/${id}`;
    t.match(await call(path), refused(404, 'not-found'));
    t.match(await call(path, { headers: bearer('wrong') }), refused(404, 'not-found'));
    t.match(
      await call(path, { method: 'PATCH', body: {}, headers: bearer('wrong') }),
      refused(404, 'not-found'),
    );
    t.match(await call(path, { headers: bearer(ingestToken) }), { status: 200, json: { id } });
    t.match(await call(`${path}?token=${ingestToken}`), { status: 200, json: { id } });
  });

  t.test('what is made of a video is told, with how far it is', async t => {
    const { id } = await create({});
    const path = `/api/v1/videos/${id}/tasks`;
    t.match(await call(path), { status: 200, json: { items: [] } });
    await tasks.enqueue(id, 'transcript');
    const waiting = { task: 'transcript', state: 'waiting', percent: 0, attempts: 0, error: null };
    t.same((await call(path)).json, { items: [waiting] });
    t.match(await call(`/api/v1/videos/${newId()}/tasks`), refused(404, 'not-found'));
    const hidden = await create({ visibility: 'private' });
    t.match(await call(`/api/v1/videos/${hidden.id}/tasks`), refused(404, 'not-found'));
    const token = bearer(hidden.ingestToken);
    t.match(await call(`/api/v1/videos/${hidden.id}/tasks`, { headers: token }), { status: 200 });
  });

  t.test('what is said about a video is changed with its token, and only what is named', async t => {
    const { id, ingestToken } = await create({ title: 'before', language: 'en' });
    const path = `/api/v1/videos/${id}`;
    const patch = (body: object, token = ingestToken) =>
      call(path, { method: 'PATCH', body, headers: token ? bearer(token) : {} });
    t.match(await patch({ title: ' after ' }), { status: 200, json: { title: 'after', language: 'en' } });
    t.match(await patch({ description: 'two\nlines', visibility: 'unlisted', language: 'de' }), {
      json: { title: 'after', description: 'two\nlines', visibility: 'unlisted', language: 'de' },
    });
    t.same(corrections, [[id, 'de']], 'a corrected language is passed on');
    t.match(await patch({}), { status: 200, json: { title: 'after' } });
    t.match(await patch({ title: '' }), { json: { title: 'Untitled' } });
    t.match(
      await patch({ state: 'ready' }),
      refused(400, 'validation-failed', { errors: [{ path: 'state' }] }),
    );
    t.match(await patch({ description: 'nul \0' }), refused(400, 'validation-failed'));
    t.match(await patch({}, 'wrong'), refused(401, 'bad-token'));
    t.match(await patch({}, ''), refused(401, 'unauthorized'));
    const unknown = `/api/v1/videos/${newId()}`;
    t.match(
      await call(unknown, { method: 'PATCH', body: {}, headers: bearer('x') }),
      refused(404, 'not-found'),
    );
  });

  t.test('health is told always, readiness when ingest works', async t => {
    t.match(await call('/health'), {
      status: 200,
      json: { status: 'healthy', message: /^livereel 1\.2\.3, up for / },
    });
    t.match(await call('/ready'), { status: 200, json: { status: 'ready' } });
    state.readiness = { ready: false, reason: 'The database is starting.' };
    t.match(await call('/ready'), refused(503, 'not-ready', { detail: 'The database is starting.' }));
    t.match(await call('/health'), { status: 200 });
    state.readiness = { ready: true };
  });

  t.test('the metrics hold the process, the requests by pattern, and what was added', async t => {
    await call('/api/v1/videos/unheardof');
    const { status, headers, text } = await call('/metrics');
    t.equal(status, 200);
    t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
    t.match(text, /^process_resident_memory_bytes \d/m);
    t.match(text, /^livereel_parts_total 7$/m);
    t.match(text, /_count\{method="GET",route="\/api\/v1\/videos\/:id",status="404"\} \d+/);
    t.notMatch(text, /unheardof/);
  });

  t.test('unknown addresses and methods are told apart', async t => {
    for (const path of [
      '/',
      '/api',
      '/api/v1',
      '/api/v1/videos/',
      '/nope?x=1',
      '//',
      '/%2e%2e/',
      '/docs/index.js',
    ]) {
      t.match(await call(path), refused(404, 'not-found'), path);
    }
    for (const [method, path, allow] of [
      ['GET', sessionsPath, 'POST'],
      ['PUT', '/api/v1/videos/f3Kq9ZtA1bXy', 'DELETE, GET, HEAD, PATCH'],
      ['POST', '/health', 'GET, HEAD'],
      ['PROPFIND', '/docs', 'GET, HEAD'],
    ] as const) {
      const answer = await call(path, { method });
      t.match(answer, refused(405, 'method-not-allowed'));
      t.equal(answer.headers.allow, allow);
    }
    t.match(await call('/health', { headers: { host: 'no host' } }), refused(400, 'bad-request'));
  });

  t.test('whatever is posted, the answer is never our failure', async t => {
    const field = fc.oneof(
      fc.constantFrom('input', 'title', 'mimeType', 'replyTo', 'language', '__proto__'),
      fc.string(),
    );
    const json = fc
      .oneof(fc.dictionary(field, fc.jsonValue()), fc.jsonValue())
      .map(value => JSON.stringify(value));
    const body = fc.oneof(json, fc.string({ unit: 'binary' }), fc.uint8Array());
    const type = fc.constantFrom(
      'application/json',
      'application/json;charset=utf-16',
      'application/x+json',
      'text/html',
    );
    await fc.assert(
      fc.asyncProperty(body, type, async (body, type) => {
        const answer = await call(sessionsPath, { method: 'POST', body, headers: { 'content-type': type } });
        return answer.status < 500;
      }),
      { numRuns: 400 },
    );
    const title = fc.string({ unit: 'binary', maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(title, title, async (title, mimeType) => {
        return (await call(sessionsPath, { method: 'POST', body: { title, mimeType } })).status < 500;
      }),
      { numRuns: 200 },
    );
    const word = fc.webPath({ size: 'medium' }).map(path => path || '/');
    await fc.assert(
      fc.asyncProperty(word, fc.webQueryParameters(), async (path, query) => {
        return (await call(`/api/v1/videos${path}?cursor=${query}&limit=${query}`)).status < 500;
      }),
      { numRuns: 200 },
    );
    t.same(logged, []);
  });
});

t.test('whether WebRTC works is told, and live videos are offered by it then', async t => {
  const { call, state, videos } = await startApi(t);
  const iceServers = [{ urls: ['stun:stun.example:3478'] }];
  t.strictSame((await call('/api/v1/webrtc')).json, {
    usable: true,
    reason: null,
    udpPort: 8189,
    iceServers,
  });
  const { id } = (await call('/api/v1/sessions', { method: 'POST', body: { input: 'webrtc' } })).json as {
    id: string;
  };
  const whepUrl = async () =>
    ((await call(`/api/v1/videos/${id}`)).json as { whepUrl: string | null }).whepUrl;
  t.equal(await whepUrl(), null, 'before it is live');
  await videos.update(id, { state: 'live' });
  t.equal(await whepUrl(), `http://localhost:8000/whep/${id}`);
  await videos.update(id, { videoCodec: 'vp9', audioCodec: 'opus' });
  t.equal(await whepUrl(), null, 'of other codecs');
  await videos.update(id, { videoCodec: 'vp8' });
  t.equal(await whepUrl(), `http://localhost:8000/whep/${id}`);
  Object.assign(state.engine, { unavailable: 'UDP port 8189 is taken.', udpPort: null });
  t.match((await call('/api/v1/webrtc')).json, {
    usable: false,
    reason: 'UDP port 8189 is taken.',
    udpPort: null,
  });
  t.equal(await whepUrl(), null);
});
