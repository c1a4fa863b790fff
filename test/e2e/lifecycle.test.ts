import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { WebSocket } from 'ws';
import { chromiumRecording } from '../support/chromium-recordings.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { isSignedWith, Receiver } from '../webhooks/receiver.ts';

const server = await TestServer.start({ env: { WORKER: 'off' } });
t.teardown(() => server.stop());
const { bytes: media } = await chromiumRecording('chromium-h264.webm');

/** Publishes the whole recording and stays connected; tells how the connection was closed. */
async function publish(bytes = media) {
  const session = await server.createSession({ captions: false });
  const socket = new WebSocket(session.ingestUrl);
  const told: { type: string; code?: string }[] = [];
  socket.on('message', text => told.push(JSON.parse(String(text))));
  const closed = new Promise<number>(resolve => socket.once('close', resolve));
  await eventually(() => told.some(({ type }) => type === 'ready'));
  socket.send(bytes);
  await eventually(() => told.some(({ type }) => type === 'ack'));
  return { id: session.id, token: session.ingestToken, socket, told, closed };
}

async function remove(id: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${server.baseUrl}/api/v1/videos/${id}`, { method: 'DELETE', headers });
  await answer.arrayBuffer();
  return answer.status;
}

async function statusOf(path: string): Promise<number> {
  const answer = await fetch(`${server.baseUrl}${path}`);
  await answer.arrayBuffer();
  return answer.status;
}

async function isGone(id: string): Promise<boolean> {
  const paths = [
    `/api/v1/videos/${id}`,
    `/hls/${id}/index.m3u8`,
    `/hls/${id}/main/000000.m4s`,
    `/videos/${id}/video.mp4`,
  ];
  const statuses = await Promise.all(paths.map(statusOf));
  return statuses.every(status => status === 404) && !existsSync(join(server.contentDir, id));
}

t.test('a live video is ended and gone, and its publisher is told', async t => {
  const { id, token, told, closed, socket } = await publish();
  await eventually(async () => (await statusOf(`/hls/${id}/index.m3u8`)) === 200);
  const events = await fetch(`${server.baseUrl}/api/v1/videos/${id}/events`);
  t.equal(await remove(id, 'not-its-token'), 401);
  const answers = await Promise.all([remove(id, token), remove(id, token)]);
  t.same(answers, [204, 204], 'from two sides at once');
  t.equal(await closed, 4404);
  t.match(told.at(-1), { type: 'error', code: 'session-not-found' });
  t.ok(await isGone(id));
  t.equal(await remove(id, token), 204, 'once more');
  t.equal(await remove(id), 204, 'by who may do everything here');
  t.equal(await remove('neverThere00'), 404);
  let text = '';
  for await (const piece of events.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(piece).toString();
    if (text.includes('event: deleted')) break;
  }
  t.match(text, /event: deleted\ndata: \{"id":"/);
  socket.terminate();
});

t.test('a video that is being made is gone, and nothing of it comes back', async t => {
  const { id, token, socket } = await publish();
  socket.send(JSON.stringify({ type: 'end' }));
  await eventually(async () => ['processing', 'ready'].includes((await server.video(id)).state));
  t.equal(await remove(id, token), 204);
  t.ok(await isGone(id));
  const other = await publish();
  other.socket.send(JSON.stringify({ type: 'end' }));
  t.equal((await server.finished(other.id)).state, 'ready', 'others are made as ever');
  t.ok(await isGone(id));
  t.equal(await remove(other.id), 204);
});

t.test('webhooks tell of it through kill -9, and deletions go on where they were', async t => {
  const receiver = await Receiver.start(t);
  const made = await fetch(`${server.baseUrl}/api/v1/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: receiver.url }),
  });
  t.equal(made.status, 201);
  const { secret } = (await made.json()) as { secret: string };
  receiver.answer = () => undefined;
  const { id, socket } = await publish();
  socket.send(JSON.stringify({ type: 'end' }));
  await server.finished(id);
  await eventually(() => receiver.types(id).includes('video.live'));
  await server.kill9('tree');
  receiver.answer = (_message, response) => void response.writeHead(204).end();
  await server.restart();

  // Meanwhile deletions: so many files that removing them takes a while, and a kill at another moment each time.
  for (let round = 0; round < 3; round += 1) {
    const next = await publish();
    next.socket.send(JSON.stringify({ type: 'end' }));
    await server.finished(next.id);
    const many = join(server.contentDir, next.id, 'hls', 'many');
    await mkdir(many);
    const names = Array.from({ length: 2_000 }, (_, number) => join(many, `${number}.m4s`));
    await Promise.all(names.map(name => writeFile(name, '')));
    const removed = remove(next.id, next.token).catch(() => 0);
    await new Promise(resolve => setTimeout(resolve, 4 + 12 * round));
    await server.kill9('tree');
    const status = await removed;
    await server.restart();
    const isThere = (await statusOf(`/api/v1/videos/${next.id}`)) === 200;
    t.ok(isThere ? status !== 204 : true, 'never called gone and there');
    if (isThere) t.equal(await remove(next.id), 204);
    t.ok(await isGone(next.id), 'gone, or whole and then gone');
    await eventually(async () => (await readdir(join(server.contentDir, 'deleted'))).length === 0);
  }

  // The lease of what a killed server was sending runs out in 15 s, which the rounds above take.
  await eventually(() => receiver.types(id).includes('video.ready'), { timeoutSeconds: 40 });
  t.ok(receiver.messages.every(message => isSignedWith(secret, message)));
  t.ok(receiver.types(id).filter(type => type === 'video.live').length >= 2, 'what was not taken came again');
  const ofIt = receiver.messages.filter(({ data }) => data.videoId === id);
  t.equal(new Set(ofIt.map(message => message.id)).size, 2, 'under the same id');
});
