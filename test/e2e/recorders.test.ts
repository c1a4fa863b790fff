import t from 'tap';
import { avOffset } from '../support/av-offset.ts';
import { chromiumRecording } from '../support/chromium-recordings.ts';
import { type Clip, makeClip, makeRestartClip, makeTurnedClip } from '../support/clips.ts';
import { checkMediaPlaylist } from '../support/hls-rules.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
// Two recordings at once: while one is being finished, the other's pictures are looked at.
t.jobs = 2;

/** Sound against picture may shift by this much on its way through us. */
const toleranceMillis = 40;

// What is transcoded keeps its size; a picture of 9:16 then stands between black bars.
const tallPicture = 'ih*9/16:ih';

async function record(clip: Clip, title: string): Promise<{ id: string; durationSeconds: number }> {
  const { id, ingestUrl } = await server.createSession({ title });
  const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'fast' });
  await client.run();
  const video = await server.finished(id);
  return { id, durationSeconds: video.durationSeconds ?? 0 };
}

const oddities: [name: string, make: () => Promise<Clip>][] = [
  ['a plain recording', () => makeClip({ kind: 'webm-h264', durationSeconds: 6 })],
  ['VP8', () => makeClip({ kind: 'webm-vp8', durationSeconds: 6 })],
  ['VP9', () => makeClip({ kind: 'webm-vp9', durationSeconds: 4 })],
  ['fragmented MP4', () => makeClip({ kind: 'mp4-h264', durationSeconds: 6 })],
  ['a transport stream', () => makeClip({ kind: 'ts-h264', durationSeconds: 6 })],
  ['an odd frame rate', () => makeClip({ kind: 'webm-h264', durationSeconds: 4, framesPerSecond: 17 })],
  ['a low frame rate', () => makeClip({ kind: 'webm-vp8', durationSeconds: 6, framesPerSecond: 1 })],
  [
    'sound that comes late',
    () => makeClip({ kind: 'webm-h264', durationSeconds: 5, audioDelaySeconds: 1.2 }),
  ],
  ['a recorder that was restarted', () => makeRestartClip({ kind: 'webm-h264', durationSeconds: 4 })],
  ['a restarted VP8 recorder', () => makeRestartClip({ kind: 'webm-vp8', durationSeconds: 4 })],
  ['a turned phone, H.264', () => makeTurnedClip('webm-h264', 4)],
  ['a turned phone, VP8', () => makeTurnedClip('webm-vp8', 4)],
];
for (const [name, make] of oddities) {
  t.test(`${name}: every frame once, in order, sound with its picture`, async t => {
    const clip = await make();
    const { id, durationSeconds } = await record(clip, name);
    const isFramed = name === 'a turned phone, VP8';
    for (const source of [`${server.baseUrl}/hls/${id}/index.m3u8`, server.videoFile(id)]) {
      const frames = await readFrameNumbers(source);
      if (isFramed) {
        const framed = await readFrameNumbers(source, { crop: tallPicture });
        frames.splice(clip.frameCount / 2, frames.length, ...framed.slice(clip.frameCount / 2));
      }
      t.same(frameSequenceFaults(frames, { first: 0, count: clip.frameCount }), []);
    }
    t.ok(Math.abs(durationSeconds - clip.durationSeconds) < 0.15, `${durationSeconds} s`);
    t.same(checkMediaPlaylist(await server.text(`/hls/${id}/main/stream.m3u8`)), []);
    const wanted = clip.chunks.length > 0 ? await sourceOffset(clip, name) : 0;
    const offsets = await avOffset(server.videoFile(id), isFramed ? { crop: tallPicture } : {});
    // At one frame a second every frame flashes: there is only one beginning of it.
    const expected = clip.framesPerSecond === 1 ? 1 : Math.floor(clip.durationSeconds) - 1;
    t.ok(offsets.length >= expected, `${offsets.length} beeps`);
    for (const { offsetMillis, flashSeconds } of offsets) {
      const shift = offsetMillis - wanted;
      t.ok(Math.abs(shift) <= toleranceMillis, `shifted by ${shift} ms at ${flashSeconds} s`);
    }
  });
}

/** Late sound has its beeps moved by a known half second; elsewhere flash and beep belong together. */
async function sourceOffset(clip: Clip, name: string): Promise<number> {
  if (!name.startsWith('sound that comes late')) return 0;
  const [first] = await avOffset(clip.file);
  return first?.offsetMillis ?? 0;
}

t.test('audio alone and video alone are fine', async t => {
  const video = await makeClip({ kind: 'webm-h264-video-only', durationSeconds: 3 });
  const { id } = await record(video, 'video only');
  t.same(frameSequenceFaults(await readFrameNumbers(server.videoFile(id)), { first: 0, count: 90 }), []);

  const both = await makeClip({ kind: 'webm-h264', durationSeconds: 3 });
  const file = `${t.testdir()}/sound.webm`;
  await runProgram('ffmpeg', [
    '-v',
    'error',
    '-i',
    both.file,
    '-vn',
    '-c',
    'copy',
    '-f',
    'webm',
    '-live',
    '1',
    file,
  ]);
  const { stdout } = await runProgram('cat', [file]);
  const sound = await record({ ...both, chunks: [{ bytes: stdout, atSeconds: 0 }] }, 'audio only');
  t.ok(Math.abs(sound.durationSeconds - 3) < 0.2, `${sound.durationSeconds} s`);
  const playlist = await server.text(`/hls/${sound.id}/index.m3u8`);
  t.notMatch(playlist, /RESOLUTION/);
  t.match(playlist, /CODECS="mp4a\.40\.2"/);
});

const recordings = [
  // H.264 and VP8 change their size after 9 s.
  ['chromium-h264.webm', 239],
  ['chromium-vp8.webm', 239],
  ['chromium-vp9.mp4', 179],
] as const;
for (const [name, frameCount] of recordings) {
  t.test(`${name}: a real recording becomes a video with all its frames`, async t => {
    const { chunks } = await chromiumRecording(name);
    const { id, ingestUrl } = await server.createSession({ title: name });
    await new IngestClient({ url: ingestUrl, input: 'chunks', items: chunks, pace: 'fast' }).run();
    const video = await server.finished(id);
    const file = await readFrameNumbers(server.videoFile(id));
    const playlist = await readFrameNumbers(`${server.baseUrl}/hls/${id}/index.m3u8`);
    t.equal(file.length, frameCount);
    t.equal(playlist.length, frameCount);
    const lasts = (file.at(-1)?.ptsSeconds ?? 0) - (file[0]?.ptsSeconds ?? 0);
    t.ok(
      Math.abs((video.durationSeconds ?? 0) - lasts) < 0.15,
      `${video.durationSeconds} s, frames ${lasts} s`,
    );
  });
}
