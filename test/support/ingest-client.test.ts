import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { WebSocketServer } from 'ws';
import { IngestClient } from './ingest-client.ts';

/** A server that stores, acknowledges, and breaks the connection after each `breakAfterBytes`. */
async function storing(t: { teardown(run: () => void): void }, breakAfterBytes: number) {
  const stored: Buffer[] = [];
  const size = () => stored.reduce((sum, bytes) => sum + bytes.length, 0);
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  t.teardown(() => server.close());
  server.on('connection', socket => {
    const begun = size();
    socket.send(JSON.stringify({ type: 'ready', offset: begun }));
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        socket.send(JSON.stringify({ type: 'ended', id: 'x', state: 'processing' }));
        socket.close(1000);
        return;
      }
      const room = breakAfterBytes - (size() - begun);
      const bytes = data as Buffer;
      stored.push(bytes.subarray(0, room));
      if (bytes.length > room) socket.terminate();
      else socket.send(JSON.stringify({ type: 'ack', offset: size() }));
    });
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ingest/x?token=y`;
  return { url, content: () => Buffer.concat(stored) };
}

t.test('goes on where ready says, in the middle of an item too', async t => {
  const server = await storing(t, 700);
  const items = Array.from({ length: 20 }, (_, index) => ({ bytes: Buffer.alloc(150, index), atSeconds: 0 }));
  const client = new IngestClient({ url: server.url, input: 'chunks', items, pace: 'fast' });
  const result = await client.run();
  t.equal(result.closeCode, 1000);
  t.equal(result.ended?.state, 'processing');
  t.ok(result.connections >= 4);
  t.ok(server.content().equals(Buffer.concat(items.map(item => item.bytes))));
  t.same(client.faults, []);
});

t.test('a server that forgets what it acknowledged is found out', async t => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  t.teardown(() => server.close());
  let connections = 0;
  server.on('connection', socket => {
    connections += 1;
    socket.send(JSON.stringify({ type: 'ready', offset: connections === 1 ? 100 : 50 }));
    socket.close(connections === 1 ? 1001 : 4409);
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const items = [{ bytes: Buffer.alloc(200), atSeconds: 0 }];
  const client = new IngestClient({ url, input: 'chunks', items, pace: 'fast' });
  t.equal((await client.run()).closeCode, 4409);
  t.same(client.faults, ['ready at 50 after 100 was acknowledged']);
});
