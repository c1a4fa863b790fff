import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { joinClips, makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { LiveFollower } from '../support/live-follower.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { privateBytes } from '../support/process-tree.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start({ env: { RECONNECT_WINDOW_SECONDS: '2' } });
t.teardown(() => server.stop());
// Those that go on at their own pace, at once; the last two need the server for themselves.
t.jobs = 4;

t.test('a second publisher takes over, the first is told, no byte is lost or mixed', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 6 });
  const { id, ingestUrl } = await server.createSession();
  const options = { url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' } as const;
  const first = new IngestClient(options);
  const firstEnded = first.run();
  await eventually(() => first.acknowledged > 10_000);
  const second = new IngestClient(options);
  const secondEnded = second.run();
  t.equal((await firstEnded).closeCode, 4409);
  t.equal((await secondEnded).closeCode, 1000);
  t.ok((second.readyOffsets[0] ?? 0) >= first.acknowledged, 'it begins where the first one was');
  await server.finished(id);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
});

t.test('a connection that breaks again and again costs nothing', async t => {
  const clip = await makeClip({ kind: 'webm-vp8', durationSeconds: 8 });
  const { id, ingestUrl } = await server.createSession();
  const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
  const follower = new LiveFollower({ baseUrl: server.baseUrl, id });
  const followed = follower.follow(AbortSignal.timeout(40_000));
  const cuts = setInterval(() => client.cut(), 700);
  const result = await client.run();
  clearInterval(cuts);
  t.ok(result.connections > 4, `${result.connections} connections`);
  t.same(client.faults, []);
  await followed;
  await server.finished(id);
  await follower.compareWithSegments();
  t.same([...follower.violations, ...follower.faults, ...follower.failures], []);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
});

t.test('a publisher that never comes back: the window, then the video', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 3 });
  const { id, ingestUrl } = await server.createSession();
  const client = new IngestClient({
    url: ingestUrl,
    input: 'chunks',
    items: clip.chunks,
    pace: 'fast',
    end: false,
  });
  await client.run();
  await eventually(async () => (await server.video(id)).state === 'interrupted');
  const video = await server.finished(id);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 3) < 0.15, `${video.durationSeconds} s`);
  const late = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'fast' });
  t.equal((await late.run()).closeCode, 4409, 'who comes later is told that it is over');
});

t.test('endOnClose ends without a window', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const { id, ingestUrl } = await server.createSession();
  const url = `${ingestUrl}&endOnClose=1`;
  await new IngestClient({ url, input: 'chunks', items: clip.chunks, pace: 'fast', end: false }).run();
  const video = await server.finished(id);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 2) < 0.15);
});

t.test(
  'a publisher faster than the pipeline is slowed or stored, memory stays bounded',
  { buffered: false },
  async t => {
    const spec = { kind: 'webm-h264', durationSeconds: 40, framesPerSecond: 10 } as const;
    const half = await makeClip({ ...spec, videoBitsPerSecond: 8_000_000 });
    const clip = joinClips(half, half);
    const before = privateBytes(server.pid);
    const { id, ingestUrl } = await server.createSession();
    // The first second, and when that is on its way to ffmpeg, all the rest at once.
    const items = clip.chunks.map((chunk, index) => ({ ...chunk, atSeconds: index < 4 ? 0 : 2 }));
    const client = new IngestClient({ url: ingestUrl, input: 'chunks', items, pace: 'real' });
    const sent = client.run();
    const [ffmpeg] = await eventually(() => {
      const running = server.programs('ffmpeg');
      return running.length > 0 && running;
    });
    // The slowest pipeline there is: it stands still until everything was sent.
    process.kill(ffmpeg!.pid, 'SIGSTOP');
    t.ok(client.acknowledged < clip.bytes.length / 10, 'hardly anything was sent by then');
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, privateBytes(server.pid) - before);
    }, 50);
    await eventually(() => client.acknowledged === client.total);
    process.kill(ffmpeg!.pid, 'SIGCONT');
    await sent;
    await server.finished(id, 120);
    clearInterval(watch);
    const mebibytes = (bytes: number) => Math.round(bytes / 1024 ** 2);
    const seen = `${mebibytes(most)} MiB for ${mebibytes(clip.bytes.length)} MiB`;
    t.comment(seen);
    t.ok(clip.bytes.length > 72 * 1024 ** 2, 'enough is sent to tell');
    // 8 MiB a session, and what the collector has not taken back yet.
    t.ok(most < 64 * 1024 ** 2, seen);
  },
);

t.test(
  'SIGTERM drains: what was acknowledged is stored, exit 0, and the next start goes on',
  { buffered: false },
  async t => {
    const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 8 });
    const { id, ingestUrl } = await server.createSession();
    const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
    const sent = client.run();
    await delay(2_500);
    t.equal(await server.terminate(), 0);
    t.same(server.leftovers(), [], 'nothing is left running');
    await server.restart();
    t.equal((await sent).closeCode, 1000);
    t.same(client.faults, []);
    await server.finished(id);
    const frames = await readFrameNumbers(server.videoFile(id));
    t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
  },
);
