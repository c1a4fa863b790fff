import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { VideoAnswer } from '../../src/api/video.ts';
import { eventually } from '../support/eventually.ts';
import { oddFile } from '../support/odd-files.ts';
import { TestServer } from '../support/server.ts';
import { tusUpload } from '../support/tus-upload.ts';

// Nobody works on what is uploaded: its bytes stay where they are.
const server = await TestServer.start({
  env: { UPLOAD_MAX_BYTES: '30000000', UPLOAD_EXPIRE_SECONDS: '3600' },
});
t.teardown(() => server.stop());
const original = (id: string) => join(server.contentDir, id, 'original');
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const offsetType = 'application/offset+octet-stream';

function tus(path: string, method: string, headers: Record<string, string> = {}, body?: string | Buffer) {
  const url = new URL(path, server.baseUrl);
  const given = { 'tus-resumable': '1.0.0', ...headers };
  return fetch(url, {
    method,
    headers: given,
    ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
  });
}

function metadata(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

async function plain(bytes: Buffer, fields: Record<string, string> = {}, filename = 'film.mp4') {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([new Uint8Array(bytes)]), filename);
  return await fetch(`${server.baseUrl}/api/v1/uploads`, { method: 'POST', body: form });
}

t.test('an upload that is broken off goes on where it was, also after kill -9 of the server', async t => {
  // A real file and much that players skip (ISO 14496-12, section 8.1.2).
  const noise = Buffer.alloc(20_000_008);
  noise.writeUInt32BE(noise.length);
  noise.write('free', 4);
  randomBytes(20_000_000).copy(noise, 8);
  const bytes = Buffer.concat([await readFile(await oddFile('plain.mp4')), noise]);
  const chunkBytes = 4_000_000;
  const first = await tusUpload(server.baseUrl, bytes, { chunkBytes, onChunk: safe => safe > 6_000_000 });
  t.notOk(first.isWhole);
  t.match(first.videoId, /^[0-9A-Za-z]{12}$/);
  const id = first.videoId ?? '';
  t.equal((await server.video(id)).state, 'uploading');
  let killedAtBytes = 0;
  const { uploadUrl } = first;
  await t.rejects(
    tusUpload(server.baseUrl, bytes, {
      uploadUrl,
      chunkBytes,
      onChunk: async safe => {
        if (safe < 12_000_000 || killedAtBytes > 0) return false;
        killedAtBytes = safe;
        await server.kill9('server');
        return false;
      },
    }),
  );
  await server.restart();
  const answer = await tus(uploadUrl, 'HEAD');
  t.ok(Number(answer.headers.get('upload-offset')) >= killedAtBytes, 'nothing that was acknowledged is lost');
  const last = await tusUpload(server.baseUrl, bytes, { uploadUrl });
  t.ok(last.isWhole);
  t.equal(hashOf(await readFile(original(id))), hashOf(bytes), 'byte for byte');
  t.equal((await server.video(id)).state, 'processing');
  const again = await tus(uploadUrl, 'HEAD');
  t.equal(again.status, 404, 'an upload that is over is over');
});

/** Half of an upload of 1,000 bytes. */
async function halfUpload(baseUrl: string) {
  const at = (path: string, method: string, headers: Record<string, string>, body?: string) =>
    fetch(new URL(path, baseUrl), {
      method,
      headers: { 'tus-resumable': '1.0.0', ...headers },
      ...(body !== undefined && { body }),
    });
  const { headers } = await at('/uploads', 'POST', { 'upload-length': '1000' });
  const uploadUrl = headers.get('location') ?? '';
  const half = await at(
    uploadUrl,
    'PATCH',
    { 'upload-offset': '0', 'content-type': offsetType },
    'x'.repeat(500),
  );
  t.equal(half.status, 204);
  return { uploadUrl, videoId: headers.get('livereel-video-id') ?? '' };
}

t.test('what is all there when the server dies is not sent again', async t => {
  const { uploadUrl, videoId } = await halfUpload(server.baseUrl);
  await server.kill9('server');
  // As if the server had died between the last byte and its answer.
  await appendFile(join(server.contentDir, videoId, 'original.part'), Buffer.alloc(500));
  await server.restart();
  t.equal((await server.video(videoId)).state, 'processing');
  t.equal((await tus(uploadUrl, 'HEAD')).status, 404);
});

