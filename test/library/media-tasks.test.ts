import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { loudnessTask } from '../../src/library/loudness-task.ts';
import { previewTask, thumbnailTask } from '../../src/library/still-tasks.ts';
import { storyboardTask } from '../../src/library/storyboard-task.ts';
import type { VideoChanges, VideoRow } from '../../src/library/video-store.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { firstAttempt, mediaContent } from './media-content.ts';

const { content, run } = await mediaContent(t);
const told: VideoChanges[] = [];
const videos = {
  update: async (_: string, changes: VideoChanges) => {
    told.push(changes);
    return undefined;
  },
};
const parts = { content, videos, run };
const context = firstAttempt;
let made = 0;

/** A video of our own: what it holds, how long it lasts. */
async function videoOf(input: readonly string[], durationSeconds: number, width = 640, height = 360) {
  made += 1;
  const id = `video${String(made).padStart(7, '0')}`;
  await mkdir(content.videoDir(id));
  await runFfmpeg([...input, '-pix_fmt', 'yuv420p', '-f', 'mp4', content.videoFile(id)]);
  return { id, durationSeconds, width, height } as VideoRow;
}

const files = async ({ id }: VideoRow) => (await readdir(content.videoDir(id))).sort();
const nothingLeft = async () =>
  t.same(await readdir(content.tmpDir), ['ffmpeg'], 'no attempt leaves anything');

// Ten seconds of colours, a second each: red, then green, … A stretch around 1 s is blurred but for one picture.
const colours = ['red', 'lime', 'blue', 'yellow', 'cyan', 'magenta', 'white', 'gray', 'orange', 'purple'];
const film = await videoOf(
  [
    ...colours.flatMap(colour => ['-f', 'lavfi', '-i', `color=${colour}:s=640x360:r=10:d=1`]),
    ...['-f', 'lavfi', '-i', 'sine=frequency=1000:duration=10'],
    ...['-filter_complex', `${colours.map((_, index) => `[${index}]`).join('')}concat=n=10[v]`],
    ...['-map', '[v]', '-map', '10:a', '-c:v', 'libx264', '-g', '10', '-c:a', 'aac', '-af', 'volume=-6dB'],
  ],
  10,
);

t.test('a storyboard shows each moment in its place', async t => {
  for (const _ of ['once', 'twice']) {
    told.length = 0;
    await storyboardTask(parts).run(film, context);
    t.same(await files(film), ['storyboard.0.jpg', 'storyboard.vtt', 'video.mp4']);
    t.same(told, [{ hasStoryboard: true }]);
  }
  const sheet = sharp(join(content.videoDir(film.id), 'storyboard.0.jpg'));
  t.match(await sheet.metadata(), { width: 1_920, height: 108 });
  const text = await readFile(join(content.videoDir(film.id), 'storyboard.vtt'), 'utf8');
  t.match(text, '00:00:03.000 --> 00:00:04.000\nstoryboard.0.jpg#xywh=576,0,192,108\n');
  const { data } = await sheet.raw().toBuffer({ resolveWithObject: true });
  const at = (tile: number) => [...data.subarray(3 * (54 * 1_920 + tile * 192 + 96)).subarray(0, 3)];
  const near = (tile: number, rgb: number[]) =>
    t.ok(
      at(tile).every((value, index) => Math.abs(value - (rgb[index] as number)) < 60),
      `${tile}: ${at(tile)}`,
    );
  near(0, [255, 0, 0]);
  near(3, [255, 255, 0]);
  near(9, [128, 0, 128]);
  await nothingLeft();
});

t.test('the thumbnail is the sharpest of several pictures around a tenth', async t => {
  // Blurred all through, but for a moment at 2.2 s of 20.
  const blurred = "testsrc2=s=640x360:r=10:d=20,boxblur=8:enable='not(between(t,2.15,2.65))'";
  const video = await videoOf(['-f', 'lavfi', '-i', blurred, '-c:v', 'libx264', '-g', '20'], 20);
  told.length = 0;
  for (const _ of ['once', 'twice']) await thumbnailTask(parts).run(video, context);
  t.same(await files(video), ['thumbnail.jpg', 'video.mp4']);
  t.same(told, [{ hasThumbnail: true }, { hasThumbnail: true }]);
  const thumbnail = await sharp(join(content.videoDir(video.id), 'thumbnail.jpg')).metadata();
  t.match(thumbnail, { format: 'jpeg', width: 640, height: 360 });
  const sharpFrame = join(content.root, 'sharp.png');
  await runFfmpeg(['-ss', '2.3', '-i', content.videoFile(video.id), '-frames:v', '1', '-y', sharpFrame]);
  const edges = async (file: string) =>
    (
      await sharp(file)
        .grayscale()
        .convolve({ width: 3, height: 3, kernel: [0, -1, 0, -1, 4, -1, 0, -1, 0] })
        .stats()
    ).channels[0]?.stdev ?? 0;
  const [found, wanted] = [
    await edges(join(content.videoDir(video.id), 'thumbnail.jpg')),
    await edges(sharpFrame),
  ];
  t.ok(found > 0.8 * wanted, `${found} of ${wanted}: not a blurred one`);
  await nothingLeft();
});

