import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { Nginx } from '../../src/process/nginx.ts';
import { membersOf, startTimeOf } from '../../src/process/process-identity.ts';
import { eventually } from '../support/eventually.ts';

const log = pino({ level: 'silent' });
const id = 'f3Kq9ZtA1bXy';
const contentDir = await mkdtemp(join(tmpdir(), 'livereel-nginx-'));
const runDir = join(contentDir, 'run');
const publicDir = join(contentDir, 'built page');
const dataSocket = join(runDir, 'data.sock');
const apiSocket = join(runDir, 'api.sock');
const uploadSocket = join(runDir, 'upload.sock');
const options = {
  nginxPath: 'nginx',
  host: '127.0.0.1',
  port: 0,
  runDir,
  contentDir,
  publicDir,
  dataSocket,
  apiSocket,
  uploadSocket,
  log,
};

const files = {
  [`${id}/hls/main/init-0.mp4`]: 'init',
  [`${id}/hls/main/000012.m4s`]: 'segment twelve',
  [`${id}/hls/main/000013.open`]: 'unfinished',
  [`${id}/journal/000001.log`]: 'journal',
  [`${id}/video.mp4`]: '0123456789',
  'overaKq9ZtA1/hls/index.m3u8': '#EXTM3U\n#multivariant',
  'overaKq9ZtA1/hls/main/stream.m3u8': '#EXTM3U\n#media',
  'hiddenKq9ZtA/hls/index.m3u8': '#EXTM3U\n#hidden',
  'hiddenKq9ZtA/hls/main/000001.m4s': 'hidden segment',
  'hiddenKq9ZtA/video.mp4': 'hidden video',
  'hiddenKq9ZtA/thumbnail.jpg': 'hidden still',
  'hiddenKq9ZtA/storyboard.vtt': 'hidden board',
  'hiddenKq9ZtA/journal/000001.log': 'hidden journal',
  'postgres/PG_VERSION': '18',
  'auth-secret': 'secret',
  'built page/index.html': '<!doctype html>the page',
  'built page/assets/page-abc123.js': 'script',
  'built page/favicon.svg': '<svg/>',
  'built page/.hidden': 'hidden',
};
for (const [name, text] of Object.entries(files)) {
  await mkdir(dirname(join(contentDir, name)), { recursive: true });
  await writeFile(join(contentDir, name), text);
}
await mkdir(join(runDir, 'admitted'), { recursive: true });
const token = `1900000000-${'t'.repeat(32)}`;
// Who may watch is found out by the server, and told to nginx by a link.
for (const way of [id, 'overaKq9ZtA1', `hiddenKq9ZtA~${token}`]) {
  await symlink(join('../..', way.slice(0, 12)), join(runDir, 'admitted', way));
}

/** Stands for a plane of the server: says what it was asked for. */
async function plane(socket: string, name: string): Promise<Server> {
  const server = createServer((incoming, answer) => {
    answer.setHeader('content-type', 'application/json');
    incoming.resume().on('end', () => answer.end(JSON.stringify(asked(name, incoming))));
  });
  server.listen(socket);
  await once(server, 'listening');
  return server;
}

function asked(name: string, { url, headers }: IncomingMessage): Asked {
  return { plane: name, url: String(url), from: String(headers['x-forwarded-for']) };
}

type Asked = { plane: string; url: string; from: string };

const data = await plane(dataSocket, 'data');
const api = await plane(apiSocket, 'api');
const nginx = await Nginx.start(options);
const origin = `http://127.0.0.1:${nginx.port}`;
t.teardown(async () => {
  await nginx.close();
  for (const server of [data, api]) {
    server.closeAllConnections();
    server.close();
  }
  await rm(contentDir, { recursive: true, force: true });
});

const get = (path: string, init?: RequestInit) => fetch(origin + path, init);

t.test('a finished segment comes from disk, and may be kept for ever by anyone', async t => {
  const answer = await get(`/hls/${id}/main/000012.m4s`);
  t.equal(await answer.text(), 'segment twelve');
  t.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  t.equal(answer.headers.get('access-control-allow-origin'), '*');
  t.equal(answer.headers.get('content-type'), 'video/iso.segment');
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  t.equal((await get(`/hls/${id}/main/init-0.mp4`)).headers.get('content-type'), 'video/mp4');
});

