import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { AudioLine } from '../../src/hls/audio-line.ts';
import { audioFrameTicks, type MediaSample, silentAudioFrame } from '../../src/media/media-sample.ts';
import { holds } from '../media/property.ts';

const frame = (decodeTime: number, name = 'x'): MediaSample => ({
  decodeTime,
  compositionOffset: 0,
  duration: audioFrameTicks,
  isSync: true,
  data: Buffer.from(name),
});
const isSilence = (sample: MediaSample) => sample.data.equals(silentAudioFrame(2));
const everything = Number.MAX_SAFE_INTEGER;

t.test('frames that follow one another stay as they are', async t => {
  const line = new AudioLine(0);
  for (let index = 0; index < 100; index += 1) line.push(frame(index * audioFrameTicks, `${index}`));
  const taken = line.takeUntil(everything);
  t.same(
    taken.map(({ data }) => data.toString()),
    Array.from({ length: 100 }, (_, index) => `${index}`),
  );
  t.equal(line.endTicks, 100 * audioFrameTicks);
  t.equal(line.takenTicks, line.endTicks);
});

t.test('whatever comes, the line has neither gap nor overlap', async t => {
  const times = fc.array(fc.integer({ min: -20_000, max: 60_000 }), { maxLength: 120 });
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ push: fc.integer({ min: -3_000, max: 9_000 }) }) },
    { weight: 1, arbitrary: fc.record({ fill: fc.integer({ min: 0, max: 9_000 }) }) },
    { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 0, max: 9_000 }) }) },
  );
  holds(
    t,
    fc.property(fc.array(action, { maxLength: 200 }), times, (actions, more) => {
      const line = new AudioLine(512);
      const taken: MediaSample[] = [];
      for (const step of actions) {
        if ('push' in step) line.push(frame(line.endTicks + step.push));
        else if ('fill' in step) line.fillUntil(line.endTicks + step.fill);
        else taken.push(...line.takeUntil(line.takenTicks + step.take));
      }
      for (const time of more) line.push(frame(time));
      taken.push(...line.takeUntil(everything));
      let end = 512;
      for (const sample of taken) {
        assert.equal(sample.decodeTime, end);
        assert.equal(sample.duration, audioFrameTicks);
        end += audioFrameTicks;
      }
      assert.equal(line.endTicks, end);
    }),
    300,
  );
});

t.test('a frame keeps its place to half a frame', async t => {
  holds(
    t,
    fc.property(fc.array(fc.integer({ min: -600, max: 5_000 }), { maxLength: 100 }), steps => {
      const line = new AudioLine(0);
      for (const [index, step] of steps.entries()) {
        const wanted = line.endTicks + step;
        line.push(frame(wanted, `frame ${index}`));
        const placed = line.takeUntil(everything).find(sample => !isSilence(sample));
        if (placed === undefined) assert.ok(step < -audioFrameTicks / 2, 'only what is late is left out');
        else assert.ok(Math.abs(placed.decodeTime - wanted) < audioFrameTicks);
      }
    }),
    200,
  );
});

t.test('what comes late or twice is left out', async t => {
  const line = new AudioLine(0);
  for (const at of [0, 1_024, 0, 1_024, 1_300, 2_048, 2_047]) line.push(frame(at, `${at}`));
  t.same(
    line.takeUntil(everything).map(({ data }) => data.toString()),
    ['0', '1024', '2048'],
  );
});

t.test('a gap is filled with silence that a decoder takes', async t => {
  const line = new AudioLine(0);
  line.push(frame(0));
  line.push(frame(48_000));
  const taken = line.takeUntil(everything);
  t.equal(taken.filter(isSilence).length, 46);
  t.equal(taken.at(-1)?.decodeTime, 47 * audioFrameTicks, 'the frame moves by less than half of one');
});

t.test('frames are taken once, those that begin before the end of a part', async t => {
  const line = new AudioLine(0);
  for (let index = 0; index < 10; index += 1) line.push(frame(index * audioFrameTicks));
  t.equal(line.takeUntil(2_049).length, 3);
  t.equal(line.takenTicks, 3_072);
  t.equal(line.takeUntil(2_049).length, 0);
  t.equal(line.takeUntil(3_073).length, 1);
  t.equal(line.takeUntil(everything).length, 6);
  t.equal(line.endSeconds, 10_240 / 48_000);
});

t.test('a clock that jumped by hours fills no memory with silence', async t => {
  const line = new AudioLine(0);
  line.push(frame(0));
  line.push(frame(48_000 * 3_600 * 10));
  t.ok(line.takeUntil(everything).length < 60 * 48);
});
