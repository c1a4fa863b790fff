import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ImportAnswer, ImportedVideo } from '../../src/api/import.ts';
import { requireProgram } from '../../src/process/find-program.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { FileOrigin } from '../support/file-origin.ts';
import { runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';
import { openQueue, tasksOver } from '../support/task-load.ts';

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

const ytDlp = join(folder, 'yt-dlp');
await symlink(requireProgram('yt-dlp'), ytDlp);
// Read again at each start.
const env: NodeJS.ProcessEnv = { IMPORT_ALLOW_NETWORKS: '127.0.0.1/32', WORKER: 'on', YT_DLP_PATH: ytDlp };
const server = await TestServer.start({ env });
t.teardown(() => server.stop());

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(`${server.baseUrl}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
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

t.test('without yt-dlp a page says how to get it', async t => {
  await rm(ytDlp);
  const { id } = await begin('/page.html');
  t.match(await failed(id), { code: 'downloader-missing', message: /apt-get install yt-dlp/ });
});

t.test('`livereel import` tells how it goes, and when the video is ready', async t => {
  const built = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const isBuilt = process.env.FROM_SOURCES !== '1' && existsSync(built);
  const main = isBuilt ? [built] : ['--import', 'tsx', built.replace('dist/main.js', 'src/main.ts')];
  const run = async (path: string, ...flags: string[]) => {
    const args = [...main, 'import', origin.url(path).href, '--server', server.baseUrl, ...flags];
    const { stdout, stderr, code } = await runProgram(process.execPath, args, { mayFail: true });
    return { stdout: stdout.toString(), stderr, code };
  };
  const told = await run('/a_talk.mp4', '--json', '--title', 'By hand');
  t.equal(told.code, 0, told.stderr);
  const lines = told.stdout.trim().split('\n');
  const messages = lines.map(line => JSON.parse(line) as { type: string; id: string; watchUrl: string });
  const [first, last] = [messages[0], messages.at(-1)];
  t.match(first, { type: 'queued' });
  t.match(last, { type: 'ready', title: 'By hand', watchUrl: `${server.baseUrl}/watch/${first?.id}` });
  t.match(await server.video(`${first?.id}`), { state: 'ready', title: 'By hand' });
  const bad = await run('/gone.mp4');
  t.match(bad, { code: 1, stderr: /404.*\(source-refused\)/ });
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

t.test('an import that is repeated behind its end takes nothing back', async t => {
  // As after a server that died before it could note that it was over.
  const { id } = await begin('/a_talk.mp4');
  await server.finished(id);
  origin.asked.length = 0;
  const { database, queue } = await openQueue(server);
  t.ok(await queue.again(id, 'import'));
  await queue.close();
  await database.close();
  await tasksOver(server, id);
  t.match(await server.video(id), { state: 'ready' });
  t.same(origin.asked, [], 'nothing is fetched again');
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
  Object.assign(env, { ACCESS: 'accounts', IMPORT_MAX_SECONDS: '3', MAX_IMPORTS_PER_ACCOUNT: '1' });
  await server.restart();
  await eventually(() => origin.asked.length > 0);
  t.match(origin.asked[0]?.headers, { range: 'bytes=50000-', 'if-range': '"one"' });
  origin.interfere = () => false;
});

t.test("an import is its account's alone, which has one at a time, and may not take for ever", async t => {
  const signUp = async (name: string) => {
    const person = { email: `${name}@example.com`, password: 'correct horse battery staple', name };
    const { json } = await call('POST', '/api/v1/accounts', person);
    return { authorization: `Bearer ${(json as { accessToken: string }).accessToken}` };
  };
  const [ada, bob] = [await signUp('ada'), await signUp('bob')];
  origin.interfere = (_request, response) => {
    response.writeHead(200, { 'content-length': 1_000_000 }).write(Buffer.alloc(50_000, 1));
    return true;
  };
  const begun = (who: Record<string, string>) =>
    call('POST', '/api/v1/imports', { url: origin.url('/a_talk.mp4').href, visibility: 'private' }, who);
  t.match(await begun({}), { status: 401 });
  const first = await begun(ada);
  t.equal(first.status, 202);
  t.match(await begun(ada), { status: 429, json: { code: 'too-many-imports' } });
  t.equal((await begun(bob)).status, 202, 'others have their own');
  const path = `/api/v1/imports/${(first.json as ImportedVideo).id}`;
  t.equal((await call('GET', path, undefined, ada)).status, 200);
  for (const who of [bob, {}]) {
    t.match(await call('GET', path, undefined, who), { status: 404, json: { code: 'not-found' } });
    t.equal((await call('DELETE', path, undefined, who)).status, 404);
    t.equal((await call('POST', `${path}/retry`, undefined, who)).status, 404);
  }
  const over = await eventually(async () => {
    const { json } = await call('GET', path, undefined, ada);
    return (json as ImportAnswer).state === 'failed' && (json as ImportAnswer);
  });
  t.match(over.error, /IMPORT_MAX_SECONDS/);
  origin.interfere = () => false;
  t.equal((await begun(ada)).status, 202, 'what is over counts no more');
});