t.test('playlists of what is over come from disk, those of what is live from the server', async t => {
  const over = await get('/hls/overaKq9ZtA1/index.m3u8?x=1');
  t.equal(await over.text(), '#EXTM3U\n#multivariant');
  t.equal(over.headers.get('content-type'), 'application/vnd.apple.mpegurl');
  t.equal(over.headers.get('cache-control'), 'public, max-age=60');
  t.equal(await (await get('/hls/overaKq9ZtA1/main/stream.m3u8')).text(), '#EXTM3U\n#media');
  for (const url of [
    `/hls/${id}/index.m3u8`,
    `/hls/${id}/main/stream.m3u8?_HLS_msn=3&_HLS_part=1`,
    `/hls/${id}/main/000012.3.m4s`,
    `/hls/${id}/main/000099.m4s`,
  ]) {
    const live = await get(url);
    t.match(await live.json(), { plane: 'data', url });
    t.equal(live.headers.get('access-control-allow-origin'), '*');
  }
});

t.test('nothing but media has an address', async t => {
  for (const path of [
    `/hls/${id}/main/000013.open`,
    `/hls/${id}/journal/000001.log`,
    `/${id}/journal/000001.log`,
    `/videos/${id}/journal/000001.log`,
    `/hls/${id}/main/%2e%2e/%2e%2e/journal/000001.log`,
    `/hls/${id}/main/..%2f..%2fjournal%2f000001.log`,
    '/postgres/PG_VERSION',
    '/videos/../postgres/PG_VERSION',
    '/assets/../../../auth-secret',
    '/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/auth-secret',
    '/auth-secret',
    '/run/nginx/nginx.conf',
    '/.hidden',
    `/hls/${id}x/main/000012.m4s`,
    `/videos/${id}/thumbnail.png`,
  ]) {
    const answer = await rawGet(path);
    t.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    t.notMatch(answer.text, /^(journal|secret|18|hidden|unfinished|segment)/);
  }
});

t.test('a finished video is one file with byte ranges', async t => {
  const answer = await get(`/videos/${id}/video.mp4`, { headers: { range: 'bytes=2-5' } });
  t.equal(answer.status, 206);
  t.equal(await answer.text(), '2345');
  t.equal(answer.headers.get('content-range'), 'bytes 2-5/10');
  const missing = await get('/videos/000000000000/video.mp4');
  t.match(await missing.json(), { plane: 'data' }, 'the server says whether it may be told');
});

t.test('what nobody was let in to see is asked of the server, however it is written', async t => {
  const [hls, videos] = ['/hls/hiddenKq9ZtA', '/videos/hiddenKq9ZtA'];
  const other = token.replace('t', 'u');
  for (const path of [
    `${hls}/index.m3u8`,
    `${hls}/index.m3u8?token=${token}`,
    `${hls}/main/000001.m4s`,
    `${hls}/~${other}/main/000001.m4s`,
    `${hls}/main/000001.m4s?token=${other}`,
    `${videos}/video.mp4`,
    `${videos}/video.mp4?token=`,
    `${videos}/video.mp4?token=${token.slice(0, -1)}`,
    `${videos}/video.mp4?token=../hiddenKq9ZtA~${token}/x`,
    `${videos}/video.mp4?token=${other}&token=${token}`,
    `${videos}/~${other}/video.mp4?token=${token}`,
    `${videos}/storyboard.vtt?token=${token}`,
    `/videos/%68iddenKq9ZtA/video.mp4`,
    `//videos//hiddenKq9ZtA//video.mp4`,
    `/videos/./x/../hiddenKq9ZtA/video.mp4`,
    `/videos/${id}/../hiddenKq9ZtA/thumbnail.jpg`,
  ]) {
    const answer = await rawGet(path);
    t.match(answer.text, '"plane":"data"', path);
    t.notMatch(answer.text, 'hidden s');
  }
  for (const path of [
    `${videos}/../../hiddenKq9ZtA/video.mp4`,
    `/VIDEOS/hiddenKq9ZtA/video.mp4`,
    `/videos/HIDDENKq9ZtA~${token}/video.mp4`,
    `${videos}/~${token}/../../hiddenKq9ZtA/journal/000001.log`,
    `${videos}/~${token}/journal/000001.log`,
    `${videos}/~${token}%2f..%2fjournal/video.mp4`,
    `/run/admitted/hiddenKq9ZtA~${token}/video.mp4`,
    `/admitted/hiddenKq9ZtA~${token}/video.mp4`,
  ]) {
    const answer = await rawGet(path);
    t.equal(answer.status, 404, path);
  }
});

