import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import type { SessionAnswer } from '../../src/api/session.ts';
import {
  Publisher,
  type PublisherOptions,
  type PublisherWarning,
  type WebSocketClass,
} from '../../src/client/publisher.ts';

const webSocket = WebSocket as unknown as WebSocketClass;

/** The server's side of the ingest, each connection played by hand. */
class ScriptedIngest {
  readonly #http: Server;
  readonly #connections: WebSocket[] = [];
  readonly received: Buffer[] = [];
  readonly texts: string[] = [];
  readonly urls: string[] = [];

  /** What `GET /ingest/<id>` answers. */
  status: { offset: number; state: string } | undefined;

  constructor(http: Server, server: WebSocketServer) {
    this.#http = http;
    http.on('request', (_, response) => {
      response.statusCode = this.status === undefined ? 404 : 200;
      response.end(JSON.stringify(this.status ?? { code: 'session-not-found', detail: 'No such session.' }));
    });
    server.on('connection', (socket, request) => {
      this.#connections.push(socket);
      this.urls.push(request.url ?? '');
      socket.on('message', (data, isBinary) => {
        if (isBinary) this.received.push(data as Buffer);
        else this.texts.push(data.toString());
      });
    });
  }

  static async listen(t: Tap.Test): Promise<ScriptedIngest> {
    const http = createServer();
    const server = new WebSocketServer({ server: http });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    t.teardown(() => {
      for (const client of server.clients) client.terminate();
      http.closeAllConnections();
      http.close();
    });
    return new ScriptedIngest(http, server);
  }

  get address(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Connection `index`, once it is there. */
  async connection(index: number): Promise<WebSocket> {
    await eventually(() => this.#connections[index] !== undefined);
    return this.#connections[index] as WebSocket;
  }

  get bytes(): string {
    return Buffer.concat(this.received).toString();
  }

  publisher(t: Tap.Test, options: PublisherOptions = {}): Publisher {
    const session = { id: 'f3Kq9ZtA1bXy', ingestUrl: `ws://${this.address}/ingest/f3Kq9ZtA1bXy?token=a` };
    const publisher = new Publisher(`http://${this.address}`, session as SessionAnswer, {
      webSocket,
      ...options,
    });
    t.teardown(() => publisher.close());
    return publisher;
  }
}

declare namespace Tap {
  type Test = { teardown(run: () => unknown): void };
}

function say(socket: WebSocket, message: Record<string, unknown>): void {
  socket.send(JSON.stringify(message));
}

async function eventually(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(resolve => setTimeout(resolve, 5));
}

const bytes = (text: string) => new TextEncoder().encode(text);

t.test('what is sent before the server is ready waits, and is acknowledged away', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  await publisher.send(bytes('abcd'));
  await publisher.send(bytes('efgh'));
  t.match(publisher, { state: 'connecting', keptBytes: 8, safeBytes: 0, sentBytes: 0 });
  const server = await ingest.connection(0);
  say(server, { type: 'ready', offset: 0 });
  await eventually(() => ingest.bytes === 'abcdefgh');
  t.match(publisher, { state: 'publishing', keptBytes: 8, sentBytes: 8 });
  say(server, { type: 'ack', offset: 6 });
  await eventually(() => publisher.safeBytes === 6);
  t.equal(publisher.keptBytes, 2);
});

t.test('after a lost connection it goes on in the middle of a chunk, where the server says', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  await publisher.send(bytes('abcd'));
  const first = await ingest.connection(0);
  say(first, { type: 'ready', offset: 0 });
  await eventually(() => ingest.bytes === 'abcd');
  say(first, { type: 'ack', offset: 1 });
  await eventually(() => publisher.safeBytes === 1);
  first.terminate();
  await eventually(() => publisher.state === 'reconnecting');
  t.match(publisher.problem, /lost/);
  await publisher.send(bytes('efgh'));
  t.equal(publisher.keptBytes, 7);
  ingest.received.length = 0;
  const second = await ingest.connection(1);
  say(second, { type: 'ready', offset: 2 });
  await eventually(() => ingest.bytes === 'cdefgh');
  t.match(publisher, { state: 'publishing', problem: undefined, safeBytes: 2 });
});

