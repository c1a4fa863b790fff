import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createLog } from '../../src/log.ts';
import { Nginx } from '../../src/process/nginx.ts';

t.test('proxies that are trusted say whom they ask for', async t => {
  const contentDir = await mkdtemp(join(tmpdir(), 'livereel-proxies-'));
  const runDir = join(contentDir, 'run');
  await mkdir(runDir);
  const apiSocket = join(runDir, 'api.sock');
  const api = createServer((request, response) => response.end(String(request.headers['x-forwarded-for'])));
  await once(api.listen(apiSocket), 'listening');
  const nginx = await Nginx.start({
    nginxPath: 'nginx',
    host: '127.0.0.1',
    port: 0,
    ...{ contentDir, runDir, apiSocket, dataSocket: apiSocket, uploadSocket: apiSocket },
    publicDir: contentDir,
    trustedProxies: ['127.0.0.0/8', '192.0.2.0/24', '::1'],
    log: createLog('silent'),
  });
  t.teardown(async () => {
    await nginx.close();
    api.closeAllConnections();
    api.close();
    await rm(contentDir, { recursive: true, force: true });
  });
  const seen = async (said: string) => {
    const url = `http://127.0.0.1:${nginx.port}/api/v1/videos`;
    return await (await fetch(url, { headers: { 'x-forwarded-for': said } })).text();
  };
  t.equal(await seen('203.0.113.7'), '203.0.113.7');
  t.equal(await seen('198.51.100.1, 2001:db8::7, 192.0.2.9'), '2001:db8::7', 'the last one that is no proxy');
  t.equal(await seen('nonsense'), '127.0.0.1');
});
