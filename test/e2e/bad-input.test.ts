import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient, type IngestItem } from '../support/ingest-client.ts';
import { jpegHeaderOfSize } from '../support/jpeg-bomb.ts';
import { numberedJpegs, readFrameNumbers } from '../support/numbered-frames.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start({
  env: { SILENT_PUBLISHER_SECONDS: '5', RECONNECT_WINDOW_SECONDS: '1' },
});
t.teardown(() => server.stop());

t.afterEach(async () => {
  const health = await fetch(`${server.baseUrl}/health`);
  if (health.status !== 200) throw new Error(`the server is not healthy after it: ${await health.text()}`);
  await health.arrayBuffer();
});

async function send(
  items: readonly IngestItem[],
  request: Record<string, unknown> = {},
  change: (url: string) => string = url => url,
) {
  const { id, ingestUrl } = await server.createSession(request);
  const input = request.input === 'frames' ? ('frames' as const) : ('chunks' as const);
  const client = new IngestClient({ url: change(ingestUrl), input, items, pace: 'fast', reconnect: false });
  return { id, result: await client.run(), client };
}

const whole = (bytes: Uint8Array): IngestItem[] => [{ bytes, atSeconds: 0 }];
const text = (content: string) => whole(Buffer.from(content.padEnd(5_000, '\n')));

/** A loopback address that notes whoever asks it: no media tool may be led there. */
async function trap(t: { teardown(fn: () => void): void }): Promise<{ url: string; visits: string[] }> {
  const visits: string[] = [];
  const listener = createServer((request, answer) => {
    visits.push(request.url ?? '');
    answer.end();
  });
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
  t.teardown(() => listener.close());
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, visits };
}

t.test('what is no container is refused with 4415', async t => {
  const { url, visits } = await trap(t);
  const wrong: [string, IngestItem[]][] = [
    ['text', text('hello, this is not a film')],
    [
      'an HLS playlist',
      text(`#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${url}/segment.ts\n#EXT-X-ENDLIST\n`),
    ],
    ['a playlist that names a file', text('#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n')],
    ['ffconcat', text(`ffconcat version 1.0\nfile ${url}/film.mp4\n`)],
    ['a DASH manifest', text(`<?xml version="1.0"?><MPD><BaseURL>${url}/</BaseURL></MPD>`)],
    ['zeroes', whole(Buffer.alloc(100_000))],
    ['a JPEG', whole((await numberedJpegs(1))[0] ?? Buffer.alloc(0))],
    ['an ELF program', whole(Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(4_000)]))],
  ];
  for (const [name, items] of wrong) {
    const { result, id } = await send(items);
    t.equal(result.closeCode, 4415, name);
    t.equal(result.errors[0]?.code, 'unsupported-container', name);
    const video = await eventually(async () => {
      const now = await server.video(id).catch(() => null);
      return now === null ? 'gone' : (now.state === 'failed' || now.state === 'created') && now.state;
    });
    t.ok(video, name);
  }
  t.same(visits, [], 'no address inside was asked');
});

t.test('tokens and sessions that are not', async t => {
  const items = whole(Buffer.from('x'));
  const { result: wrong } = await send(items, {}, url => url.replace(/token=[^&]*/, 'token=wrong'));
  t.equal(wrong.closeCode, 4401);
  const { result: none } = await send(items, {}, url => url.replace(/\?token=[^&]*/, ''));
  t.equal(none.closeCode, 4401);
  const { result: unknown } = await send(items, {}, url => url.replace(/ingest\/\w+/, 'ingest/000000000000'));
  t.equal(unknown.closeCode, 4404);
  const { result: path } = await send(items, {}, url => url.replace(/ingest\/\w+/, 'ingest/..%2f..%2fetc'));
  t.ok([1006, 4400, 4404].includes(path.closeCode), `${path.closeCode}`);
});

t.test('a message of 17 MiB is refused with 1009', async t => {
  const { result } = await send(whole(Buffer.alloc(17 * 1024 * 1024)));
  // A proxy between may end the connection before it passes the close frame on.
  t.ok([1009, 1006].includes(result.closeCode), `${result.closeCode}`);
});

t.test('malformed text messages are refused with 4400', async t => {
  const { default: WebSocket } = await import('ws');
  for (const message of ['{', '[]', '{"type":"no"}', 'x'.repeat(100_000)]) {
    const { ingestUrl } = await server.createSession();
    const socket = new WebSocket(ingestUrl);
    const code = await new Promise<number>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(message));
      socket.on('close', resolve);
    });
    t.equal(code, 4400, message.slice(0, 20));
  }
});

