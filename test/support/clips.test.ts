import t from 'tap';
import { avOffset } from './av-offset.ts';
import { type ClipKind, makeClip, makeRestartClip, makeTurnedClip } from './clips.ts';
import {
  frameCells,
  frameSequenceFaults,
  largestFrameNumber,
  numberedJpegs,
  readCells,
  readFrameNumbers,
} from './numbered-frames.ts';
import { runFfmpeg } from './run-program.ts';

t.test('a number is read back from its cells, and from no damaged ones', async t => {
  for (const number of [0, 1, 2, 1_023, 65_535, 700_001, largestFrameNumber]) {
    t.same(readCells(frameCells(number, true)), { number, flash: true });
    for (let cell = 0; cell < 24; cell += 1) {
      const cells = frameCells(number);
      cells[cell] = 255 - (cells[cell] ?? 0);
      t.equal(readCells(cells).number, null, `cell ${cell} of ${number} turned over`);
      cells[cell] = 128;
      t.equal(readCells(cells).number, null, `cell ${cell} of ${number} grey`);
    }
  }
  t.throws(() => frameCells(largestFrameNumber + 1), RangeError);
});

t.test('JPEGs with numbers survive H.264', async t => {
  const jpegs = await numberedJpegs(20, 990, { width: 320, height: 240 });
  const file = `${t.testdir()}/frames.mp4`;
  await runFfmpeg(
    ['-loglevel', 'error', '-f', 'mjpeg', '-r', '10', '-i', 'pipe:0', '-c:v', 'libx264', '-crf', '40', file],
    { input: jpegs },
  );
  const frames = await readFrameNumbers(file);
  t.same(frameSequenceFaults(frames, { first: 990, count: 20 }), []);
  t.equal(frames[10]?.ptsSeconds, 1);
});

t.test('faults of a sequence are named', async t => {
  const frame = (number: number | null) => ({ number, ptsSeconds: 0, flash: false });
  const faults = frameSequenceFaults([0, 2, 1, 2, null, 9].map(frame), { first: 0, count: 5 });
  t.same(faults, [
    'number 1 after 2',
    'number 2 at positions 1 and 3',
    'frame at position 4 is unreadable',
    'number 3 is missing',
    'number 4 is missing',
    'number 9 was never sent',
  ]);
});

const kinds: ClipKind[] = ['webm-h264', 'webm-vp8', 'mp4-h264', 'ts-h264'];
for (const kind of kinds) {
  t.test(`a ${kind} clip has its frames, its flashes and beeps, and chunks that make it up`, async t => {
    const clip = await makeClip({ kind, durationSeconds: 3 });
    t.same(frameSequenceFaults(await readFrameNumbers(clip.file), { first: 0, count: 90 }), []);
    t.ok(Buffer.concat(clip.chunks.map(chunk => chunk.bytes)).equals(clip.bytes));
    t.ok(clip.chunks.length >= 11 && clip.chunks.length <= 14, `${clip.chunks.length} chunks`);
    const offsets = await avOffset(clip.file);
    t.equal(offsets.length, 3);
    for (const { offsetMillis } of offsets) t.ok(Math.abs(offsetMillis) < 25, `${offsetMillis} ms`);
  });
}

t.test('sound that begins late is measured as such only where it is', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 3, audioDelaySeconds: 0.2 });
  for (const { offsetMillis } of await avOffset(clip.file)) {
    t.ok(Math.abs(offsetMillis - 200) < 25, `${offsetMillis} ms`);
  }
});

t.test('a turned phone and a recorder that was restarted keep counting', async t => {
  const turned = await makeTurnedClip('webm-h264', 2);
  t.same(frameSequenceFaults(await readFrameNumbers(turned.file), { first: 0, count: 120 }), []);
  const restarted = await makeRestartClip({ kind: 'webm-h264', durationSeconds: 2 });
  t.equal(restarted.frameCount, 120);
  t.ok((restarted.chunks.at(-1)?.atSeconds ?? 0) > 3.9);
});
