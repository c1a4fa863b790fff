import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { LoginAnswer } from '../../src/api/account.ts';
import type { ImportedVideo } from '../../src/api/import.ts';
import { eventually } from '../support/eventually.ts';
import { FileOrigin } from '../support/file-origin.ts';
import { made } from '../support/odd-files.ts';
import { TestServer } from '../support/server.ts';
import { tusUpload } from '../support/tus-upload.ts';

// A minute, and 10.7 MB.
const server = await TestServer.start({
  env: {
    ACCESS: 'accounts',
    QUOTA_FREE: '1/0.01/2',
    IMPORT_ALLOW_NETWORKS: '127.0.0.1/32',
    WORKER: 'on',
    CAPTIONS: 'off',
  },
});
t.teardown(() => server.stop());
const folder = await mkdtemp(join(tmpdir(), 'livereel-quotas-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const origin = await FileOrigin.start(folder, t);
const slowPicture = ['-f', 'lavfi', '-i', 'color=size=64x64:rate=2:duration=40', '-c:v', 'libx264'];
const fortySeconds = await made('forty-seconds.mp4', [...slowPicture, '-preset', 'ultrafast', '-g', '8']);

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${server.baseUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** The headers of somebody new. */
async function person(name: string): Promise<{ authorization: string }> {
  const account = { email: `${name}@example.com`, password: 'correct horse battery staple', name };
  const { accessToken } = (await (await post('/api/v1/accounts', account)).json()) as LoginAnswer;
  return { authorization: `Bearer ${accessToken}` };
}

async function whyFailed(id: string): Promise<string | undefined> {
  const video = await eventually(async () => {
    const found = await server.video(id);
    return ['ready', 'failed'].includes(found.state) && found;
  });
  return video.error?.code;
}

t.test('two files that fit in one by one do not fit in together: the second says so', async t => {
  const headers = await person('ada');
  const [first, second] = await Promise.all([
    tusUpload(server.baseUrl, fortySeconds, { headers }),
    tusUpload(server.baseUrl, fortySeconds, { headers, chunkBytes: 2_000 }),
  ]);
  const reasons = [await whyFailed(first.videoId ?? ''), await whyFailed(second.videoId ?? '')];
  t.same(reasons.sort(), ['quota-exceeded', undefined].sort());
});

t.test('a size that is told later is looked at when it is told', async t => {
  const headers = { ...(await person('bert')), 'tus-resumable': '1.0.0' };
  const begun = await fetch(`${server.baseUrl}/uploads`, {
    method: 'POST',
    headers: { ...headers, 'upload-defer-length': '1' },
  });
  t.equal(begun.status, 201);
  const patch = (length: string) =>
    fetch(begun.headers.get('location') ?? '', {
      method: 'PATCH',
      headers: {
        ...headers,
        'content-type': 'application/offset+octet-stream',
        'upload-offset': '0',
        'upload-length': length,
      },
      body: 'x',
    });
  const refused = await patch('10800000');
  t.match([refused.status, await refused.json()], [403, { code: 'quota-exceeded', detail: /0\.01 GiB/ }]);
  t.equal((await patch('10700000')).status, 204);
});

t.test('an import is given up as soon as its size is known', async t => {
  const headers = await person('cleo');
  await writeFile(join(folder, 'large.mp4'), Buffer.alloc(1));
  let sentBytes = 0;
  origin.interfere = (_request, response) => {
    response.writeHead(200, { 'content-length': '900000000', 'content-type': 'video/mp4' });
    const send = setInterval(() => {
      sentBytes += 65_536;
      response.write(sentBytes === 65_536 ? ftyp() : Buffer.alloc(65_536));
    }, 50);
    response.once('close', () => clearInterval(send));
    return true;
  };
  const begun = await post('/api/v1/imports', { url: origin.url('/large.mp4').href }, headers);
  const { id } = (await begun.json()) as ImportedVideo;
  t.equal(await whyFailed(id), 'quota-exceeded');
  t.ok(sentBytes < 10_000_000, `${sentBytes} of 900,000,000 bytes were fetched`);
});

/** How an MP4 begins. */
function ftyp(): Buffer {
  const bytes = Buffer.alloc(65_536);
  bytes.writeUInt32BE(20);
  bytes.write('ftypisom\0\0\x02\0isom', 4, 'latin1');
  bytes.writeUInt32BE(900_000_000 - 20, 20);
  bytes.write('mdat', 24);
  return bytes;
}