t.test('who was let in by a token gets the files, for himself alone', async t => {
  for (const [path, text] of [
    [`/hls/hiddenKq9ZtA/~${token}/index.m3u8`, '#EXTM3U\n#hidden'],
    [`/hls/hiddenKq9ZtA/~${token}/main/000001.m4s`, 'hidden segment'],
    [`/hls/hiddenKq9ZtA/main/000001.m4s?token=${token}`, 'hidden segment'],
    [`/videos/hiddenKq9ZtA/video.mp4?token=${token}`, 'hidden video'],
    [`/videos/hiddenKq9ZtA/~${token}/thumbnail.jpg`, 'hidden still'],
    [`/videos/hiddenKq9ZtA/~${token}/thumbnail.jpg?token=${token}`, 'hidden still'],
    [`/videos/hiddenKq9ZtA/~${token}/storyboard.vtt`, 'hidden board'],
  ] as const) {
    const answer = await get(path);
    t.equal(await answer.text(), text, path);
    t.match(answer.headers.get('cache-control'), /^private, /);
  }
  t.match(await (await get(`/videos/${id}/video.mp4`)).headers.get('cache-control'), /^public, /);
});

t.test('any page may fetch media, and nobody may change it', async t => {
  for (const path of [`/hls/${id}/main/000012.m4s`, `/hls/${id}/index.m3u8`, `/videos/${id}/video.mp4`]) {
    const may = await get(path, { method: 'OPTIONS' });
    t.equal(may.status, 204);
    t.equal(may.headers.get('access-control-allow-origin'), '*');
    const not = await get(path, { method: 'DELETE' });
    t.equal(not.status, 405);
    t.match(await not.json(), { code: 'method-not-allowed' });
  }
});

t.test("a publisher's body is passed on while it is sent, however long it is", async t => {
  const sending = request(`${origin}/ingest/${id}`, { method: 'POST' });
  let bytes = 0;
  data.once('request', (incoming: IncomingMessage) => {
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
  });
  sending.write('first');
  await eventually(() => bytes === 5, { what: 'the beginning is there before the end is sent' });
  for (let n = 0; n < 40; n += 1) sending.write(Buffer.alloc(256 * 1024));
  sending.end();
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  t.match(JSON.parse(Buffer.concat(await answer.toArray()).toString()), { plane: 'data' });
  t.equal(bytes, 5 + 10 * 1024 * 1024);
});

t.test("a publisher's WebSocket goes through", async t => {
  const sockets = new WebSocketServer({ server: data });
  sockets.on('connection', socket =>
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary })),
  );
  const socket = new WebSocket(`ws://127.0.0.1:${nginx.port}/ingest/${id}?token=x`);
  await once(socket, 'open');
  const sent = Buffer.alloc(3_000_000, 7);
  socket.send(sent);
  const [message] = await once(socket, 'message');
  t.ok(sent.equals(message));
  socket.close();
  await once(socket, 'close');
  sockets.close();
});

t.test('the API, its events and its documents reach the right socket', async t => {
  t.match(await (await get('/api/v1/videos?limit=1')).json(), {
    plane: 'api',
    url: '/api/v1/videos?limit=1',
  });
  t.match(await (await get(`/api/v1/videos/${id}/events`)).json(), { plane: 'data' });
  for (const path of ['/health', '/ready', '/metrics', '/docs', '/openapi.json']) {
    t.match(await (await get(path)).json(), { plane: 'api', url: path });
  }
});

t.test('a client cannot choose the address it is known by', async t => {
  const answer = await get('/api/v1/videos', { headers: { 'x-forwarded-for': '203.0.113.7' } });
  t.match(await answer.json(), { from: '127.0.0.1' });
});

