/**
 * What the way to our server costs when nothing is done with the bytes: `discard-server.ts <folder>`. The project's own
 * nginx, and behind it a bare uWebSockets.js that counts and throws away. Prints its port; ends with SIGTERM.
 */
import { uWebSockets } from '../../src/http/uwebsockets.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { standBehindNginx } from '../front.ts';

type Counted = { readonly totalBytes: number; bytes: number };

const content = new ContentDirectory(process.argv[2] ?? '.');
await content.prepare();
const app = uWebSockets.App();
app.ws<Counted>('/ingest/:id', {
  maxPayloadLength: 16 * 1024 ** 2,
  upgrade: (response, request, context) => {
    const counted = { totalBytes: Number(request.getQuery('total')), bytes: 0 };
    const [key, protocol, extensions] = ['key', 'protocol', 'extensions'].map(name =>
      request.getHeader(`sec-websocket-${name}`),
    ) as [string, string, string];
    response.upgrade(counted, key, protocol, extensions, context);
  },
  open: socket => void socket.send('{"type":"ready","offset":0}'),
  message: (socket, message) => {
    const counted = socket.getUserData();
    counted.bytes += message.byteLength;
    if (counted.bytes === counted.totalBytes) socket.send(`{"type":"ack","offset":${counted.bytes}}`);
  },
});
await new Promise(resolve => app.listen_unix(resolve, content.dataSocket));
await standBehindNginx(content);
