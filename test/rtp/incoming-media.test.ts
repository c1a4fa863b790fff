import t from 'tap';
import type { MediaPacket } from '../../src/rtp/media-packet.ts';
import { readRtcp } from '../../src/rtp/rtcp-packet.ts';
import { readTransportFeedback } from '../../src/rtp/transport-feedback.ts';
import { pictureBytes, readPicture } from './simulated-publisher.ts';
import { SimulatedStream } from './simulated-stream.ts';
import type { Weather } from './simulated-way.ts';

/** What was recorded of the pictures. */
function picturesOf(stream: SimulatedStream) {
  return stream.frames
    .filter(({ frame }) => frame.kind === 'video')
    .map(({ frame, atMillis }) => ({
      ...readPicture(frame.bytes),
      isKeyFrame: frame.isKey,
      timeMicros: frame.timeMicros,
      atMillis,
    }));
}

/** The numbers of the packets of sound that were recorded. */
function soundsOf(stream: SimulatedStream): number[] {
  return stream.frames
    .filter(({ frame }) => frame.kind === 'audio')
    .map(({ frame }) => Buffer.from(frame.bytes).readUInt32BE(0));
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** What every record of pictures keeps, whatever the weather. */
function isSound(pictures: ReturnType<typeof picturesOf>): boolean {
  return pictures.every((picture, index) => {
    const before = pictures[index - 1];
    return (
      picture.isKey === picture.isKeyFrame &&
      picture.sizeBytes === pictureBytes(picture.isKey) &&
      (picture.isKey ||
        (before !== undefined && before.number === picture.number - 1 && before.width === picture.width)) &&
      (before === undefined || before.timeMicros < picture.timeMicros)
    );
  });
}

t.test('on a calm way everything comes at once', async t => {
  const stream = new SimulatedStream();
  stream.run(10_000, false);
  const pictures = picturesOf(stream);
  t.same(
    pictures.map(({ number }) => number),
    numbersTo(250),
  );
  t.ok(isSound(pictures));
  t.same(soundsOf(stream), numbersTo(500));
  t.ok(
    pictures.every(({ number, atMillis }) => atMillis === number * 40),
    'without delay',
  );
  t.equal(stream.publisher.nacks, 0);
  t.equal(stream.packets.filter(({ packet }) => packet.isAfterLoss).length, 0);
  t.equal(stream.packets.length, 500 + (stream.publisher.layers[0]?.packets ?? 0));
});

const weathers: Record<string, Weather> = {
  '5 % loss': { lossRate: 0.05, delayMillis: 12 },
  '10 % loss in bursts': { burstRate: 0.1, delayMillis: 12 },
  'packets that overtake each other': { unevenMillis: 30, delayMillis: 5 },
  'packets that come twice': { doubleRate: 0.3, unevenMillis: 10 },
  'a way of 200 ms': { delayMillis: 200 },
  'all of it on a way of 40 ms': {
    lossRate: 0.02,
    burstRate: 0.03,
    unevenMillis: 20,
    doubleRate: 0.05,
    delayMillis: 40,
  },
};
for (const [name, weather] of Object.entries(weathers)) {
  t.test(`${name}: no picture is lost`, async t => {
    for (const seed of [1, 2, 3]) {
      const stream = new SimulatedStream({}, weather, seed);
      stream.run(30_000, false);
      const pictures = picturesOf(stream);
      t.ok(isSound(pictures));
      // Those before the first that came whole cannot be had: their beginning was lost before anybody knew of it.
      const first = pictures[0]?.number ?? 99;
      t.ok(first < 25, `began with ${first}`);
      t.same(
        pictures.map(({ number }) => number),
        numbersTo(750).slice(first),
      );
      const lost = stream.incoming
        .statistics()
        .filter(({ kind }) => kind === 'video')
        .map(source => source.lost);
      t.same(lost, [0]);
    }
  });
}

t.test('what waits for others is given to viewers early, as it is in its turn', async t => {
  for (const shape of [{}, { widths: [320, 640], announces: 'rids' as const }]) {
    const stream = new SimulatedStream(shape, { lossRate: 0.05, unevenMillis: 10, delayMillis: 12 }, 4);
    stream.run(10_000, false);
    t.ok(stream.early.length > 100, `${stream.early.length} early`);
    const nameOf = ({ kind, layer, number }: MediaPacket) => `${kind} ${layer} ${number}`;
    const inTurn = new Map(stream.packets.map(({ packet }) => [nameOf(packet), packet]));
    const strange = stream.early.filter(packet => {
      const later = inTurn.get(nameOf(packet));
      // The clocks of sources are moved by some milliseconds meanwhile, their ticks are not.
      const isNear = later !== undefined && Math.abs(later.timeMicros - packet.timeMicros) <= 50_000;
      return !isNear || later.payload !== packet.payload || later.ticks !== packet.ticks;
    });
    t.same(strange, []);
    const video = stream.packets.filter(({ packet }) => packet.kind === 'video' && packet.layer === 0);
    const gaps = video.filter(
      ({ packet }, index) => index > 0 && packet.number !== (video[index - 1]?.packet.number ?? 0) + 1,
    );
    t.same(gaps, [], 'numbers without a break');
  }
});

t.test('5 % loss on a way of 200 ms: once it is known how long it is, no picture is lost', async t => {
  const stream = new SimulatedStream({}, { lossRate: 0.05, delayMillis: 200, unevenMillis: 20 }, 5);
  stream.run(60_000, false);
  const pictures = picturesOf(stream);
  t.ok(isSound(pictures));
  const settled = pictures.filter(({ number }) => number >= 250).map(({ number }) => number);
  t.ok(settled.length >= 1_240, `${settled.length} of 1250`);
  const [video] = stream.incoming.statistics();
  t.ok(
    (video?.roundTripMillis ?? 0) >= 380 && (video?.roundTripMillis ?? 0) < 700,
    `${video?.roundTripMillis} ms`,
  );
});

t.test('pictures without an end are complete when the next one begins, and keep their own time', async t => {
  const [marked, bare] = [true, false].map(hasMarkers => {
    const stream = new SimulatedStream({ hasMarkers });
    stream.run(2_000, false);
    return picturesOf(stream);
  }) as [ReturnType<typeof picturesOf>, ReturnType<typeof picturesOf>];
  const timed = (pictures: typeof marked) =>
    pictures.map(({ number, timeMicros }) => ({ number, timeMicros }));
  t.equal(bare.length, 49, 'all but the last');
  t.same(timed(bare), timed(marked).slice(0, -1));
});

t.test('what cannot be repaired freezes the picture until a key frame, and the sound goes on', async t => {
  const stream = new SimulatedStream({ hasRtx: false }, { lossRate: 0.02, delayMillis: 20 }, 3);
  stream.run(30_000, false);
  const pictures = picturesOf(stream);
  t.ok(isSound(pictures), 'what is recorded can be decoded');
  t.ok(pictures.length > 300 && pictures.length < 740, `${pictures.length} pictures`);
  const sounds = soundsOf(stream);
  t.ok(sounds.length > 1_400, `${sounds.length} packets of sound`);
  t.ok(sounds.every((number, index) => index === 0 || number > (sounds[index - 1] as number)));
  const told = stream.packets.filter(({ packet }) => packet.kind === 'video' && packet.isAfterLoss).length;
  t.ok(told > 10, `viewers are told ${told} times`);
});

t.test('a picture that waits for a packet does not hold up the sound', async t => {
  const stream = new SimulatedStream({}, { burstRate: 0.1, delayMillis: 100 }, 2);
  stream.run(20_000, false);
  const late = stream.frames
    .filter(({ frame }) => frame.kind === 'audio')
    .map(({ frame, atMillis }) => atMillis - 100 - Buffer.from(frame.bytes).readUInt32BE(0) * 20);
  // Sound waits for sound, 150 ms at most and a tick, or for three round trips that were measured on the sound itself.
  t.ok(Math.max(...late) <= 150 + 25 + 20, `${Math.max(...late)} ms late`);
});

t.test('sound and picture are on one clock, as the reports have it', async t => {
  const stream = new SimulatedStream({}, { delayMillis: 10, unevenMillis: 40 }, 4);
  stream.run(20_000, false);
  const soundStart = stream.frames.find(({ frame, atMillis }) => frame.kind === 'audio' && atMillis > 5_000);
  const soundNumber = Buffer.from(soundStart?.frame.bytes ?? []).readUInt32BE(0);
  const zeroMicros = (soundStart?.frame.timeMicros ?? 0) - soundNumber * 20_000;
  const errors = picturesOf(stream)
    .filter(({ atMillis }) => atMillis > 5_000)
    .map(({ number, timeMicros }) => Math.abs(timeMicros - zeroMicros - number * 40_000));
  t.ok(errors.length > 300);
  t.ok(Math.max(...errors) < 5_000, `${Math.max(...errors)} µs`);
  const packets = stream.packets
    .filter(({ packet }) => packet.kind === 'video')
    .map(({ packet }) => packet.ticks);
  t.ok(
    packets.every(
      (ticks, index) => index === 0 || [0, 3_600].includes(ticks - (packets[index - 1] as number)),
    ),
  );
});

t.test('key frames are asked for at segment length, and never too often', async t => {
  const stream = new SimulatedStream({}, { delayMillis: 20 });
  stream.run(20_500);
  const keys = picturesOf(stream)
    .filter(({ isKey }) => isKey)
    .map(({ atMillis }) => atMillis);
  t.equal(keys.length, 10);
  t.ok(
    keys.slice(1).every((at, index) => at - (keys[index] as number) < 2_200),
    `${keys}`,
  );
  const asked = stream.publisher.keyFramesAskedFor;
  for (let index = 0; index < 100; index += 1) {
    stream.incoming.requestKeyFrame();
    stream.run(10);
  }
  t.ok(stream.publisher.keyFramesAskedFor - asked <= 4, 'a hundred wishes in a second');
  t.ok(stream.publisher.keyFramesAskedFor - asked >= 2, 'a hundred wishes in a second');
});

t.test('a wish is repeated until a key frame comes', async t => {
  const stream = new SimulatedStream({}, {});
  stream.run(1_000);
  const asked = stream.publisher.keyFramesAskedFor;
  stream.incoming.requestKeyFrame();
  const layer = stream.publisher.layers[0];
  for (let index = 0; index < 1_000; index += 1) {
    // Whoever was asked forgets it.
    if (layer !== undefined) layer.wantsKey = false;
    stream.run(1);
  }
  t.ok(stream.publisher.keyFramesAskedFor - asked >= 3);
});

t.test('the sender is told each 100 ms what came when, and each second how well', async t => {
  const stream = new SimulatedStream({}, { lossRate: 0.05, delayMillis: 20 }, 7);
  stream.run(5_000, false);
  const said = stream.sent.flatMap(({ rtcp, atMillis }) =>
    readRtcp(rtcp).map(packet => ({ packet, atMillis })),
  );
  const feedback = said.flatMap(({ packet, atMillis }) =>
    packet.type === 'transport-feedback' ? [{ told: readTransportFeedback(packet.bytes), atMillis }] : [],
  );
  t.ok(feedback.length >= 45 && feedback.length <= 55, `${feedback.length} in five seconds`);
  const arrived = feedback.flatMap(({ told }) => told?.arrivalsMicros ?? []);
  const lost = arrived.filter(arrival => arrival === null).length;
  // The last loss is not known before something comes after it.
  t.ok(Math.abs(lost - stream.there.lost) <= 5, `${lost} told, ${stream.there.lost} lost`);
  const reports = said.flatMap(({ packet }) => (packet.type === 'receiver-report' ? [packet.blocks] : []));
  t.ok(reports.length >= 5);
  const last = reports[4] ?? [];
  t.same(
    last.map(({ ssrc }) => ssrc),
    [1_000, 3_000],
  );
  t.ok(
    last.every(({ lastReport, delaySinceLastReport }) => lastReport > 0 && delaySinceLastReport < 2 * 65_536),
  );
  t.ok(last.every(({ packetsLost }) => packetsLost > 0 && packetsLost < 60));
});

t.test('of sources that have said goodbye nothing is reported, until they send again', async t => {
  const stream = new SimulatedStream();
  const reports = () =>
    stream.sent.flatMap(({ rtcp }) => readRtcp(rtcp).filter(({ type }) => type === 'receiver-report'));
  stream.run(1_001);
  stream.publisher.sayGoodbye();
  stream.run(1, true);
  const before = reports().length;
  // Three seconds without a packet.
  stream.run(0, false);
  t.equal(reports().length, before);
  stream.run(1_100);
  t.ok(reports().length > before, 'they send again');
});