t.test('a body over 1 MiB for the API is refused in words', async t => {
  const answer = await get('/api/v1/sessions', { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
  t.equal(answer.status, 413);
  t.equal(answer.headers.get('content-type'), 'application/problem+json');
  t.match(await answer.json(), { code: 'payload-too-large', status: 413 });
});

t.test('the page is served at its addresses, and its scripts may be kept', async t => {
  for (const path of ['/', '/capture', `/watch/${id}`]) {
    const answer = await get(path);
    t.equal(await answer.text(), '<!doctype html>the page');
    t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    t.equal(answer.headers.get('cache-control'), 'no-cache');
    t.match(answer.headers.get('content-security-policy'), /default-src 'self';.*worker-src 'self' blob:/);
  }
  t.match((await get('/assets/page-abc123.js')).headers.get('cache-control'), 'immutable');
  t.equal((await get('/favicon.svg')).headers.get('content-type'), 'image/svg+xml');
  const missing = await get('/nothing');
  t.equal(missing.status, 404);
  t.match(await missing.text(), 'There is nothing here');
});

t.test('a port that is in use is refused in words that say what to do', async t => {
  const other = createTcpServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const second = await secondContent();
  await t.rejects(Nginx.start({ ...options, ...second, port }), {
    code: 'bad-configuration',
    message: new RegExp(`Port ${port} of 127.0.0.1 is in use .* PORT=${port + 1} npm start`),
  });
  other.close();
  await t.rejects(Nginx.start({ ...options, ...second, host: '192.0.2.1' }), {
    code: 'bad-configuration',
    message: /no address of this machine/,
  });
});

t.test('when its master is killed nginx is back on the same port, the old workers gone', async t => {
  const killed = Number(nginx.pid);
  const workers = membersOf(killed).filter(pid => pid !== killed);
  t.ok(workers.length > 0);
  process.kill(killed, 'SIGKILL');
  const began = performance.now();
  await eventually(() => nginx.isUp && nginx.pid !== killed);
  t.comment(`back after ${Math.round(performance.now() - began)} ms`);
  t.equal(await (await get(`/hls/${id}/main/000012.m4s`)).text(), 'segment twelve');
  t.same(
    workers.filter(pid => startTimeOf(pid) !== undefined),
    [],
  );
});

t.test('the nginx of a server that was killed is ended, and the port is free for the next', async t => {
  const second = await secondContent();
  const server = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/process/starts-nginx.ts', JSON.stringify({ ...options, ...second })],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(server.stdout, 'data');
  const { pid, port } = JSON.parse(String(line)) as { pid: number; port: number };
  // Both at once: what the kernel would end by itself must be found too when only workers are left.
  process.kill(pid, 'SIGKILL');
  server.kill('SIGKILL');
  await once(server, 'exit');
  const next = await Nginx.start({ ...options, ...second, port });
  t.equal(next.port, port);
  t.same(membersOf(pid), []);
  await Promise.all([next.close(), next.close()]);
});

t.test('while the server starts, programs and people are told to come again', async t => {
  const second = await secondContent();
  const alone = await Nginx.start({
    ...options,
    ...second,
    dataSocket: join(second.runDir, 'data.sock'),
    apiSocket: join(second.runDir, 'api.sock'),
    uploadSocket: join(second.runDir, 'upload.sock'),
  });
  for (const path of ['/api/v1/videos', `/hls/${id}/index.m3u8`, `/ingest/${id}`]) {
    const answer = await fetch(`http://127.0.0.1:${alone.port}${path}`);
    t.equal(answer.status, 503);
    t.equal(answer.headers.get('retry-after'), '2');
    t.match(await answer.json(), { code: 'not-ready' });
  }
  await alone.close();
});

t.test('a content directory with an odd or long name is served too', async t => {
  const odd = join(contentDir, `a "b" 'c' {d}; #é\\ ${'x'.repeat(120)}`);
  await mkdir(join(odd, 'run', 'admitted'), { recursive: true });
  await mkdir(join(odd, id), { recursive: true });
  await symlink(join('../..', id), join(odd, 'run', 'admitted', id));
  await writeFile(join(odd, id, 'video.mp4'), 'odd');
  const served = await Nginx.start({
    ...options,
    contentDir: odd,
    runDir: join(odd, 'run'),
    publicDir: join(odd, 'page'),
    dataSocket: join(odd, 'run', 'data.sock'),
    apiSocket: join(odd, 'run', 'api.sock'),
    uploadSocket: join(odd, 'run', 'upload.sock'),
  });
  t.equal(await (await fetch(`http://127.0.0.1:${served.port}/videos/${id}/video.mp4`)).text(), 'odd');
  await served.close();
});

async function secondContent(): Promise<{ contentDir: string; runDir: string }> {
  const content = await mkdtemp(join(contentDir, 'second-'));
  await mkdir(join(content, 'run'));
  return { contentDir: content, runDir: join(content, 'run') };
}

/** Without the cleaning of paths that `fetch` does. */
async function rawGet(path: string): Promise<{ status: number; text: string }> {
  const asking = request({ host: '127.0.0.1', port: nginx.port, path });
  asking.end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const chunks = (await answer.toArray()) as Buffer[];
  return { status: Number(answer.statusCode), text: Buffer.concat(chunks).toString() };
}