t.test('a truncated recording keeps all good parts', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 6 });
  for (const share of [0.37, 0.81]) {
    const { id } = await send(whole(clip.bytes.subarray(0, Math.floor(clip.bytes.length * share))));
    await server.finished(id);
    const numbers = (await readFrameNumbers(server.videoFile(id))).map(frame => frame.number);
    t.ok(numbers.length > clip.frameCount * (share - 0.2), `${numbers.length} frames of ${share}`);
    t.same(
      numbers,
      Array.from(numbers, (_, index) => index),
    );
  }
});

t.test('garbage in the middle is survived', async t => {
  for (const kind of ['webm-h264', 'webm-vp8', 'mp4-h264', 'ts-h264'] as const) {
    const clip = await makeClip({ kind, durationSeconds: 8 });
    const half = Math.floor(clip.bytes.length / 2);
    const noise = Buffer.from(Array.from({ length: 2_000 }, (_, index) => (index * 7_919) % 251));
    const broken = Buffer.concat([clip.bytes.subarray(0, half), noise, clip.bytes.subarray(half)]);
    const { id } = await send(whole(broken));
    const video = await eventually(async () => {
      const now = await server.video(id);
      return ['ready', 'failed'].includes(now.state) && now;
    });
    if (!t.equal(video.state, 'ready', kind)) continue;
    const frames = await readFrameNumbers(server.videoFile(id), { lenient: true });
    const good = new Set(frames.map(frame => frame.number).filter(number => number !== null));
    t.ok(good.size >= clip.frameCount * 0.45, `${kind}: ${good.size} of ${clip.frameCount} frames are good`);
  }
});

t.test('frames that are none are skipped with a warning, the session goes on', async t => {
  const jpegs = await numberedJpegs(20);
  const bad: Buffer[] = [
    Buffer.from('not a picture'),
    jpegHeaderOfSize(30_000, 30_000),
    (jpegs[0] ?? Buffer.alloc(0)).subarray(0, 40),
    Buffer.alloc(0),
  ];
  const items = [...jpegs.slice(0, 10), ...bad, ...jpegs.slice(10)].map((bytes, index) => ({
    bytes,
    atSeconds: index / 10,
  }));
  const { id, result } = await send(items, { input: 'frames', frameRate: 10 });
  t.ok(result.warnings.length >= 1, 'it is warned');
  for (const { code } of result.warnings) t.match(code, /^(bad-frame|frame-too-large)$/);
  t.equal(result.closeCode, 1000);
  await server.finished(id);
  const numbers = (await readFrameNumbers(server.videoFile(id), { lenient: true })).map(
    frame => frame.number,
  );
  t.same(
    numbers,
    Array.from({ length: 20 }, (_, index) => index),
  );
});

t.test('a JPEG bomb over plain HTTP is refused, and costs no memory', async t => {
  const { id, ingestToken } = await server.createSession({ input: 'frames' });
  const answer = await fetch(`${server.baseUrl}/ingest/${id}/frames`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ingestToken}`, 'content-type': 'image/jpeg' },
    body: new Uint8Array(jpegHeaderOfSize(30_000, 30_000)),
  });
  t.ok([400, 413, 422].includes(answer.status), `${answer.status}`);
  t.match(((await answer.json()) as { code: string }).code, /^(bad-frame|frame-too-large)$/);
});

t.test('a publisher that falls silent is let go, and what it sent is kept', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 3 });
  const { id, ingestUrl } = await server.createSession();
  const { default: WebSocket } = await import('ws');
  const socket = new WebSocket(ingestUrl);
  socket.on('open', () => socket.send(clip.bytes));
  const closed = new Promise<number>(resolve => socket.on('close', resolve));
  t.ok([1000, 4400, 4408, 4409, 1001].includes(await closed));
  const video = await server.finished(id);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 3) < 0.2, `${video.durationSeconds} s`);
});

t.test('an offset that does not fit is told where to begin', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const { id, ingestToken } = await server.createSession();
  const post = (body: Uint8Array, offset?: number) =>
    fetch(`${server.baseUrl}/ingest/${id}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${ingestToken}`,
        ...(offset === undefined ? {} : { 'upload-offset': `${offset}` }),
      },
      body: new Uint8Array(body),
    });
  t.same(await (await post(clip.bytes.subarray(0, 1_000), 0)).json(), { offset: 1_000 });
  const mismatch = await post(clip.bytes.subarray(2_000), 2_000);
  t.equal(mismatch.status, 409);
  t.match(await mismatch.json(), { offset: 1_000 });
  const status = await fetch(`${server.baseUrl}/ingest/${id}`, {
    headers: { authorization: `Bearer ${ingestToken}` },
  });
  t.match(await status.json(), { offset: 1_000 });
  t.same(await (await post(clip.bytes.subarray(1_000), 1_000)).json(), { offset: clip.bytes.length });
});
