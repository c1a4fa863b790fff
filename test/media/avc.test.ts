import fc from 'fast-check';
import t from 'tap';
import {
  avcCodecString,
  avcConfigurationBox,
  nalUnits,
  parameterSetsIn,
  pictureSizeOf,
  readAvcConfiguration,
  sameParameterSets,
  withParameterSets,
} from '../../src/media/avc.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { codedPictures } from './coded-samples.ts';
import { holds } from './property.ts';

/** The NAL units of one picture, coded by x264 with these arguments. */
async function nalsOf(size: string, pixelFormat: string, ...args: string[]): Promise<Buffer[]> {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=rate=25', '-frames:v', '1'];
  const filter = ['-vf', `format=${pixelFormat},scale=${size.replace('x', ':')}`];
  const coding = [...filter, '-c:v', 'libx264', ...args, '-f', 'h264', 'pipe:1'];
  const { stdout } = await runFfmpeg(['-loglevel', 'error', ...source, ...coding]);
  const nals: Buffer[] = [];
  for (let at = stdout.indexOf('000001', 0, 'hex'); at >= 0; ) {
    const next = stdout.indexOf('000001', at + 3, 'hex');
    const end = next < 0 ? stdout.length : stdout[next - 1] === 0 ? next - 1 : next;
    nals.push(stdout.subarray(at + 3, end));
    at = next;
  }
  return nals;
}

const ofType = (nals: readonly Buffer[], type: number) => nals.filter(nal => ((nal[0] ?? 0) & 0x1f) === type);
const sample = (...nals: readonly Buffer[]) =>
  Buffer.concat(
    nals.map(nal => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      return Buffer.concat([length, nal]);
    }),
  );

t.test("a picture's size is read from what x264 writes: cropped, interlaced, in every profile", async t => {
  const made: [string, string, ...string[]][] = [
    ['176x144', 'yuv420p', '-profile:v', 'baseline'],
    ['640x360', 'yuv420p', '-profile:v', 'main'],
    ['1280x720', 'yuv420p', '-profile:v', 'high'],
    ['1920x1080', 'yuv420p', '-profile:v', 'high'],
    ['322x182', 'yuv420p'],
    ['360x640', 'yuv420p'],
    ['18x34', 'yuv420p'],
    ['322x181', 'yuv422p'],
    ['321x181', 'yuv444p'],
    ['321x181', 'gray'],
    ['640x362', 'yuv420p10le'],
    ['720x576', 'yuv420p', '-flags', '+ildct+ilme', '-x264-params', 'tff=1'],
    ['718x572', 'yuv420p', '-flags', '+ildct+ilme', '-x264-params', 'tff=1'],
    ['640x360', 'yuv420p', '-x264-params', 'cqm=jvt', '-profile:v', 'high'],
  ];
  for (const [size, pixelFormat, ...args] of made) {
    const [sps] = ofType(await nalsOf(size, pixelFormat, ...args), 7);
    const [width, height] = size.split('x').map(Number);
    t.same(
      pictureSizeOf(sps ?? Buffer.alloc(0)),
      { width, height },
      `${size} ${pixelFormat} ${args.join(' ')}`,
    );
  }
});

t.test('a parameter set that is cut or tells an absurd size tells none', async t => {
  const [sps] = ofType(await nalsOf('640x360', 'yuv420p'), 7);
  if (sps === undefined) throw new Error('no SPS');
  for (let length = 0; length < 8; length += 1)
    t.equal(pictureSizeOf(sps.subarray(0, length)), null, `${length}`);
  t.equal(pictureSizeOf(Buffer.concat([sps.subarray(0, 4), Buffer.alloc(60)])), null, 'zeros without an end');
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      const size = pictureSizeOf(Buffer.concat([sps.subarray(0, 4), bytes]));
      return size === null || (size.width > 0 && size.height > 0 && size.width <= 16_384);
    }),
    2_000,
  );
});

t.test('parameter sets go into a header and come out the same', async t => {
  const nals = await nalsOf('640x360', 'yuv420p', '-profile:v', 'main');
  const sets = { sps: ofType(nals, 7), pps: ofType(nals, 8) };
  const written = avcConfigurationBox(sets);
  t.equal(written.readUInt32BE(0), written.length);
  t.equal(written.toString('latin1', 4, 8), 'avcC');
  const read = readAvcConfiguration(written.subarray(8));
  t.ok(read !== null && sameParameterSets(read, sets));
  t.match(avcCodecString(sets), /^avc1\.4d40[0-9a-f]{2}$/);
  for (let length = 0; length < written.length - 8; length += 1) {
    const cut = readAvcConfiguration(written.subarray(8, 8 + length));
    t.ok(cut === null || !sameParameterSets(cut, sets), `cut after ${length} bytes`);
  }
});

t.test('a picture that brings its parameter sets is known, one without is not', async t => {
  const nals = await nalsOf('640x360', 'yuv420p');
  const sets = parameterSetsIn(sample(...nals));
  t.ok(sets !== null && sameParameterSets(sets, { sps: ofType(nals, 7), pps: ofType(nals, 8) }));
  const [slice] = ofType(nals, 5);
  if (slice === undefined || sets === null) throw new Error('no slice');
  t.equal(parameterSetsIn(sample(slice)), null);
  t.equal(parameterSetsIn(sample(...sets.sps, slice)), null, 'half a pair is none');
  t.equal(
    parameterSetsIn(sample(slice, ...sets.sps, ...sets.pps)),
    null,
    'behind the picture they are the next one’s',
  );
  const completed = withParameterSets(sample(slice), sets);
  t.same(
    [...nalUnits(completed)].map(nal => (nal[0] ?? 0) & 0x1f),
    [7, 8, 5],
  );
  t.notOk(sameParameterSets(sets, { ...sets, pps: [...sets.pps, ...sets.pps] }));
});

t.test('parameter sets that no header can hold are left where they are', async t => {
  const nals = await nalsOf('640x360', 'yuv420p');
  const [sps, pps, slice] = [7, 8, 5].map(type => ofType(nals, type)[0]) as [Buffer, Buffer, Buffer];
  const huge = Buffer.concat([sps, Buffer.alloc(70_000, 1)]);
  t.equal(parameterSetsIn(sample(huge, pps, slice)), null);
  const many = Array.from({ length: 40 }, () => sps);
  t.equal(parameterSetsIn(sample(...many, pps, slice)), null);
  const manyPps = Array.from({ length: 300 }, () => pps);
  t.equal(parameterSetsIn(sample(sps, ...manyPps, slice)), null);
});

t.test("a sample's NAL units are walked to its end, and not past a length that lies", async t => {
  const { samples } = await codedPictures();
  for (const { data } of samples) {
    const total = [...nalUnits(data)].reduce((sum, nal) => sum + 4 + nal.length, 0);
    t.equal(total, data.length);
  }
  t.same([...nalUnits(Buffer.from('ffffffff65', 'hex'))], []);
  t.same([...nalUnits(Buffer.from('0000000065', 'hex'))], []);
});
