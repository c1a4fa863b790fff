import { createHmac } from 'node:crypto';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { mediaFrames } from '../support/media-frames.ts';
import { startDoors } from './running-doors.ts';

const clip = mediaFrames((await makeClip({ kind: 'webm-h264', durationSeconds: 4 })).bytes);
const fragmentType = 'application/trickle-ice-sdpfrag';

t.test('an offer is answered with all that RFC 9725 wants', async t => {
  const { create, publish, engine } = await startDoors(t);
  const { id, ingestToken } = await create({ input: 'webrtc' });
  const before = Date.now();
  const answer = await publish(id, ingestToken);
  t.equal(answer.status, 201);
  t.equal(answer.text, 'v=0 answer 1');
  t.match(answer.headers, {
    'content-type': 'application/sdp',
    location: `http://localhost:8000/whip/${id}/peer1`,
    etag: '"1"',
    'accept-patch': fragmentType,
    'access-control-allow-origin': '*',
    'cache-control': 'no-store',
  });
  for (const name of ['Location', 'ETag', 'Link', 'Livereel-Now']) {
    t.match(answer.headers['access-control-expose-headers'], name);
  }
  t.ok(Math.abs(Number(answer.headers['livereel-now']) - before) < 60_000);
  t.match(engine.published, [{ streamId: id, offer: 'v=0 offer' }]);

  const links = String(answer.headers.link);
  t.match(links, '<stun:stun.example:3478>; rel="ice-server"');
  const [, username = '', credential = ''] =
    /<turn:turn\.example\?transport=udp>; rel="ice-server"; username="([^"]+)"; credential="([^"]+)"; credential-type="password"/.exec(
      links,
    ) ?? [];
  const [until, name] = username.split(':');
  t.equal(name, id);
  t.ok(Number(until) * 1_000 > before && Number(until) * 1_000 <= Date.now() + 86_400_000);
  t.equal(credential, createHmac('sha1', 'north-star').update(username).digest('base64'));
});

t.test('every refusal has its status and is a problem', async t => {
  const { call, create, publish, view, engine } = await startDoors(t);
  const { id, ingestToken } = await create({ input: 'webrtc' });
  const frames = await create({ input: 'frames' });
  const ended = await create({ input: 'webrtc' });
  await ended.session.end();
  const refused = async (sent: ReturnType<typeof call>, status: number, code: string) => {
    const answer = await sent;
    t.match(answer, { status, json: { code, status, title: String, detail: String } }, code);
    t.equal(answer.headers['content-type'], 'application/problem+json');
    t.equal(answer.headers['access-control-allow-origin'], '*');
    return answer;
  };
  const sdp = { 'content-type': 'application/sdp' };
  await refused(call(`/whip/${id}`, { method: 'POST', headers: sdp, body: 'v=0' }), 401, 'unauthorized');
  await refused(publish(id, 'wrong'), 401, 'bad-token');
  await refused(publish('AAAAAAAAAAAA', ingestToken), 404, 'session-not-found');
  await refused(publish('..%2f', ingestToken), 404, 'session-not-found');
  await refused(publish(frames.id, frames.ingestToken), 422, 'input-not-supported');
  const json = { headers: { 'content-type': 'application/json' } };
  await refused(publish(id, ingestToken, json), 415, 'unsupported-media-type');
  await refused(publish(id, ingestToken, { body: 'v'.repeat(65_537) }), 413, 'payload-too-large');
  for (const [code, status] of [
    ['malformed-sdp', 400],
    ['no-common-codec', 422],
    ['server-full', 503],
    ['webrtc-restarting', 503],
  ] as const) {
    engine.refusal = new LivereelError(code, 'as scripted', { retryAfterSeconds: 1 });
    const { headers } = await refused(publish(id, ingestToken), status, code);
    t.equal(headers['retry-after'], '1');
  }
  await refused(view('AAAAAAAAAAAA'), 404, 'not-found');
  await refused(view(id), 409, 'not-live');
  engine.unavailable = 'It is not built in.';
  const off = await refused(publish(id, ingestToken), 501, 'webrtc-unavailable');
  t.match(off.json, { detail: 'It is not built in.' });
  await refused(view(id), 501, 'webrtc-unavailable');
});

t.test('an ended session takes no publisher', async t => {
  const { create, publish, engine } = await startDoors(t);
  const { id, ingestToken, session } = await create({ input: 'webrtc' });
  await publish(id, ingestToken);
  for (const frame of clip) engine.published[0]?.media.frame(frame);
  await session.end();
  t.same(engine.hungUp, ['peer1'], 'its publisher is let go');
  t.match(await publish(id, ingestToken), { status: 409, json: { code: 'session-ended' } });
});

