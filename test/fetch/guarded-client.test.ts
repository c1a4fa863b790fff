import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { AddressGuard } from '../../src/fetch/address-guard.ts';
import { type GuardedAnswer, GuardedClient } from '../../src/fetch/guarded-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let handle: Handler = (_request, response) => response.end();
let asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  handle(request, response);
});
await new Promise<void>(resolve => server.listen(0, resolve));
const { port } = server.address() as AddressInfo;
const loopback = ['127.0.0.0/8'];
t.teardown(() => {
  server.closeAllConnections();
  server.close();
});
t.beforeEach(() => {
  asked = [];
});

const never = new AbortController().signal;
const pace = { silentSeconds: 0.4, windowSeconds: 0.8, leastBytes: 1_000 };

function clientFor(
  t: { teardown(action: () => void): void },
  allowNetworks: readonly string[],
  resolve?: (name: string) => Promise<string[]>,
): GuardedClient {
  const guard = new AddressGuard({
    allowNetworks,
    openedBy: 'IMPORT_ALLOW_NETWORKS',
    ...(resolve && { resolve }),
  });
  const client = new GuardedClient({ guard, pace, headSeconds: 0.6 });
  t.teardown(() => client.close());
  return client;
}

function get(client: GuardedClient, url: string, maxBytes = 1_000_000, headers = {}): Promise<GuardedAnswer> {
  return client.request(new URL(url), { maxBytes, signal: never, headers });
}

async function read(answer: GuardedAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

t.test('what is no public web address is refused before anything is sent', async t => {
  const client = clientFor(t, []);
  const hosts = [
    ...[
      '127.0.0.1',
      'localhost',
      '0.0.0.0',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
    ],
    // Spellings that resolvers and old libraries take for 127.0.0.1.
    ...[
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '127.0.0.1.',
      '１２７.0.0.1',
      'ⓛocalhost',
    ],
    ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '169.254.169.254', '[fd00:ec2::254]', '100.100.100.200'],
    ...['public.example@127.0.0.1', 'public.example%40evil:x@127.0.0.1'],
  ];
  for (const host of hosts) {
    await t.rejects(get(client, `http://${host}:${port}/`), { code: 'source-address-refused' }, host);
    await t.rejects(get(client, `http://${host}/`), { code: 'source-address-refused' }, `${host}, port 80`);
  }
  for (const url of ['file:///etc/passwd', 'gopher://127.0.0.1:70/', 'ftp://public.example/', 'data:,x']) {
    await t.rejects(get(client, url), { code: 'source-address-refused', message: /Only http/ }, url);
  }
  t.equal(asked.length, 0);
});

t.test('ports of other services are refused on public addresses', async t => {
  const client = clientFor(t, [], async () => ['93.184.216.34']);
  for (const other of [22, 25, 6379, 5432, 11211]) {
    await t.rejects(get(client, `http://public.example:${other}/`), { message: /Port \d+ .*web/ });
  }
});

t.test(
  'a name that leads into a private network is refused, and the answer does not tell where it led',
  async t => {
    const client = clientFor(t, [], async () => ['10.20.30.40', '::ffff:192.168.7.7']);
    const error = await get(client, 'http://inside.example/').catch(reason => reason);
    t.equal(error.code, 'source-address-refused');
    t.notMatch(error.message, /10\.20|192\.168/);
  },
);