t.test('creation says which video it will be; what was said of it is kept', async t => {
  const parent = (await (await plain(await readFile(await oddFile('silent.mp4')))).json()) as VideoAnswer;
  const said = metadata({
    filename: 'C:\\films\\My film.final.mov',
    visibility: 'unlisted',
    replyTo: parent.id,
    other: 'x',
  });
  const answer = await tus('/uploads', 'POST', { 'upload-length': '10', 'upload-metadata': said });
  t.equal(answer.status, 201);
  const id = answer.headers.get('livereel-video-id') ?? '';
  const video = await server.video(id);
  t.match(video, {
    state: 'uploading',
    input: 'upload',
    title: 'My film.final',
    visibility: 'unlisted',
    replyTo: parent.id,
  });
  t.match(
    answer.headers.get('location'),
    new RegExp(`^http://127\\.0\\.0\\.1:\\d+/uploads/${id}-[0-9A-Za-z]{24}$`),
  );
  t.ok(answer.headers.get('upload-expires'));
  t.equal((await tus(answer.headers.get('location') ?? '', 'DELETE')).status, 204);
  t.equal((await fetch(`${server.baseUrl}/api/v1/videos/${id}`)).status, 404, 'taken back');
  t.notOk(existsSync(join(server.contentDir, id)));
});

t.test('a file may come with the request that creates its upload, and be empty', async t => {
  const whole = await tus('/uploads', 'POST', { 'upload-length': '5', 'content-type': offsetType }, 'hello');
  t.equal(whole.status, 201);
  t.equal(whole.headers.get('upload-offset'), '5');
  const empty = await tus('/uploads', 'POST', { 'upload-length': '0' });
  t.equal(empty.status, 201);
  for (const { headers } of [whole, empty])
    t.equal((await server.video(headers.get('livereel-video-id') ?? '')).state, 'processing');
});

t.test('headers and metadata that make no sense are refused, and leave nothing', async t => {
  const videosBefore = (await server.text('/api/v1/videos?limit=100')).length;
  const create = (headers: Record<string, string>) => tus('/uploads', 'POST', headers);
  const named = (fields: Record<string, string>) =>
    create({ 'upload-length': '10', 'upload-metadata': metadata(fields) });
  const refusals: [string, Promise<Response>, number, string][] = [
    ['no length', create({}), 400, 'bad-request'],
    ['a length that is none', create({ 'upload-length': '-5' }), 400, 'bad-request'],
    ['a length in hexadecimal', create({ 'upload-length': '0x10' }), 400, 'bad-request'],
    ['too long', create({ 'upload-length': '30000001' }), 413, 'upload-too-large'],
    ['longer than numbers go', create({ 'upload-length': '99999999999999999999' }), 400, 'bad-request'],
    [
      'metadata that is not base64',
      create({ 'upload-length': '10', 'upload-metadata': 'title ???' }),
      400,
      'bad-request',
    ],
    ['a visibility that is none', named({ visibility: 'secret' }), 400, 'validation-failed'],
    ['a title with a zero in it', named({ title: 'a\0b' }), 400, 'validation-failed'],
    ['a title that is too long', named({ title: 'x'.repeat(201) }), 400, 'validation-failed'],
    ['a reply to nothing', named({ replyTo: 'aaaaaaaaaaaa' }), 400, 'validation-failed'],
    ['a reply to a path', named({ replyTo: '../../../etc' }), 400, 'validation-failed'],
    [
      'a page of another site',
      create({ 'upload-length': '10', 'sec-fetch-site': 'cross-site' }),
      403,
      'cross-site-request',
    ],
    ['no version', fetch(`${server.baseUrl}/uploads`, { method: 'POST' }), 412, 'bad-request'],
    ['an id that is none', tus('/uploads/nothing', 'HEAD'), 404, ''],
    ['a path', tus('/uploads/..%2F..%2Fetc%2Fpasswd', 'GET'), 400, ''],
    ['another secret', tus(`/uploads/aaaaaaaaaaaa-${'a'.repeat(24)}`, 'DELETE'), 404, 'upload-not-found'],
    ['to read what was sent', tus('/uploads', 'GET'), 404, ''],
  ];
  for (const [what, answered, status, code] of refusals) {
    const answer = await answered;
    t.equal(answer.status, status, what);
    if (code === '') continue;
    t.equal(answer.headers.get('content-type'), 'application/problem+json', what);
    t.match(await answer.json(), { status, code }, what);
  }
  t.equal((await server.text('/api/v1/videos?limit=100')).length, videosBefore);
});

