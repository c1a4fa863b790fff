import t from 'tap';
import { startApi } from './running-api.ts';

const { call, videos } = await startApi(t);

async function created(visibility: 'public' | 'private' = 'public') {
  const { json } = await call('/api/v1/sessions', { method: 'POST', body: { visibility } });
  const { id, ingestToken } = json as { id: string; ingestToken: string };
  return { id, path: `/api/v1/videos/${id}`, headers: { authorization: `Bearer ${ingestToken}` } };
}

t.test('who has this very answer already gets 304 and no body, until something changes', async t => {
  const { id, path, headers } = await created();
  for (const read of [path, '/api/v1/videos?limit=3']) {
    const etag = (await call(read)).headers.etag ?? '';
    t.match(etag, /^"[0-9A-Za-z_-]{22}"$/);
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const answer = await call(read, { headers: { 'if-none-match': known } });
      t.match(answer, { status: 304, text: '', headers: { etag } }, known);
    }
    t.match(await call(read, { method: 'HEAD' }), { status: 200, text: '', headers: { etag } });
    await videos.update(id, { title: `changed ${read}` });
    const answer = await call(read, { headers: { 'if-none-match': etag } });
    t.equal(answer.status, 200);
    t.not(answer.headers.etag, etag);
  }
  t.equal(
    (await call(path, { method: 'PATCH', headers, body: { title: 'free' } })).status,
    200,
    'nobody has to',
  );
});

t.test('of two who change what they read, the second is told', async t => {
  for (const visibility of ['public', 'private'] as const) {
    const { path, headers } = await created(visibility);
    const { etag = '' } = (await call(path, { headers })).headers;
    const change = (title: string, known: string) =>
      call(path, { method: 'PATCH', headers: { ...headers, 'if-match': known }, body: { title } });
    t.match(await change('first', etag), { status: 200, json: { title: 'first' } }, visibility);
    t.match(await change('second', etag), { status: 412, json: { code: 'precondition-failed' } });
    t.match(await change('third', '*'), { status: 200, json: { title: 'third' } });
    const { headers: now } = await call(path, { headers });
    const both = await Promise.all(['one', 'other'].map(title => change(title, now.etag ?? '')));
    t.strictSame(both.map(({ status }) => status).sort(), [200, 412], 'also at once');
  }
});

t.test('what was changed since it was read is not deleted', async t => {
  const { path, headers } = await created();
  const { etag = '' } = (await call(path)).headers;
  const remove = (known: string) =>
    call(path, { method: 'DELETE', headers: { ...headers, 'if-match': known } });
  t.equal((await call(path, { method: 'PATCH', headers, body: { title: 'dear to somebody' } })).status, 200);
  t.match(await remove(etag), { status: 412, json: { code: 'precondition-failed' } });
  const { headers: now } = await call(path);
  t.equal(now['content-type'], 'application/json', 'still there');
  t.equal((await remove(now.etag ?? '')).status, 204);
  t.equal((await call(path)).status, 404);
});
