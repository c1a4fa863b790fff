import t from 'tap';
import { MatroskaFrames } from '../../src/media/matroska-frames.ts';
import { makeClip } from '../support/clips.ts';
import { runProgram } from '../support/run-program.ts';

type Found = { kind: string; timeMicros: number; isKey: boolean; size: number };

function framesOf(bytes: Buffer, pieceBytes: number): { found: Found[]; streams: number } {
  const found: Found[] = [];
  let streams = 0;
  const reader = new MatroskaFrames({
    began: () => {
      streams += 1;
    },
    frame: ({ kind, timeMicros, isKey, bytes: frame }) =>
      found.push({ kind, timeMicros, isKey, size: frame.length }),
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  return { found, streams };
}

t.test(
  'every frame is found with its time and size, as ffprobe finds them, in pieces of any length',
  async t => {
    const { file, bytes } = await makeClip({ kind: 'webm-vp8', durationSeconds: 2 });
    const { stdout } = await runProgram('ffprobe', [
      '-v',
      'error',
      '-select_streams',
      'v',
      '-show_entries',
      'packet=pts_time,size,flags',
      '-of',
      'csv=p=0',
      file,
    ]);
    const expected = stdout
      .toString()
      .trim()
      .split('\n')
      .map(line => line.split(','))
      .map(([seconds, size, flags]) => ({
        kind: 'video',
        timeMicros: Math.round(Number(seconds) * 1e6),
        isKey: flags?.startsWith('K') ?? false,
        size: Number(size),
      }));
    t.equal(expected.length, 60);
    for (const pieceBytes of [bytes.length, 1_000, 7]) {
      const { found, streams } = framesOf(bytes, pieceBytes);
      t.equal(streams, 1);
      t.same(
        found.filter(({ kind }) => kind === 'video'),
        expected,
      );
      t.equal(found.filter(({ kind }) => kind === 'audio').length, 101);
    }
  },
);

t.test('a stream behind another is a new one, and damage costs the rest of a cluster', async t => {
  const { bytes } = await makeClip({ kind: 'webm-vp8', durationSeconds: 4 });
  const { found, streams } = framesOf(Buffer.concat([bytes, bytes]), 4_096);
  t.equal(streams, 2);
  t.equal(found.filter(({ kind }) => kind === 'video').length, 240);
  const damaged = Buffer.from(bytes);
  damaged.fill(0, 3_000, 9_000);
  const left = framesOf(damaged, 4_096).found.filter(({ kind }) => kind === 'video').length;
  t.ok(left >= 60 && left < 120, `${left} pictures`);
});
