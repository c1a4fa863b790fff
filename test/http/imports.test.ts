import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ImportAnswer, ImportedVideo } from '../../src/api/import.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { FileOrigin } from '../support/file-origin.ts';
import { runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

const folder = await mkdtemp(join(tmpdir(), 'livereel-imports-'));
const origin = await FileOrigin.start(folder, t);
t.teardown(() => rm(folder, { recursive: true, force: true }));
const { file } = await makeClip({ kind: 'mp4-h264', durationSeconds: 4, width: 320, height: 180 });
await copyFile(file, join(folder, 'a_talk.mp4'));
await mkdir(join(folder, 'hls'));
const cut = ['-c', 'copy', '-f', 'hls', '-hls_time', '1', '-hls_playlist_type', 'vod'];
await runProgram('ffmpeg', ['-v', 'error', '-i', file, ...cut, join(folder, 'hls', 'index.m3u8')]);
await writeFile(join(folder, 'page.html'), '<title>A page</title><video src="a_talk.mp4"></video>');
await writeFile(
  join(folder, 'evil.html'),
  '<title>Evil</title><video src="http://127.0.0.2:1/x.mp4"></video>',
);

const server = await TestServer.start({ env: { IMPORT_ALLOW_NETWORKS: '127.0.0.1/32', WORKER: 'on' } });
t.teardown(() => server.stop());

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(`${server.baseUrl}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? null : JSON.parse(text) };
}

async function begin(path: string, more = {}): Promise<ImportedVideo> {
  const { status, json } = await call('POST', '/api/v1/imports', { url: origin.url(path).href, ...more });
  if (status !== 202) throw new Error(JSON.stringify(json));
  return json as ImportedVideo;
}

async function importOf(id: string): Promise<ImportAnswer> {
  return (await call('GET', `/api/v1/imports/${id}`)).json as ImportAnswer;
}

async function failed(id: string): Promise<{ code: string; message: string }> {
  return await eventually(async () => {
    const video = await server.video(id);
    return video.state === 'failed' && video.error;
  });
}

t.test('a file, an HLS stream and a page become videos, called what they call themselves', async t => {
  const file = await begin('/a_talk.mp4');
  t.match(file, { state: 'uploading', queuePosition: Number });
  const hls = await begin('/hls/index.m3u8', { title: 'Mine', visibility: 'unlisted' });
  const page = await begin('/page.html');
  const titles: [ImportedVideo, string][] = [
    [file, 'a talk'],
    [hls, 'Mine'],
    [page, 'A page (1)'],
  ];
  for (const [{ id }, title] of titles) {
    const video = await server.finished(id);
    t.match(video, { title, width: 320, height: 180 });
    t.ok(Math.abs((video.durationSeconds ?? 0) - 4) < 0.2, `${video.durationSeconds} s`);
    t.match(await importOf(id), { state: 'done', percent: 100, queuePosition: 0, error: null });
  }
});

t.test('what may not be fetched is refused at once, or says so afterwards', async t => {
  for (const url of ['http://10.0.0.1/x.mp4', 'http://[::1]:80/', 'http://2130706434/x']) {
    t.match(await call('POST', '/api/v1/imports', { url }), {
      status: 422,
      json: { code: 'source-address-refused' },
    });
  }
  for (const url of ['file:///etc/passwd', 'gopher://x/', 'no address', '']) {
    t.match(await call('POST', '/api/v1/imports', { url }), {
      status: 400,
      json: { code: 'validation-failed' },
    });
  }
  const evil = await begin('/evil.html');
  const gone = await begin('/gone.mp4');
  t.match(await failed(gone.id), { code: 'source-refused', message: /404/ });
  t.match(await failed(evil.id), { code: 'source-address-refused' }, 'also what a page leads yt-dlp to');
});

t.test('an import that is cancelled stops, and can be tried again', async t => {
  origin.interfere = (_request, response) => {
    response.writeHead(200, { 'content-length': 1_000_000 }).write(Buffer.alloc(100_000, 1));
    return true;
  };
  const { id } = await begin('/a_talk.mp4');
  await eventually(async () => (await importOf(id)).bytes === 100_000);
  t.match(await call('POST', `/api/v1/imports/${id}/retry`), {
    status: 409,
    json: { code: 'import-not-failed' },
  });
  t.equal((await call('DELETE', `/api/v1/imports/${id}`)).status, 204);
  t.equal((await call('DELETE', `/api/v1/imports/${id}`)).status, 204, 'twice is no error');
  t.match(await importOf(id), { state: 'cancelled' });
  t.match(await failed(id), { code: 'import-cancelled' });
  origin.interfere = () => false;
  await eventually(async () => (await call('POST', `/api/v1/imports/${id}/retry`)).status === 202);
  t.match(await server.finished(id), { state: 'ready' });
  t.match(await call('DELETE', `/api/v1/imports/${id}`), { status: 409, json: { code: 'import-over' } });
  t.equal((await call('GET', '/api/v1/imports/AAAAAAAAAAAA')).status, 404);
});

t.test('an import survives the death of server and worker, and goes on where it was', async t => {
  origin.interfere = (request, response) => {
    if (request.headers.range !== undefined) return false;
    response.writeHead(200, { 'content-length': 1_000_000, etag: '"one"' }).write(Buffer.alloc(50_000, 1));
    return true;
  };
  const { id } = await begin('/a_talk.mp4');
  await eventually(async () => (await importOf(id)).bytes === 50_000);
  await server.kill9('tree');
  origin.asked.length = 0;
  await server.restart();
  await eventually(() => origin.asked.length > 0);
  t.match(origin.asked[0]?.headers, { range: 'bytes=50000-', 'if-range': '"one"' });
  origin.interfere = () => false;
  await call('DELETE', `/api/v1/videos/${id}`);
});
