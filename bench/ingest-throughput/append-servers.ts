/**
 * The servers that ours is compared with, each a process of its own: `append-servers.ts ws|socket.io <folder>`.
 * They append every message to a file and say `done` when the connection's last byte is appended. Prints its port.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as SocketIoServer } from 'socket.io';
import { WebSocketServer } from 'ws';

const [kind, folder = '.'] = process.argv.slice(2);
const http = createServer();
let files = 0;

/** Appends, and calls back once `total` bytes have been given to the system. */
function appender(): (bytes: Buffer, total: number, done: () => void) => WriteStream {
  files += 1;
  const file = createWriteStream(`${folder}/${kind}-${files}`);
  let written = 0;
  return (bytes, total, done) => {
    file.write(bytes, () => {
      written += bytes.length;
      if (written === total) done();
    });
    return file;
  };
}

if (kind === 'ws') {
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on('connection', (socket, request) => {
    const total = Number(new URL(request.url ?? '', 'http://x').searchParams.get('total'));
    const append = appender();
    socket.on('message', data => append(data as Buffer, total, () => socket.send('done')));
  });
} else {
  const sockets = new SocketIoServer(http, { transports: ['websocket'], maxHttpBufferSize: 1e8 });
  sockets.on('connection', socket => {
    const total = Number(socket.handshake.query.total);
    const append = appender();
    socket.on('data', (data: Buffer) => append(data, total, () => socket.emit('done')));
  });
}
http.listen(0, '127.0.0.1', () => console.log((http.address() as AddressInfo).port));
