import { join } from 'node:path';
import { createLog } from '../src/log.ts';
import { Nginx } from '../src/process/nginx.ts';
import type { ContentDirectory } from '../src/store/content-directory.ts';

/**
 * Puts the project's own nginx in front of what listens on the sockets of `content`, prints its port, and ends with it
 * at SIGTERM. For servers that livereel is compared with, each a process of its own.
 */
export async function standBehindNginx(content: ContentDirectory): Promise<void> {
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
}