t.test('the end follows everything else, also over a reconnect, and resolves with the last word', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  // A blob takes a moment to read; what comes behind it must not overtake it.
  void publisher.send(new Blob(['ab']));
  void publisher.send(bytes('cd'));
  const ended = publisher.end();
  await t.rejects(publisher.send(bytes('x')), { code: 'publisher-ended' });
  const first = await ingest.connection(0);
  say(first, { type: 'ready', offset: 0 });
  await eventually(() => ingest.texts.length === 1);
  t.equal(ingest.bytes, 'abcd');
  first.terminate();
  const second = await ingest.connection(1);
  say(second, { type: 'ready', offset: 3 });
  await eventually(() => ingest.texts.length === 2);
  t.equal(ingest.bytes, 'abcdd');
  t.same(ingest.texts, ['{"type":"end"}', '{"type":"end"}']);
  say(second, { type: 'ended', id: 'f3Kq9ZtA1bXy', state: 'processing' });
  t.same(await ended, { type: 'ended', id: 'f3Kq9ZtA1bXy', state: 'processing' });
  t.match(publisher, { state: 'ended', keptBytes: 0, safeBytes: 4 });
});

t.test('an end whose answer got lost is looked up, and never taken for granted', async t => {
  for (const [offset, outcome] of [
    [4, 'ended'],
    [3, 'failed'],
  ] as const) {
    const ingest = await ScriptedIngest.listen(t);
    const publisher = ingest.publisher(t);
    await publisher.send(bytes('abcd'));
    const ended = publisher.end();
    ended.catch(() => {});
    const first = await ingest.connection(0);
    say(first, { type: 'ready', offset: 0 });
    await eventually(() => ingest.texts.length === 1);
    ingest.status = { offset, state: 'processing' };
    first.terminate();
    const second = await ingest.connection(1);
    say(second, { type: 'error', code: 'session-ended', message: 'This video is over.' });
    second.close(4409);
    await eventually(() => publisher.state === outcome);
    if (outcome === 'ended') t.match(await ended, { state: 'processing' });
    else await t.rejects(ended, { code: 'session-ended' });
  }
});

t.test('each close code is a decision, and a failure has words', async t => {
  const failures = [
    [1009, 'message-too-large', /16 MiB/],
    [4400, 'malformed-message', /Reload/],
    [4401, 'bad-token', /Start a new one/],
    [4404, 'session-not-found', /Start a new one/],
    [4409, 'session-superseded', /another window or device/],
    [4415, 'unsupported-container', /another browser/],
    [4429, 'too-many-sessions', /limit/],
  ] as const;
  for (const [code, word, sentence] of failures) {
    const ingest = await ScriptedIngest.listen(t);
    const publisher = ingest.publisher(t);
    await publisher.send(bytes('abcd'));
    (await ingest.connection(0)).close(code);
    await eventually(() => publisher.state === 'failed');
    t.match(publisher.error, { code: word, message: sentence }, String(code));
    await t.rejects(publisher.end(), { code: word });
  }
});

t.test("the server's own explanation is passed on", async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  const server = await ingest.connection(0);
  say(server, { type: 'error', code: 'session-ended', message: 'This video is over.' });
  server.close(4409);
  await eventually(() => publisher.state === 'failed');
  t.match(publisher.error, { code: 'session-ended', message: 'This video is over.' });
});

t.test('a full server is asked again when it says, and nothing is lost meanwhile', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  await publisher.send(bytes('abcd'));
  const first = await ingest.connection(0);
  say(first, {
    type: 'error',
    code: 'server-full',
    message: 'Full. Trying again soon.',
    retryAfterSeconds: 0.05,
  });
  first.close(4503);
  await eventually(() => publisher.problem === 'Full. Trying again soon.');
  t.equal(publisher.state, 'connecting');
  say(await ingest.connection(1), { type: 'ready', offset: 0 });
  await eventually(() => ingest.bytes === 'abcd');
});

t.test('a close with 1000 is the end', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  (await ingest.connection(0)).close(1000);
  await eventually(() => publisher.state === 'ended');
  t.match(await publisher.end(), { id: 'f3Kq9ZtA1bXy' });
});

