/** What tus is compared with: a plain Node server that writes each body to a file, behind the project's own nginx. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { standBehindNginx } from '../front.ts';

const content = new ContentDirectory(process.argv[2] ?? '');
await content.prepare();
await mkdir(join(content.root, 'files'));
let files = 0;
const server = createServer((request, response) => {
  // A file of its own each time, as uploads are: one that is written over has its place in memory and on the disk already.
  files += 1;
  pipeline(request, createWriteStream(join(content.root, 'files', String(files))))
    .then(() => response.writeHead(204).end())
    .catch(() => response.destroy());
});
server.requestTimeout = 0;
await new Promise<void>(resolve => server.listen(content.uploadSocket, resolve));
await standBehindNginx(content);
