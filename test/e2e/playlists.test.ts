import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { type Clip, type ClipKind, makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { newestPart, parseMediaPlaylist } from '../support/hls-playlist.ts';
import { checkMediaPlaylist, checkMultivariant } from '../support/hls-rules.ts';
import { checkDelta } from '../support/hls-succession.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { LiveFollower } from '../support/live-follower.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

// Eight recordings at once, as in life; each takes its own time.
t.jobs = 8;
const server = await TestServer.start();
t.teardown(() => server.stop());

/** Publishes a clip at its own pace; `sent` resolves when the session has ended. */
async function publish(clip: Clip, title: string) {
  const { id, ingestUrl } = await server.createSession({ title, mimeType: clip.mimeType });
  const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
  return { id, client, sent: client.run() };
}

const runs: [ClipKind, number][] = [
  ['webm-h264', 20],
  ['webm-vp8', 10],
  ['mp4-h264', 10],
  ['ts-h264', 10],
];
for (const [kind, seconds] of runs) {
  t.test(
    `${kind}: every playlist of a real run follows the rules, live and over`,
    { buffered: true },
    async t => {
      const clip = await makeClip({ kind, durationSeconds: seconds });
      const { id, client, sent } = await publish(clip, kind);
      const follower = new LiveFollower({ baseUrl: server.baseUrl, id });
      await follower.follow(AbortSignal.timeout((seconds + 30) * 1_000));
      await sent;
      t.same(client.faults, []);
      await server.finished(id);
      await follower.compareWithSegments();
      t.same(follower.violations, []);
      t.same(follower.faults, []);
      t.same(follower.failures, []);
      t.ok(follower.parts.length >= seconds, `${follower.parts.length} parts`);

      t.same(checkMultivariant(await server.text(`/hls/${id}/index.m3u8`)), []);
      const over = await server.text(`/hls/${id}/main/stream.m3u8`);
      t.same(checkMediaPlaylist(over), []);
      const listed = (text: string) =>
        parseMediaPlaylist(text).segments.map(({ uri, map }) => ({ uri, map }));
      t.same(listed(over), listed(follower.text), 'what is on disk is what was live');
      const frames = await readFrameNumbers(`${server.baseUrl}/hls/${id}/index.m3u8`);
      t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
      const file = await readFrameNumbers(`${server.baseUrl}/videos/${id}/video.mp4`);
      t.same(frameSequenceFaults(file, { first: 0, count: clip.frameCount }), []);
    },
  );
}

t.test('delivery directives are answered as section 6.2.5 says', { buffered: true }, async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 50 });
  // The first 40 s come at once: a delta update only skips what is far from the edge.
  const chunks = clip.chunks.map(chunk => ({ ...chunk, atSeconds: Math.max(0, chunk.atSeconds - 40) }));
  const { id, sent } = await publish({ ...clip, chunks }, 'directives');
  const path = `/hls/${id}/main/stream.m3u8`;
  const status = async (query: string) => {
    const answer = await fetch(`${server.baseUrl}${path}?${query}`);
    await answer.arrayBuffer();
    return answer.status;
  };
  const playlist = await eventually(async () => {
    const now = parseMediaPlaylist(await server.text(path));
    return now.segments.filter(segment => segment.uri).length >= 20 && now;
  });
  const newest = newestPart(playlist);
  const last = playlist.segments.filter(segment => segment.uri).at(-1)?.sequence ?? 0;
  t.equal(await status('_HLS_part=1'), 400, '_HLS_part without _HLS_msn');
  t.equal(await status(`_HLS_msn=${last + 5}`), 400, 'a segment too far ahead');
  // The Advance Part Limit is 3 s worth of parts: 15 of 0.2 s.
  const tooFar = `_HLS_msn=${newest?.sequence}&_HLS_part=${(newest?.part ?? 0) + 40}`;
  t.equal(await status(tooFar), 400, 'a part too far ahead');
  for (const wrong of ['_HLS_msn=-1', '_HLS_msn=x', '_HLS_msn=1&_HLS_part=-1', '_HLS_msn=1e3']) {
    t.equal(await status(wrong), 400, wrong);
  }
  t.equal(await status(`_HLS_msn=${last - 3}`), 200, 'a segment that is there is answered at once');

  const [delta, full] = await Promise.all([server.text(`${path}?_HLS_skip=YES`), server.text(path)]);
  t.same(checkDelta(delta, full), []);
  const wait = performance.now();
  const blocked = parseMediaPlaylist(await server.text(`${path}?_HLS_msn=${last + 2}`));
  t.ok(performance.now() - wait > 50, 'it waited');
  t.ok(blocked.segments.some(segment => segment.uri && segment.sequence >= last + 2));
  await sent;
  await server.finished(id);
  t.equal(await status('_HLS_msn=999999'), 200, 'after the end the directives are ignored');
});