t.test('other methods are refused with those that are taken, and any page may ask', async t => {
  const { call } = await startDoors(t);
  for (const door of ['whip', 'whep']) {
    for (const [path, allow] of [
      [`/${door}/f3Kq9ZtA1bXy`, 'POST, OPTIONS'],
      [`/${door}/f3Kq9ZtA1bXy/peer1`, 'PATCH, DELETE, OPTIONS'],
    ] as const) {
      for (const method of ['GET', 'HEAD', 'PUT']) {
        t.match(await call(path, { method }), { status: 405, headers: { allow } }, `${method} ${path}`);
      }
      const preflight = await call(path, { method: 'OPTIONS' });
      t.match(preflight, {
        status: 204,
        headers: {
          'access-control-allow-origin': '*',
          'access-control-allow-methods': allow,
          'access-control-allow-headers': 'Authorization, Content-Type, If-Match',
        },
      });
    }
  }
});

t.test('candidates trickle, and ICE restarts', async t => {
  const { call, create, publish, engine } = await startDoors(t);
  const { id, ingestToken } = await create({ input: 'webrtc' });
  const other = await create({ input: 'webrtc' });
  await publish(id, ingestToken);
  const patch = (path: string, headers: Record<string, string>) =>
    call(path, {
      method: 'PATCH',
      body: 'a=end-of-candidates',
      headers: { authorization: `Bearer ${ingestToken}`, 'content-type': fragmentType, ...headers },
    });
  const location = `/whip/${id}/peer1`;
  t.equal((await patch(location, { 'if-match': '"1"' })).status, 204);
  t.same(engine.trickled, [{ peerId: 'peer1', fragment: 'a=end-of-candidates', ifMatch: '"1"' }]);
  engine.restarted = { sdp: 'a=ice-ufrag:new', etag: '"2"' };
  t.match(await patch(location, { 'if-match': '*' }), {
    status: 200,
    text: 'a=ice-ufrag:new',
    headers: { etag: '"2"', 'content-type': fragmentType },
  });
  t.match(await patch(location, { 'if-match': '"0"' }), {
    status: 412,
    json: { code: 'precondition-failed' },
  });
  t.match(await patch(location, {}), { status: 428, json: { code: 'precondition-required' } });
  t.match(await patch(location, { 'content-type': 'application/sdp' }), { status: 415 });
  t.match(await patch(`/whip/${id}/peer9`, { 'if-match': '*' }), {
    status: 404,
    json: { code: 'peer-not-found' },
  });
  t.match(await patch(location, { authorization: 'Bearer no' }), { status: 401 });
  t.match(await call(location, { method: 'PATCH', headers: { 'content-type': fragmentType } }), {
    status: 401,
  });
  const foreign = { authorization: `Bearer ${other.ingestToken}`, 'if-match': '*' };
  t.match(await patch(`/whip/${other.id}/peer1`, foreign), { status: 404 }, "another session's publisher");
});

