import { connect } from 'node:net';
import t from 'tap';
import WebSocket from 'ws';
import type { ServerMessage } from '../../src/api/ingest-message.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { frameSequenceFaults, numberedJpegs, readFrameNumbers } from '../support/numbered-frames.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
// The publishers of all, one of whom takes 15 s, are there at once.
t.jobs = 5;

/** One connection, everything that it was told. */
async function publish(url: string) {
  const socket = new WebSocket(url);
  const heard: ServerMessage[] = [];
  socket.on('message', data => heard.push(JSON.parse(data.toString()) as ServerMessage));
  socket.on('error', () => {});
  const closed = new Promise<number>(resolve => socket.on('close', resolve));
  const ready = await eventually(() => heard.find(message => message.type === 'ready'));
  /** Resolves when so much is safe. */
  const safe = (offset: number) =>
    eventually(() => heard.some(message => 'offset' in message && message.offset >= offset), {
      what: `${offset} are acknowledged`,
    });
  return { socket, heard, closed, ready, safe };
}

t.test('a few last bytes that look like a beginning are acknowledged, and ended with', async t => {
  // A transport stream's last packet begins like any other; this one is left out but for its first bytes.
  const clip = await makeClip({ kind: 'ts-h264', durationSeconds: 2 });
  const end = Math.floor(clip.bytes.length / 188) * 188;
  for (const isAwaited of [true, false]) {
    const { id, ingestUrl } = await server.createSession();
    const first = await publish(ingestUrl);
    first.socket.send(clip.bytes.subarray(0, end - 188));
    await first.safe(end - 188);
    first.socket.terminate();
    const second = await publish(ingestUrl);
    t.match(second.ready, { offset: end - 188 });
    second.socket.send(clip.bytes.subarray(end - 188, end - 185));
    if (isAwaited) await second.safe(end - 185);
    second.socket.send('{"type":"end"}');
    t.equal(await second.closed, 1000);
    t.match(second.heard.at(-1), { type: 'ended' });
    const acknowledged = second.heard.flatMap(message => ('offset' in message ? [message.offset] : []));
    t.equal(Math.max(...acknowledged), end - 185, 'every byte was safe before the end');
    await server.finished(id);
  }
});

t.test(
  'while the old connection’s bytes are on their way, the new one begins where they end or before',
  async t => {
    const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 6 });
    const { id, ingestUrl } = await server.createSession();
    let sent = 0;
    for (let round = 0; sent < clip.bytes.length; round += 1) {
      const { socket, ready } = await publish(ingestUrl);
      const offset = ready.type === 'ready' ? ready.offset : Number.NaN;
      t.ok(offset <= sent, `round ${round}: ${offset} of ${sent}`);
      // A burst, and the next connection at once: nobody waits for an acknowledgement.
      const until = Math.min(clip.bytes.length, offset + 100_000 + round * 7_919);
      for (let at = offset; at < until; at += 1_000)
        socket.send(clip.bytes.subarray(at, Math.min(until, at + 1_000)));
      sent = until;
      if (sent === clip.bytes.length) socket.send('{"type":"end"}');
      else if (round % 2 === 0) socket.close();
    }
    await server.finished(id);
    const frames = await readFrameNumbers(server.videoFile(id));
    t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
  },
);

t.test('an HTTP body that breaks off is kept to its last byte, and its publisher may come back', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 3 });
  const { id, ingestToken } = await server.createSession();
  const headers = { authorization: `Bearer ${ingestToken}` };
  const half = Math.floor(clip.bytes.length / 2);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST /ingest/${id}?token=${ingestToken} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  socket.write(`${half.toString(16)}\r\n`);
  socket.write(clip.bytes.subarray(0, half));
  const status = async () => (await fetch(`${server.baseUrl}/ingest/${id}`, { headers })).json();
  await eventually(async () => ((await status()) as { offset: number }).offset === half);
  socket.destroy();
  await eventually(async () => ((await status()) as { state: string }).state === 'interrupted', {
    what: 'the server knows that nobody is there',
  });
  const answer = await fetch(`${server.baseUrl}/ingest/${id}?endOnClose=1`, {
    method: 'POST',
    headers: { ...headers, 'upload-offset': `${half}` },
    body: new Uint8Array(clip.bytes.subarray(half)),
  });
  t.equal(answer.status, 200);
  t.same(await answer.json(), { offset: clip.bytes.length });
  await server.finished(id);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
});

t.test('a body that comes very slowly is waited for', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const { id, ingestToken } = await server.createSession();
  const sliceBytes = Math.ceil(clip.bytes.length / 15);
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      // As slowly as speech comes: 2 KB a second.
      for (let at = 0; at < clip.bytes.length; at += sliceBytes) {
        controller.enqueue(new Uint8Array(clip.bytes.subarray(at, at + sliceBytes)));
        await new Promise(resolve => setTimeout(resolve, 1_000));
      }
      controller.close();
    },
  });
  const answer = await fetch(`${server.baseUrl}/ingest/${id}?token=${ingestToken}&endOnClose=1`, {
    method: 'POST',
    body,
    duplex: 'half',
    signal: AbortSignal.timeout(40_000),
  } as RequestInit);
  t.same(await answer.json(), { offset: clip.bytes.length });
  await server.finished(id);
});

t.test('frames: bad ones first, a clock set back on the way, a publisher that comes back', async t => {
  const jpegs = await numberedJpegs(30);
  const { id, ingestUrl } = await server.createSession({ input: 'frames' });
  const message = (capturedAtMicros: number, bytes: Uint8Array) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(capturedAtMicros));
    return Buffer.concat([time, bytes]);
  };
  const url = `${ingestUrl}&timestamps=us`;
  const first = await publish(url);
  first.socket.send(message(5_000_000, Buffer.from('no picture')));
  first.socket.send(message(5_000_000, Buffer.alloc(0)));
  await first.safe(2);
  first.socket.terminate();
  const second = await publish(url);
  t.match(second.ready, { offset: 2 }, 'frames that were refused are counted on both sides');
  for (const [index, jpeg] of jpegs.entries()) {
    // An hour back in the middle.
    second.socket.send(message(7_200_000_000 + index * 100_000 - (index < 15 ? 0 : 3_600_000_000), jpeg));
  }
  second.socket.send('{"type":"end"}');
  t.equal(await second.closed, 1000);
  t.match(
    second.heard.filter(({ type }) => type === 'warning'),
    [{ code: 'clock-set-back' }],
  );
  const video = await server.finished(id);
  t.equal(video.error, null);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 0, count: 30 }), []);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 3) < 0.2, `${video.durationSeconds} s`);
});