t.test('what may be kept, for how long, and what is never served', { buffered: true }, async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 6 });
  const { id, sent } = await publish(clip, 'headers');
  const head = async (path: string) => {
    const answer = await fetch(`${server.baseUrl}${path}`);
    await answer.arrayBuffer();
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      cache: answer.headers.get('cache-control') ?? '',
    };
  };
  await eventually(async () => (await head(`/hls/${id}/main/000001.m4s`)).status === 200);
  const segment = await head(`/hls/${id}/main/000000.m4s`);
  t.match(segment, { status: 200, type: /^video\/(mp4|iso\.segment)/, cache: /max-age=31536000.*immutable/ });
  t.match((await head(`/hls/${id}/main/init-0.mp4`)).cache, /immutable/);
  const live = await head(`/hls/${id}/main/stream.m3u8`);
  t.match(live.type, /^application\/vnd\.apple\.mpegurl/);
  t.notMatch(live.cache, /immutable/, 'a live playlist changes');
  await sent;
  await server.finished(id);
  const over = await head(`/hls/${id}/main/stream.m3u8`);
  t.match(over, { status: 200, type: /^application\/vnd\.apple\.mpegurl/ });
  const refused = [
    'journal/000001.log',
    'main/000099.m4s',
    'main/000000.open',
    '../postgres/PG_VERSION',
    'main/../../journal/000001.log',
  ];
  for (const path of refused) t.equal((await head(`/hls/${id}/${path}`)).status, 404, path);
  t.equal((await head(`/videos/${id}/journal/000001.log`)).status, 404);
  const range = await fetch(`${server.baseUrl}/videos/${id}/video.mp4`, { headers: { range: 'bytes=4-7' } });
  t.equal(range.status, 206);
  t.equal(await range.text(), 'ftyp');
});

t.test('ffmpeg plays the live playlist', { buffered: true }, async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 14 });
  const { id, sent } = await publish(clip, 'ffmpeg');
  await eventually(async () => (await server.text(`/hls/${id}/main/stream.m3u8`)).includes('#EXTINF'));
  const file = `${t.testdir()}/live.mkv`;
  await runFfmpeg([
    '-loglevel',
    'error',
    '-live_start_index',
    '0',
    '-i',
    `${server.baseUrl}/hls/${id}/index.m3u8`,
    '-c',
    'copy',
    file,
  ]);
  await sent;
  const frames = await readFrameNumbers(file);
  t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
});

t.test('a second viewer who comes late can go back to the beginning', { buffered: true }, async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 10 });
  const { id, sent } = await publish(clip, 'rewind');
  await delay(6_000);
  const playlist = parseMediaPlaylist(await server.text(`/hls/${id}/main/stream.m3u8`));
  t.equal(playlist.mediaSequence, 0);
  t.equal((await fetch(`${server.baseUrl}/hls/${id}/main/${playlist.segments[0]?.uri}`)).status, 200);
  await sent;
});
