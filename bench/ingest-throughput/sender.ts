/**
 * The load, a process of its own: `sender.ts ours|ws|socket.io <bytes a connection> <file> <url ...>`.
 * Prints the seconds from the first byte to the moment at which every server has said that all is there.
 */
import { readFile } from 'node:fs/promises';
import { clientFrame, openRaw, writeAll } from './raw-sender.ts';

const [kind, size, file = '', ...urls] = process.argv.slice(2);
const messageBytes = Number(process.env.MESSAGE_BYTES ?? 16 * 1024);
// Every server gets the first pieces ahead: what a session costs once (its ffmpeg) is not what is asked here.
const warmUpBytes = 512 * 1024;
const warmUpMillis = 1_500;
const bytes = (await readFile(file)).subarray(0, Number(size));

// Several messages a write, as a busy socket has them.
const pieces: Buffer[] = [];
let batch: Buffer[] = [];
for (let at = 0; at < bytes.length; at += messageBytes) {
  const payload = bytes.subarray(at, at + messageBytes);
  // socket.io announces a binary message with a text message of its own.
  if (kind === 'socket.io')
    batch.push(clientFrame(Buffer.from('451-["data",{"_placeholder":true,"num":0}]'), 1));
  batch.push(clientFrame(payload, 2));
  if (batch.length >= 131_072 / messageBytes) pieces.push(Buffer.concat(batch.splice(0)));
}
pieces.push(Buffer.concat(batch));
batch = [];

const connections = await Promise.all(
  urls.map(async url => {
    const connection = await openRaw(url);
    if (kind === 'ours') await connection.until(text => text.includes('"ready"'));
    if (kind === 'socket.io') {
      await connection.until(text => text.startsWith('0{'));
      connection.socket.write(clientFrame(Buffer.from('40'), 1));
      await connection.until(text => text.startsWith('40'));
    }
    return connection;
  }),
);
const isDone = (text: string) =>
  kind === 'ours' ? text.includes(`"offset":${bytes.length}`) : text.includes('done');
const ahead = Math.ceil(warmUpBytes / 131_072);
await Promise.all(connections.map(({ socket }) => writeAll(socket, pieces.slice(0, ahead))));
await new Promise(resolve => setTimeout(resolve, warmUpMillis));
const begunAt = performance.now();
await Promise.all(
  connections.map(async ({ socket, until }) => {
    const done = until(isDone);
    await Promise.all([writeAll(socket, pieces.slice(ahead)), done]);
  }),
);
console.log((performance.now() - begunAt) / 1_000);
process.exit(0);