t.test('a server that lost what it had confirmed, or holds what was never sent, is an error', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const behind = ingest.publisher(t);
  await behind.send(bytes('abcd'));
  const first = await ingest.connection(0);
  say(first, { type: 'ready', offset: 0 });
  await eventually(() => ingest.bytes === 'abcd');
  say(first, { type: 'ack', offset: 3 });
  await eventually(() => behind.safeBytes === 3);
  first.terminate();
  say(await ingest.connection(1), { type: 'ready', offset: 2 });
  await eventually(() => behind.state === 'failed');
  t.equal(behind.error?.code, 'bytes-lost');

  const ahead = ingest.publisher(t);
  say(await ingest.connection(2), { type: 'ready', offset: 7 });
  await eventually(() => ahead.state === 'failed');
  t.equal(ahead.error?.code, 'offset-mismatch');
});

t.test('a publisher may go on where another one stopped', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t, { offset: 4 });
  await publisher.send(bytes('efgh'));
  say(await ingest.connection(0), { type: 'ready', offset: 6 });
  await eventually(() => ingest.bytes === 'gh');
});

t.test('an acknowledgement of more than was sent drops nothing that was not sent', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  const server = await ingest.connection(0);
  say(server, { type: 'ready', offset: 0 });
  await eventually(() => publisher.state === 'publishing');
  say(server, { type: 'ack', offset: 1_000 });
  say(server, { type: 'warning', code: 'bad-frame', message: 'seen' });
  await once(publisher as unknown as EventTarget, 'warning');
  await publisher.send(bytes('abcd'));
  await eventually(() => ingest.bytes === 'abcd');
  t.equal(publisher.keptBytes, 4);
});

t.test('a slow line is not flooded, and a source that can wait is made to', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  const server = await ingest.connection(0);
  server.pause();
  say(server, { type: 'ready', offset: 0 });
  await eventually(() => publisher.state === 'publishing');
  const chunk = new Uint8Array(4 * 1024 * 1024).fill(120);
  let resolved = 0;
  const sends = Array.from({ length: 6 }, () => publisher.send(chunk).then(() => (resolved += 1)));
  await eventually(() => resolved === 1);
  // What the kernel's buffers take is not ours to limit; what we hand over beyond them is.
  t.ok(publisher.sentBytes < 20 * 1024 * 1024, `${publisher.sentBytes} bytes handed over`);
  t.equal(publisher.keptBytes, 24 * 1024 * 1024);
  server.resume();
  await eventually(() => ingest.received.reduce((sum, part) => sum + part.length, 0) === 24 * 1024 * 1024);
  t.ok(
    ingest.received.every(part => part.length <= 64 * 1024),
    'messages are small',
  );
  say(server, { type: 'ack', offset: 24 * 1024 * 1024 });
  await Promise.all(sends);
  t.equal(publisher.keptBytes, 0);
});

t.test('frames are one message each, with their capture times, and resume by number', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t, { session: { input: 'frames' }, timestamps: 'us' });
  for (const n of [1, 2, 3]) await publisher.sendFrame(bytes(`jpeg${n}`), n * 1_000_000);
  await t.rejects(publisher.sendFrame(bytes('x')), RangeError);
  say(await ingest.connection(0), { type: 'ready', offset: 1 });
  await eventually(() => ingest.received.length === 2);
  t.match(ingest.urls[0], /&timestamps=us$/);
  t.equal(ingest.received[0]?.readBigUInt64BE(0), 2_000_000n);
  t.equal(ingest.received[0]?.subarray(8).toString(), 'jpeg2');
  t.equal(ingest.received[1]?.subarray(8).toString(), 'jpeg3');
});

t.test('warnings of the server are passed on', async t => {
  const ingest = await ScriptedIngest.listen(t);
  const publisher = ingest.publisher(t);
  say(await ingest.connection(0), { type: 'warning', code: 'bad-frame', message: 'Frame 3 is no JPEG.' });
  const [warning] = (await once(publisher as unknown as EventTarget, 'warning')) as [PublisherWarning];
  t.match(warning, { code: 'bad-frame', message: 'Frame 3 is no JPEG.' });
});