t.test('a publisher that hangs up ends the session, one that lost its way does not', async t => {
  const { call, create, publish, engine } = await startDoors(t);
  const hangUp = (path: string, token: string) =>
    call(path, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  const first = await create({ input: 'webrtc' });
  await publish(first.id, first.ingestToken);
  engine.published[0]?.media.connected();
  for (const frame of clip) engine.published[0]?.media.frame(frame);
  t.equal(first.session.state, 'live');
  t.match(await hangUp(`/whip/${first.id}/peer1`, 'wrong'), { status: 401 });
  t.match(await hangUp(`/whip/${first.id}/peer1`, first.ingestToken), { status: 200 });
  t.equal(first.session.state, 'processing');
  t.same(engine.hungUp, ['peer1']);
  t.match(await hangUp(`/whip/${first.id}/peer1`, first.ingestToken), { status: 404 });

  const second = await create({ input: 'webrtc' });
  await publish(second.id, second.ingestToken);
  for (const frame of clip) engine.published[1]?.media.frame(frame);
  engine.published[1]?.media.gone('it vanished');
  t.equal(second.session.state, 'interrupted');
  await publish(second.id, second.ingestToken);
  t.equal(second.session.state, 'live', 'it is back');
  t.match(await hangUp(`/whip/${second.id}/peer3`, second.ingestToken), { status: 200 });
  t.equal(second.session.state, 'interrupted', 'nothing came of it');
});

t.test('a publisher that returns takes over, and its forerunner ends nothing', async t => {
  const { call, create, publish, engine } = await startDoors(t);
  const { id, ingestToken, session } = await create({ input: 'chunks' });
  await publish(id, ingestToken);
  for (const frame of clip) engine.published[0]?.media.frame(frame);
  await publish(id, ingestToken);
  t.same(engine.hungUp, [], 'the first goes on until the second has come through');
  engine.published[1]?.media.connected();
  t.same(engine.hungUp, ['peer1']);
  for (const frame of clip) engine.published[1]?.media.frame(frame);
  engine.published[0]?.media.gone('superseded');
  t.equal(session.state, 'live');
  const headers = { authorization: `Bearer ${ingestToken}` };
  t.match(await call(`/whip/${id}/peer1`, { method: 'DELETE', headers }), { status: 404 });
  t.equal(session.state, 'live');
  // Both streams are in the one journal: a key picture of each is where a decoder may begin.
  await eventually(() => session.rendition.isPlayable, { timeoutSeconds: 30 });
});

t.test('a session for WebRTC takes no chunks', async t => {
  const { call, create } = await startDoors(t);
  const { id, ingestToken } = await create({ input: 'webrtc' });
  const headers = { authorization: `Bearer ${ingestToken}` };
  const answer = await call(`/ingest/${id}`, { method: 'POST', headers, body: Buffer.from('x') });
  t.match(answer, { status: 422, json: { code: 'input-not-supported' } });
});

t.test('viewers are let in, counted and let go', async t => {
  const { call, create, publish, view, engine, events } = await startDoors(t);
  const { id, ingestToken, session } = await create({ input: 'webrtc' });
  const counts: number[] = [];
  t.teardown(events.listen(id, told => told.event === 'viewers' && counts.push(told.data.count)));
  await publish(id, ingestToken);
  engine.published[0]?.media.connected();
  for (const frame of clip) engine.published[0]?.media.frame(frame);
  const first = await view(id);
  t.match(first, { status: 201, headers: { location: `http://localhost:8000/whep/${id}/peer2` } });
  t.equal((await view(id, '?viewer=0')).status, 201);
  t.match(engine.viewed, [{ streamId: id, stream: null }, {}], 'they see what the publisher sends');
  await eventually(() => counts.at(-1) === 1);
  t.match(await call(`/whep/${id}/peer1`, { method: 'DELETE' }), { status: 404 }, 'a publisher is no viewer');
  const trickle = { 'content-type': fragmentType, 'if-match': '"1"' };
  const patched = await call(`/whep/${id}/peer2`, { method: 'PATCH', headers: trickle, body: 'a=x' });
  t.equal(patched.status, 204);
  t.match(await call(`/whep/${id}/peer2`, { method: 'DELETE' }), { status: 200 });
  await eventually(() => counts.at(-1) === 0);
  t.same(counts, [1, 0], 'one is counted elsewhere');
  await session.end();
  await eventually(() => engine.hungUp.includes('peer3'), { what: 'the other is let go at the end' });
  t.match(await view(id), { status: 409, json: { code: 'not-live' } });
});

t.test('a private video is watched with its token, for as long as that holds', async t => {
  const { create, publish, view, engine, rows, tokens, gate } = await startDoors(t);
  const { id, ingestToken } = await create({ input: 'webrtc', visibility: 'private' });
  await publish(id, ingestToken);
  for (const frame of clip) engine.published[0]?.media.frame(frame);
  t.match(await view(id), { status: 404, json: { code: 'not-found' } });
  t.match(await view(id, '?token=wrong'), { status: 404 });
  t.equal((await view(id, `?token=${ingestToken}`)).status, 201);
  t.match(await view(id, `?token=${tokens.make({ id: 'otherKq9ZtA1', playbackEpoch: 0 }).token}`), {
    status: 404,
  });
  t.equal((await view(id, `?token=${tokens.make({ id, playbackEpoch: 0 }).token}`)).status, 201);
  const [publisher, guest] = engine.viewed.slice(-2).map(({ peerId }) => peerId);
  const row = rows.get(id);
  if (row !== undefined) rows.set(id, { ...row, playbackEpoch: 1 });
  gate.shut(id);
  await eventually(() => engine.hungUp.includes(`${guest}`));
  t.notOk(engine.hungUp.includes(`${publisher}`));
});

t.test('an address that asks without end is told to wait', async t => {
  const { call } = await startDoors(t);
  const headers = { 'content-type': 'application/sdp', 'x-forwarded-for': '192.0.2.9' };
  const statuses = await Promise.all(
    Array.from({ length: 160 }, async () => {
      const answer = await call('/whep/AAAAAAAAAAAA', { method: 'POST', headers, body: 'v=0' });
      return answer.status;
    }),
  );
  t.ok(statuses.filter(status => status === 404).length >= 100);
  t.ok(statuses.includes(429));
});
