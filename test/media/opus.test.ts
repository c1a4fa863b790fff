import t from 'tap';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import { isOpusStereo, opusHead, opusMicros, opusSilence } from '../../src/media/opus.ts';
import { runProgram } from '../support/run-program.ts';

t.test(
  'Opus tells its channels packet by packet, and its header for all (RFC 7845, section 5.1)',
  async t => {
    t.equal(isOpusStereo(Buffer.from([0xfc])), true);
    t.equal(isOpusStereo(Buffer.from([0xf8])), false);
    t.equal(isOpusStereo(Buffer.alloc(0)), false);
    t.equal(
      opusHead(1).toString('hex'),
      '4f70757348656164' + '01' + '01' + '0000' + '80bb0000' + '0000' + '00',
    );
  },
);

t.test('a packet tells how long its sound is (RFC 6716, table 2 and section 3.2)', async t => {
  const lengths: [head: readonly number[], millis: number][] = [
    [[0x00], 10],
    [[0x18], 60],
    [[0x08], 20],
    [[0x68], 20],
    [[0x80], 2.5],
    [[0xf8], 20],
    [[0xf9], 40],
    [[0xfa], 40],
    [[0xfb, 0x83], 60],
    [[], 0],
  ];
  for (const [head, millis] of lengths) t.equal(opusMicros(Buffer.from(head)), millis * 1_000, `${head}`);
});

t.test('silence is as long as it is asked for, to 2.5 ms, in packets that say so themselves', async t => {
  for (const [micros, packets] of [
    [20_000, [20_000]],
    [60_000, [20_000, 20_000, 20_000]],
    [37_500, [20_000, 10_000, 5_000, 2_500]],
    [2_400, []],
  ] as const) {
    const silence = opusSilence(micros, Buffer.from([0xfc]));
    t.same(
      silence.map(one => one.micros),
      packets,
    );
    for (const one of silence) {
      t.equal(opusMicros(one.bytes), one.micros);
      t.ok(isOpusStereo(one.bytes), 'with as many channels as the stream');
    }
  }
  t.notOk(isOpusStereo(opusSilence(20_000, Buffer.from([0x08]))[0]?.bytes ?? Buffer.from([4])));
});

t.test('what decodes it hears nothing', async t => {
  // Real sound, then packets of silence, as a recorder's stream has them: decoded by ffmpeg.
  const writer = new MatroskaWriter(1_000_000);
  const track = {
    number: 1,
    kind: 'audio',
    codecId: 'A_OPUS',
    channels: 1,
    sampleRateHertz: 48_000,
  } as const;
  const parts = [writer.header([{ ...track, codecPrivate: opusHead(1) }])];
  const [silence] = opusSilence(20_000, Buffer.from([0x08]));
  const bytes = silence?.bytes ?? Buffer.alloc(0);
  for (let index = 0; index < 50; index += 1) {
    parts.push(writer.frameHead(1, index * 20, true, bytes.length), bytes);
  }
  const { stdout, stderr } = await runProgram(
    'ffmpeg',
    ['-v', 'error', '-i', 'pipe:0', '-f', 's16le', '-ac', '1', 'pipe:1'],
    { input: Buffer.concat(parts) },
  );
  t.equal(stderr, '');
  t.equal(stdout.length, 50 * 960 * 2);
  t.ok(
    stdout.every(byte => byte === 0),
    'all zero',
  );
});
