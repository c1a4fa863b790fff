import t from 'tap';
import { makeClip } from './clips.ts';
import { readInit, readRuns } from './fragment-times.ts';

t.test('the runs of a fragmented MP4 have every sample, one after the other', async t => {
  const clip = await makeClip({ kind: 'mp4-h264', durationSeconds: 3 });
  const tracks = readInit(clip.bytes);
  t.match(tracks, [{ kind: 'video' }, { kind: 'audio', timescale: 48_000 }]);
  const runs = readRuns(clip.bytes, tracks);
  for (const [kind, samples] of [
    ['video', 90],
    ['audio', 141],
  ] as const) {
    const own = runs.filter(run => run.kind === kind);
    const count = own.reduce((sum, run) => sum + run.sampleCount, 0);
    t.ok(Math.abs(count - samples) <= 1, `${count} ${kind} samples`);
    for (const [index, run] of own.entries()) {
      const before = own[index - 1];
      if (!before) continue;
      const gapMillis = (run.startSeconds - before.startSeconds - before.durationSeconds) * 1_000;
      t.ok(Math.abs(gapMillis) < 1, `${kind} run ${index}: a gap of ${gapMillis} ms`);
    }
  }
});
