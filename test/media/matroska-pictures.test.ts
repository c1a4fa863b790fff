import fc from 'fast-check';
import t from 'tap';
import {
  type AvcParameterSets,
  avcConfigurationBox,
  isCodedInOrder,
  nalUnits,
  readAvcConfiguration,
} from '../../src/media/avc.ts';
import { MatroskaPictures } from '../../src/media/matroska-pictures.ts';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import type { MediaSample } from '../../src/media/media-sample.ts';
import { chromiumRecording } from '../support/chromium-recordings.ts';
import { makeClip } from '../support/clips.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { codedPictures } from './coded-samples.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt } from './scanned-stream.ts';

const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 4 });
const recording = await chromiumRecording('chromium-h264.webm');

type Taken = {
  codings: AvcParameterSets[];
  refusals: number;
  pictures: MediaSample[];
  soundSeconds: number[];
  rest: Buffer;
};

function take(pieces: readonly Buffer[]): Taken {
  const taken: Taken = { codings: [], refusals: 0, pictures: [], soundSeconds: [], rest: Buffer.alloc(0) };
  const pictures = new MatroskaPictures({
    coding: sets => taken.codings.push(sets),
    refused: () => {
      taken.refusals += 1;
    },
    picture: sample => taken.pictures.push(sample),
    soundPassed: seconds => taken.soundSeconds.push(seconds),
  });
  taken.rest = Buffer.concat(pieces.map(piece => pictures.push(piece)));
  pictures.end();
  return taken;
}

/** What ffmpeg finds in a stream: time and checksum of each packet of one kind, times in seconds. */
async function packets(bytes: Buffer, kind: 'v' | 'a'): Promise<string[]> {
  const { stdout } = await runFfmpeg(
    [
      '-f',
      'matroska',
      '-i',
      'pipe:0',
      '-map',
      `0:${kind}:0`,
      '-c',
      'copy',
      '-copyts',
      '-f',
      'framemd5',
      'pipe:1',
    ],
    { input: [bytes] },
  );
  const lines = stdout.toString().split('\n');
  return lines
    .filter(line => /^\d/.test(line))
    .map(line => line.replaceAll(' ', '').split(',').slice(2).join());
}

for (const [name, bytes] of [
  ['a clip of ffmpeg', clip.bytes],
  ["a recording of Chromium's", recording.bytes],
] as const) {
  t.test(`${name}: pictures and sound are those that ffmpeg finds`, async t => {
    const { codings, refusals, pictures, rest, soundSeconds } = take([bytes]);
    t.equal(codings.length, 1);
    t.equal(refusals, 0);
    t.ok(codings[0]?.sps.length && codings[0].pps.length);
    const expected = await packets(bytes, 'v');
    t.equal(pictures.length, expected.length);
    const wholeBytes = (data: Buffer) => [...nalUnits(data)].reduce((sum, nal) => sum + 4 + nal.length, 0);
    t.ok(pictures.every(({ data }) => data.length > 0 && wholeBytes(data) === data.length));
    const millis = expected.map(line => Number(line.split(',')[0]));
    t.same(
      pictures.map(({ decodeTime }) => decodeTime / 90),
      millis,
    );
    t.ok(pictures[0]?.isSync);
    t.ok(pictures.every(({ duration }) => duration > 0));
    t.same(await packets(rest, 'a'), await packets(bytes, 'a'), 'the sound is whole');
    t.ok(soundSeconds.length > 50);
  });
}

t.test('the same comes out however the bytes are cut', async t => {
  const whole = take([clip.bytes]);
  const isSame = (cuts: readonly number[]) => {
    const cut = take(cutAt(clip.bytes, cuts));
    return cut.rest.equals(whole.rest) && cut.pictures.length === whole.pictures.length;
  };
  holds(t, fc.property(anyCuts(clip.bytes.length), isSame), 30);
});

const baseline = {
  sps: [Buffer.from('6742c01ed900a047fe88', 'hex')],
  pps: [Buffer.from('68ce3c80', 'hex')],
};

t.test('nothing is given before the first key, and damage costs its cluster', async t => {
  const writer = new MatroskaWriter(1_000_000);
  const codecPrivate = avcConfigurationBox(baseline).subarray(8);
  const header = writer.header([
    { number: 1, kind: 'video', codecId: 'V_MPEG4/ISO/AVC', codecPrivate },
    { number: 2, kind: 'audio', codecId: 'A_OPUS' },
  ]);
  const frame = (ticks: number, isKey: boolean) =>
    Buffer.concat([writer.frameHead(1, ticks, isKey, 9), Buffer.from(`frame${`${ticks}`.padStart(4)}`)]);
  const { pictures } = take([
    header,
    frame(0, false),
    frame(40, true),
    frame(80, false),
    Buffer.from('damage damage damage'),
    frame(120, false),
  ]);
  t.same(
    pictures.map(({ data, decodeTime, isSync }) => [`${data}`, decodeTime, isSync]),
    [
      ['frame  40', 3_600, true],
      ['frame  80', 7_200, false],
      ['frame 120', 10_800, false],
    ],
  );
});

t.test('a length that looks like a start code is a length', async t => {
  const writer = new MatroskaWriter(1_000_000);
  const codecPrivate = avcConfigurationBox(baseline).subarray(8);
  const header = writer.header([{ number: 1, kind: 'video', codecId: 'V_MPEG4/ISO/AVC', codecPrivate }]);
  const picture = Buffer.concat([Buffer.from([0, 0, 1, 0x2c]), Buffer.alloc(300, 0x65)]);
  const { pictures } = take([header, writer.frameHead(1, 0, true, picture.length), picture]);
  t.same(
    pictures.map(({ data }) => data),
    [picture],
  );
});

t.test('any bytes are survived', async t => {
  const survives = (bytes: Uint8Array, at: number) => {
    const mutated = Buffer.from(clip.bytes.subarray(0, 60_000));
    mutated.set(bytes, at);
    take([mutated]);
    return true;
  };
  const at = fc.integer({ min: 0, max: 50_000 });
  holds(t, fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), at, survives), 100);
});

t.test('pictures that are shown in another order are refused', async t => {
  const { track, samples } = await codedPictures();
  const avcC = track.sampleEntries.subarray(track.sampleEntries.indexOf('avcC') + 4);
  const sets = readAvcConfiguration(avcC) as AvcParameterSets;
  t.notOk(isCodedInOrder(sets), 'B-frames');
  t.ok(isCodedInOrder(baseline));
  t.notOk(isCodedInOrder({ ...sets, sps: [Buffer.from('674d', 'hex')] }), 'cut short');
  const writer = new MatroskaWriter(1_000_000);
  const stream = (codecPrivate?: Buffer) => [
    writer.header([
      { number: 1, kind: 'video', codecId: 'V_MPEG4/ISO/AVC', ...(codecPrivate && { codecPrivate }) },
    ]),
    ...samples.slice(0, 5).flatMap(({ data, isSync, decodeTime }) => {
      const startCode = Buffer.from([0, 0, 0, 1]);
      const nals = isSync ? [...sets.sps, ...sets.pps, ...nalUnits(data)] : [...nalUnits(data)];
      const bytes = Buffer.concat(nals.flatMap(nal => [startCode, nal]));
      return [writer.frameHead(1, Math.max(0, Math.round(decodeTime / 90)), isSync, bytes.length), bytes];
    }),
  ];
  for (const bytes of [stream(), stream(Buffer.from(avcC))]) {
    const { refusals, pictures } = take(bytes);
    t.equal(refusals, 1);
    t.same(pictures, []);
  }
});
