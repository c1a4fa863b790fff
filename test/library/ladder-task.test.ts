import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ladderTask } from '../../src/library/ladder-task.ts';
import type { VideoRow } from '../../src/library/video-store.ts';
import { runFfmpeg, runProgram } from '../support/run-program.ts';
import { firstAttempt, mediaContent } from './media-content.ts';

const { content, run } = await mediaContent(t);
const ladder = ladderTask({ content, run, exclusively: (_, work) => work() });
const context = firstAttempt;

const id = 'video0000001';
const hls = content.hlsDir(id);
const main = join(hls, 'main');
await mkdir(main, { recursive: true });
// Segments of unequal length, as a recording's are.
const noise = 'testsrc2=s=854x480:r=15:d=16,noise=alls=40:allf=t';
await runFfmpeg([
  ...[
    '-f',
    'lavfi',
    '-i',
    noise,
    '-f',
    'lavfi',
    '-i',
    'sine=duration=16',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
  ],
  ...['-bf', '2', '-b:v', '2500k', '-pix_fmt', 'yuv420p', '-sc_threshold', '0', '-g', '1000'],
  ...[
    '-force_key_frames',
    '2,5,6,10,14',
    '-c:a',
    'aac',
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
    content.videoFile(id),
  ],
]);
await runFfmpeg([
  ...[
    '-i',
    content.videoFile(id),
    '-c',
    'copy',
    '-f',
    'hls',
    '-hls_time',
    '0.001',
    '-hls_playlist_type',
    'vod',
  ],
  ...['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init-0.mp4'],
  ...['-hls_segment_filename', join(main, '%06d.m4s'), join(main, 'stream.m3u8')],
]);
const before =
  '#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="English",URI="captions/stream.m3u8"\n' +
  '#EXT-X-STREAM-INF:BANDWIDTH=3000000,CODECS="avc1.640016,mp4a.40.2",RESOLUTION=854x480,SUBTITLES="captions"\nmain/stream.m3u8\n';
await writeFile(content.multivariantPlaylistFile(id), before);
const video = {
  id,
  width: 854,
  height: 480,
  durationSeconds: 16,
  sizeBytes: 5_200_000,
  audioCodec: 'aac',
} as VideoRow;
const playlist = () => readFile(content.multivariantPlaylistFile(id), 'utf8');
const pts = async (file: string, kind: 'v' | 'a') => {
  const args = [
    '-v',
    'error',
    '-select_streams',
    kind,
    '-show_entries',
    'packet=pts_time',
    '-of',
    'csv=p=0',
    file,
  ];
  const { stdout } = await runProgram('ffprobe', args);
  return stdout
    .toString()
    .trim()
    .split('\n')
    .map(Number.parseFloat)
    .sort((one, other) => one - other);
};

t.test(
  'a smaller rendition is named beside the source, cut where the source is cut, at the same times',
  async t => {
    await ladder.run(video, context);
    const [folder = ''] = (await readdir(hls)).filter(name => name.startsWith('360p-'));
    const text = await playlist();
    t.ok(text.startsWith(before), 'the source stays, and stays first');
    const line =
      /\n#EXT-X-STREAM-INF:BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",CLOSED-CAPTIONS=NONE,RESOLUTION=640x360,SUBTITLES="captions"\n(360p-[a-z0-9]{8})\/stream\.m3u8\n$/.exec(
        text,
      );
    t.equal(line?.[3], folder);
    t.ok(Number(line?.[1]) >= Number(line?.[2]) && Number(line?.[2]) < 1_000_000);
    const lengths = async (name: string) =>
      [...(await readFile(join(hls, name, 'stream.m3u8'), 'utf8')).matchAll(/#EXTINF:([0-9.]+)/g)].map(
        match => Number(Number(match[1]).toFixed(1)),
      );
    t.same(await lengths(folder), [2, 3, 1, 4, 4, 2]);
    t.same(await lengths(folder), await lengths('main'));
    const [ours, source] = [
      await pts(join(hls, folder, 'stream.m3u8'), 'v'),
      await pts(content.videoFile(id), 'v'),
    ];
    t.equal(ours.length, source.length, 'every picture');
    t.ok(Math.abs((ours[0] as number) - (source[0] as number)) < 0.01, `${ours[0]} and ${source[0]}`);
    const sound = await pts(join(hls, folder, 'stream.m3u8'), 'a');
    t.ok(Math.abs((sound[0] as number) - (ours[0] as number)) < 0.03, 'sound and picture begin together');
  },
);

t.test('made again it takes the place of the first, which who is watching may go on with', async t => {
  const [first = ''] = (await readdir(hls)).filter(name => name.startsWith('360p-'));
  await mkdir(join(hls, '360p-leftover'));
  await ladder.run(video, context);
  const folders = (await readdir(hls)).filter(name => name.startsWith('360p-'));
  t.equal(folders.length, 2);
  t.ok(folders.includes(first), 'a player may hold the playlist before');
  t.notMatch(await playlist(), first);
  t.equal((await playlist()).match(/STREAM-INF/g)?.length, 2);
  t.same(await readdir(content.tmpDir), ['ffmpeg']);
  await ladder.failed?.(video, new Error('given up'));
  t.equal(
    (await readdir(hls)).filter(name => name.startsWith('360p-')).length,
    1,
    'what no playlist names goes',
  );
});

t.test('where it does not pay nothing is made', async t => {
  const text = await playlist();
  await ladder.run({ ...video, sizeBytes: 400_000 }, context);
  t.equal(await playlist(), text);
});
