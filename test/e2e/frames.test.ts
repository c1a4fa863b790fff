import t from 'tap';
import { IngestClient, type IngestItem } from '../support/ingest-client.ts';
import {
  frameSequenceFaults,
  numberedJpegs,
  type ReadFrame,
  readFrameNumbers,
} from '../support/numbered-frames.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
// All that takes its own time takes it at once.
t.jobs = 5;

/** Sends frames and gives what came out: the file's frames, the playlist's frames, the video. */
async function roundTrip(
  items: readonly IngestItem[],
  request: Record<string, unknown>,
  timestamps: boolean,
) {
  const { id, ingestUrl } = await server.createSession({ input: 'frames', ...request });
  const client = new IngestClient({ url: ingestUrl, input: 'frames', items, pace: 'fast', timestamps });
  const result = await client.run();
  const video = await server.finished(id);
  const file = await readFrameNumbers(server.videoFile(id));
  const playlist = await readFrameNumbers(`${server.baseUrl}/hls/${id}/index.m3u8`);
  return { result, video, file, playlist, faults: client.faults };
}

function largestErrorMillis(frames: readonly ReadFrame[], expected: (index: number) => number): number {
  const first = frames[0]?.ptsSeconds ?? 0;
  return Math.max(
    ...frames.map(({ ptsSeconds }, index) => Math.abs(ptsSeconds - first - expected(index)) * 1_000),
  );
}

t.test('frames come out once each, in order, at their capture times', async t => {
  // An uneven camera: about 24 a second, some doubled in speed, a pause of 1.3 s in the middle.
  const takenMicros: number[] = [];
  let micros = 1_700_000_000_000_000;
  for (let index = 0; index < 240; index += 1) {
    takenMicros.push(micros);
    micros += index === 120 ? 1_300_000 : index % 7 === 0 ? 90_000 : index % 5 === 0 ? 20_000 : 41_667;
  }
  const jpegs = await numberedJpegs(240);
  const begun = takenMicros[0] ?? 0;
  const items = jpegs.map((bytes, index) => {
    const capturedAtMicros = takenMicros[index] ?? 0;
    return { bytes, capturedAtMicros, atSeconds: (capturedAtMicros - begun) / 1e6 };
  });
  const { file, playlist, video, result, faults } = await roundTrip(items, { title: 'capture times' }, true);
  t.equal(result.ended?.type, 'ended');
  t.same(faults, []);
  const expected = (index: number) => ((takenMicros[index] ?? 0) - begun) / 1e6;
  for (const frames of [file, playlist]) {
    t.same(frameSequenceFaults(frames, { first: 0, count: 240 }), []);
    t.ok(largestErrorMillis(frames, expected) <= 20, `${largestErrorMillis(frames, expected)} ms off`);
  }
  t.ok(Math.abs((video.durationSeconds ?? 0) - expected(239)) < 0.15, `${video.durationSeconds} s`);
});

t.test('frameRate: 27 is exactly 27 frames a second', async t => {
  const items = (await numberedJpegs(135)).map((bytes, index) => ({ bytes, atSeconds: index / 27 }));
  const { file, playlist, video } = await roundTrip(items, { frameRate: 27 }, false);
  for (const frames of [file, playlist]) {
    t.same(frameSequenceFaults(frames, { first: 0, count: 135 }), []);
    t.ok(
      largestErrorMillis(frames, index => index / 27) < 1,
      `${largestErrorMillis(frames, i => i / 27)} ms off`,
    );
  }
  t.ok(Math.abs((video.durationSeconds ?? 0) - 5) < 0.05, `${video.durationSeconds} s`);
});

t.test('frames over plain HTTP, as a body and as a form file, with their times', async t => {
  const { id, ingestToken } = await server.createSession({ input: 'frames' });
  const headers = { authorization: `Bearer ${ingestToken}` };
  for (const [index, jpeg] of (await numberedJpegs(20, 500)).entries()) {
    const body = new Uint8Array(jpeg);
    const form = new FormData();
    form.set('picture', new Blob([body], { type: 'image/jpeg' }), 'a.jpg');
    const answer = await fetch(`${server.baseUrl}/ingest/${id}/frames?capturedAtUs=${index * 125_000}`, {
      method: 'POST',
      body: index % 2 === 0 ? body : form,
      headers: index % 2 === 0 ? { ...headers, 'content-type': 'image/jpeg' } : headers,
    });
    t.same(await answer.json(), { offset: index + 1 });
  }
  await fetch(`${server.baseUrl}/api/v1/sessions/${id}/end`, { method: 'POST', headers });
  await server.finished(id);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 500, count: 20 }), []);
  t.ok(largestErrorMillis(frames, index => index / 8) <= 20);
});

t.test('without capture times the arrival tells, smoothed', async t => {
  const items = (await numberedJpegs(60)).map((bytes, index) => ({ bytes, atSeconds: index / 20 }));
  const { id, ingestUrl } = await server.createSession({ input: 'frames' });
  const client = new IngestClient({ url: ingestUrl, input: 'frames', items, pace: 'real' });
  await client.run();
  const video = await server.finished(id);
  t.same(frameSequenceFaults(await readFrameNumbers(server.videoFile(id)), { first: 0, count: 60 }), []);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 3) < 0.4, `${video.durationSeconds} s`);
});

t.test('a publisher that comes back sends no frame twice', async t => {
  const items = (await numberedJpegs(90)).map((bytes, index) => ({ bytes, atSeconds: index / 30 }));
  const { id, ingestUrl } = await server.createSession({ input: 'frames' });
  const client = new IngestClient({ url: ingestUrl, input: 'frames', items, pace: 'real', timestamps: true });
  const cuts = setInterval(() => client.cut(), 400);
  const result = await client.run();
  clearInterval(cuts);
  t.ok(result.connections > 2, `${result.connections} connections`);
  t.same(client.faults, []);
  await server.finished(id);
  const frames = await readFrameNumbers(server.videoFile(id));
  t.same(frameSequenceFaults(frames, { first: 0, count: 90 }), []);
  t.ok(largestErrorMillis(frames, index => index / 30) <= 20);
});