t.test('the preview moves, and shows more than the beginning', async t => {
  told.length = 0;
  await previewTask(parts).run(film, context);
  const preview = join(content.videoDir(film.id), 'preview.webp');
  const { width, height, pages = 0, loop } = await sharp(preview).metadata();
  t.match({ width, height, loop }, { width: 320, height: 180, loop: 0 });
  t.ok(pages >= 3, `${pages} pictures`);
  const first = await sharp(preview, { page: 0 }).stats();
  const last = await sharp(preview, { page: pages - 1 }).stats();
  t.not(first.dominant.r * 1_000 + first.dominant.g, last.dominant.r * 1_000 + last.dominant.g);
  t.same(told, [{ hasPreview: true }]);
  await nothingLeft();
});

t.test('loudness is measured as R128 says; silence has none', async t => {
  told.length = 0;
  await loudnessTask(parts).run(film, context);
  // A sine of 1 kHz at -24 dBFS (ffmpeg's is an eighth of full scale, less 6 dB) in one channel: -24 - 3 LUFS.
  t.ok(Math.abs((told[0]?.loudnessLufs ?? 0) + 27) < 0.5, `${told[0]?.loudnessLufs} LUFS`);
  // Where it sets in, AAC overshoots.
  const { truePeakDbtp } = told[0] as { truePeakDbtp: number };
  t.ok(truePeakDbtp > -24.5 && truePeakDbtp < -17, `${truePeakDbtp} dBTP`);
  const silent = await videoOf(['-f', 'lavfi', '-i', 'anullsrc=d=2', '-c:a', 'aac'], 2);
  await loudnessTask(parts).run(silent, context);
  t.same(told[1], { loudnessLufs: null, loudnessRangeLu: null, truePeakDbtp: null });
});

t.test('videos of one picture, of half a second, upright: each has its stills', async t => {
  const still = await videoOf(
    ['-f', 'lavfi', '-i', 'testsrc2=s=360x640:r=1:d=1', '-vf', "setpts='N*30/TB'", '-c:v', 'libx264'],
    30,
    360,
    640,
  );
  const short = await videoOf(
    ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=30:d=0.4', '-c:v', 'libx264'],
    0.4,
    64,
    64,
  );
  for (const video of [still, short]) {
    for (const make of [thumbnailTask, storyboardTask, previewTask]) await make(parts).run(video, context);
    t.same(await files(video), [
      'preview.webp',
      'storyboard.0.jpg',
      'storyboard.vtt',
      'thumbnail.jpg',
      'video.mp4',
    ]);
  }
  await nothingLeft();
});

t.test('a poison file fails for good, with a reason, and leaves nothing', async t => {
  const handlers = [thumbnailTask, storyboardTask, previewTask, loudnessTask].map(make => make(parts));
  const cut = (await readFile(content.videoFile(film.id))).subarray(0, 2_000);
  const playlist = '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n';
  for (const bytes of [Buffer.alloc(0), cut, playlist, Buffer.alloc(100_000, 'x')]) {
    made += 1;
    const video = {
      id: `video${String(made).padStart(7, '0')}`,
      durationSeconds: 5,
      width: 640,
      height: 360,
    };
    await mkdir(content.videoDir(video.id));
    await writeFile(content.videoFile(video.id), bytes);
    for (const handler of handlers) {
      await t.rejects(handler.run(video as VideoRow, context), { code: 'media-unusable' }, handler.task);
    }
    t.same(await files(video as VideoRow), ['video.mp4']);
  }
  await nothingLeft();
});

t.test('a video that is deleted meanwhile gets nothing; an attempt that is ended leaves nothing', async t => {
  const video = await videoOf(['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=30:d=8', '-c:v', 'libx264'], 8);
  const gone = { ...video, id: 'neverThere00' };
  const aside = {
    ...parts,
    content: {
      ...parts.content,
      tmpDir: content.tmpDir,
      videoFile: () => content.videoFile(video.id),
      videoDir: (id: string) => content.videoDir(id),
    },
  };
  await t.rejects(thumbnailTask(aside).run(gone, context), { code: 'ENOENT' });
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('enough')), 50);
  await t.rejects(storyboardTask(parts).run(video, { ...context, signal: abort.signal }), {
    message: 'enough',
  });
  // What a killed attempt left is removed by the next.
  await mkdir(join(content.tmpDir, `preview-${video.id}-killed`));
  await copyFile(
    content.videoFile(video.id),
    join(content.tmpDir, `preview-${video.id}-killed`, 'half.webp'),
  );
  await previewTask(parts).run(video, context);
  t.same(await files(video), ['preview.webp', 'video.mp4']);
  await nothingLeft();
});
