/** What tus is compared with: a plain Node server that writes each body to a file, behind the project's own nginx. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createLog } from '../../src/log.ts';
import { Nginx } from '../../src/process/nginx.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';

const content = new ContentDirectory(process.argv[2] ?? '');
await content.prepare();
await mkdir(join(content.root, 'files'));
const server = createServer((request, response) => {
  pipeline(request, createWriteStream(join(content.root, 'files', 'newest')))
    .then(() => response.writeHead(204).end())
    .catch(() => response.destroy());
});
server.requestTimeout = 0;
await new Promise<void>(resolve => server.listen(content.uploadSocket, resolve));
const nginx = await Nginx.start({
  nginxPath: 'nginx',
  host: '127.0.0.1',
  port: 0,
  runDir: content.runDir,
  contentDir: content.root,
  publicDir: join(content.root, 'tmp'),
  dataSocket: content.dataSocket,
  apiSocket: content.apiSocket,
  uploadSocket: content.uploadSocket,
  log: createLog('warn'),
});
process.once('SIGTERM', () => void nginx.close().then(() => process.exit(0)));
console.log(nginx.port);