t.test('more than was announced is not taken, nor from another place', async t => {
  const { headers } = await tus('/uploads', 'POST', { 'upload-length': '10' });
  const place = headers.get('location') ?? '';
  const patch = (offset: number, body: string) =>
    tus(place, 'PATCH', { 'upload-offset': String(offset), 'content-type': offsetType }, body);
  t.equal((await patch(5, 'later')).status, 409);
  t.equal((await patch(0, 'much too much')).status, 413);
  t.equal((await patch(0, 'first')).status, 204);
  t.equal(await (await tus(place, 'HEAD')).headers.get('upload-offset'), '5');
  const wrong = await tus(place, 'PATCH', { 'upload-offset': '5', 'content-type': 'text/plain' }, 'x');
  t.ok(wrong.status >= 400 && wrong.status < 500);
  await tus(place, 'DELETE');
});

t.test('nobody keeps more than twenty uploads open', async t => {
  const places: string[] = [];
  let refused: Response | undefined;
  for (let count = 0; count < 30 && refused === undefined; count += 1) {
    const answer = await tus('/uploads', 'POST', { 'upload-length': '10' });
    if (answer.status === 201) places.push(answer.headers.get('location') ?? '');
    else refused = answer;
  }
  t.equal(places.length, 20);
  t.equal(refused?.status, 429);
  t.ok(Number(refused?.headers.get('retry-after')) > 0);
  for (const place of places) await tus(place, 'DELETE');
});

t.test('a plain upload answers with the video, or with what is wrong with the file', async t => {
  const answer = await plain(await readFile(await oddFile('plain.mp4')), {
    title: 'Take one',
    visibility: 'private',
  });
  t.equal(answer.status, 201);
  const video = (await answer.json()) as VideoAnswer;
  t.match(video, { title: 'Take one', visibility: 'private', state: 'processing', input: 'upload' });
  t.match(answer.headers.get('location'), new RegExp(`/api/v1/videos/${video.id}$`));
  t.ok(existsSync(original(video.id)));
  const named = (await (
    await plain(await readFile(await oddFile('silent.mp4')), {}, 'Über uns.mp4')
  ).json()) as VideoAnswer;
  t.equal(named.title, 'Über uns');
  const refused = async (bytes: Buffer | string, status: number, code: string, fields = {}) => {
    const refusal = await plain(Buffer.from(bytes), fields);
    t.equal(refusal.status, status, code);
    t.match(await refusal.json(), { code });
  };
  await refused('#EXTM3U\n/etc/passwd\n', 415, 'unsupported-container');
  await refused("ffconcat version 1.0\nfile '/etc/passwd'\n", 415, 'unsupported-container');
  await refused('', 422, 'media-unusable');
  await refused(
    Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from('ftypisom'), randomBytes(50_000)]),
    422,
    'media-unusable',
  );
  await refused(await readFile(await oddFile('silent.mp4')), 400, 'validation-failed', {
    visibility: 'hidden',
  });
  await refused(await readFile(await oddFile('silent.mp4')), 400, 'validation-failed', {
    replyTo: 'aaaaaaaaaaaa',
  });
  await refused(Buffer.alloc(30_200_000), 413, 'upload-too-large');
});

t.test('what is no form with one file is refused', async t => {
  const post = (body: string, type: string) =>
    fetch(`${server.baseUrl}/api/v1/uploads`, { method: 'POST', body, headers: { 'content-type': type } });
  t.equal((await post('{}', 'application/json')).status, 415);
  t.equal((await post('x', 'multipart/form-data')).status, 400, 'no boundary');
  t.equal((await post('--x\r\nrubbish', 'multipart/form-data; boundary=x')).status, 400, 'cut');
  const field = '--x\r\ncontent-disposition: form-data; name="title"\r\n\r\nT\r\n';
  t.equal((await post(`${field}--x--\r\n`, 'multipart/form-data; boundary=x')).status, 400, 'no file');
  t.equal(
    (await post(`${field.repeat(100)}--x--\r\n`, 'multipart/form-data; boundary=x')).status,
    400,
    'too many fields',
  );
  const left = await eventually(async () => {
    const { items } = JSON.parse(await server.text('/api/v1/videos?state=uploading')) as { items: unknown[] };
    return items.length === 0 && 'none';
  });
  t.equal(left, 'none', 'nothing is left of them');
});

t.test('an upload that is left alone expires', async t => {
  await server.terminate();
  const short = await TestServer.start({
    contentDir: server.contentDir,
    env: { UPLOAD_EXPIRE_SECONDS: '1' },
  });
  t.teardown(() => short.stop());
  const { videoId } = await halfUpload(short.baseUrl);
  const folder = join(server.contentDir, videoId);
  t.ok(existsSync(folder));
  await eventually(() => !existsSync(folder), { timeoutSeconds: 10 });
  t.equal((await fetch(`${short.baseUrl}/api/v1/videos/${videoId}`)).status, 404);
});