t.test(
  'the connection goes to the address that was checked, whatever the name means a moment later',
  async t => {
    const told: string[][] = [['127.0.0.1'], ['10.0.0.1'], ['10.0.0.1']];
    const client = clientFor(t, loopback, async () => told.shift() ?? ['10.0.0.1']);
    handle = (_request, response) => response.end('here');
    t.equal(`${await read(await get(client, `http://changing.example:${port}/`))}`, 'here');
    t.equal(told.length, 2, 'asked once');
    await t.rejects(get(client, `http://changing.example:${port}/`), { code: 'source-address-refused' });
    t.equal(asked.length, 1);
    t.equal(asked[0]?.headers.host, `changing.example:${port}`);
  },
);

t.test('of several addresses only the permitted ones are used', async t => {
  const client = clientFor(t, loopback, async () => ['10.0.0.1', '127.0.0.1']);
  handle = (_request, response) => response.end('here');
  t.equal(`${await read(await get(client, `http://both.example:${port}/`))}`, 'here');
});

t.test('every step of a redirect is checked', async t => {
  const client = clientFor(t, ['127.0.0.1/32']);
  for (const location of [
    `http://127.0.0.2:${port}/`,
    `http://[::ffff:10.0.0.1]/`,
    'http://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ]) {
    handle = (_request, response) => response.writeHead(302, { location }).end();
    await t.rejects(get(client, `http://127.0.0.1:${port}/`), { code: 'source-address-refused' }, location);
  }
  t.equal(asked.length, 5, 'nobody else was asked');
});

t.test('redirects without end are given up', async t => {
  const client = clientFor(t, loopback);
  handle = (request, response) => response.writeHead(302, { location: `${request.url}x` }).end();
  await t.rejects(get(client, `http://127.0.0.1:${port}/`), { code: 'source-refused' });
  t.equal(asked.length, 11);
});

t.test('credentials go to the origin that they were given for, and nowhere else', async t => {
  const client = clientFor(t, loopback);
  handle = (request, response) => {
    if (request.url === '/end') response.end('ok');
    else if (request.url === '/near') response.writeHead(302, { location: '/end' }).end();
    else response.writeHead(307, { location: `http://other:secret@127.0.0.2:${port}/end` }).end();
  };
  const far = await get(client, `http://me:p%40ss@127.0.0.1:${port}/far`, 100, { cookie: 'a=b' });
  t.equal(far.url.href, `http://127.0.0.2:${port}/end`);
  far.discard();
  t.match(asked[0]?.headers, { authorization: `Basic ${btoa('me:p@ss')}`, cookie: 'a=b' });
  t.equal(asked[1]?.headers.authorization, undefined);
  t.equal(asked[1]?.headers.cookie, undefined);
  (await get(client, `http://me:pass@127.0.0.1:${port}/near`)).discard();
  t.ok(asked[3]?.headers.authorization, 'the same origin gets them again');
});

t.test('a body may be as long as was said, unpacked', async t => {
  const client = clientFor(t, loopback);
  handle = (_request, response) => response.end(Buffer.alloc(1_001));
  await t.rejects(get(client, `http://127.0.0.1:${port}/`, 1_000).then(read), { code: 'source-too-large' });
  t.equal((await read(await get(client, `http://127.0.0.1:${port}/`, 1_001))).length, 1_001);
  const bomb = gzipSync(Buffer.alloc(200_000_000), { level: 9 });
  handle = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  const before = process.memoryUsage().rss;
  await t.rejects(get(client, `http://127.0.0.1:${port}/`).then(read), { code: 'source-too-large' });
  t.ok(process.memoryUsage().rss - before < 100_000_000, 'a bomb is not unpacked further');
  handle = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip');
  await t.rejects(get(client, `http://127.0.0.1:${port}/`).then(read), { code: 'source-refused' });
  handle = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(bomb);
  await t.rejects(get(client, `http://127.0.0.1:${port}/`).then(read), { code: 'source-refused' });
});

t.test('a server that says nothing, stops, or dribbles is given up', async t => {
  const client = clientFor(t, loopback);
  handle = () => undefined;
  await t.rejects(get(client, `http://127.0.0.1:${port}/`), {
    code: 'source-unavailable',
    message: /in time/,
  });
  handle = (_request, response) => response.write('a beginning');
  const silent = { code: 'source-unavailable', message: /nothing more/ };
  await t.rejects(get(client, `http://127.0.0.1:${port}/`).then(read), silent);
  handle = (_request, response) => {
    const drip = setInterval(() => response.write('.'), 50);
    response.once('close', () => clearInterval(drip));
  };
  const slow = { code: 'source-unavailable', message: /too slowly/ };
  await t.rejects(get(client, `http://127.0.0.1:${port}/`).then(read), slow);
});

t.test('who reads slowly is not taken for a sender that does', async t => {
  const client = clientFor(t, loopback);
  handle = (_request, response) => response.end(Buffer.alloc(4_000_000));
  const answer = await get(client, `http://127.0.0.1:${port}/`, 4_000_000);
  let bytes = 0;
  for await (const chunk of answer.body) {
    if (bytes === 0) await new Promise(resolve => setTimeout(resolve, 1_200));
    bytes += chunk.length;
  }
  t.equal(bytes, 4_000_000);
});

t.test('a request that is stopped ends at once, with the reason', async t => {
  const client = clientFor(t, loopback);
  handle = (_request, response) => response.write('a beginning');
  const stop = new AbortController();
  const reason = new Error('enough');
  const answer = await client.request(new URL(`http://127.0.0.1:${port}/`), {
    maxBytes: 100,
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(reason), 50);
  await t.rejects(read(answer), reason);
});
