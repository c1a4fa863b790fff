import fc from 'fast-check';
import t from 'tap';
import type { MediaPacket } from '../../src/rtp/media-packet.ts';
import { compactNtp } from '../../src/rtp/rtcp-packet.ts';
import { negativeAcknowledgement, pictureLossIndication, receiverReport } from '../../src/rtp/rtcp-writer.ts';
import { sequenceDistance, timestampDistance } from '../../src/rtp/rtp-packet.ts';
import { pictureNumbersAt } from '../../src/rtp/vp8-picture-numbers.ts';
import { agreedVideo, OutgoingViewer, picture, sound } from '../support/outgoing-viewer.ts';

const now = 50_000;

t.test('a viewer begins at a key frame, sound at once', async t => {
  const viewer = new OutgoingViewer();
  viewer.media.packet(picture(0), now);
  viewer.media.packet(sound(0), now);
  t.equal(viewer.video.length, 0);
  t.equal(viewer.audio.length, 1);
  t.equal(viewer.keyFramesWanted, 1, 'and the key frame is asked for');
  t.ok(viewer.media.needsKeyFrame);
  viewer.media.packet(picture(33, { beginsKeyFrame: true, isMarked: false }), now + 33);
  viewer.media.packet(picture(33), now + 33);
  viewer.media.packet(picture(66), now + 66);
  t.same(
    viewer.video.map(({ isMarked, payloadType }) => ({ isMarked, payloadType })),
    [
      { isMarked: false, payloadType: 108 },
      { isMarked: true, payloadType: 108 },
      { isMarked: true, payloadType: 108 },
    ],
  );
  t.same(steps(viewer.video), { sequences: [1, 1], ticks: [0, 33 * 90] });
  t.notOk(viewer.media.needsKeyFrame);
});

t.test(
  'after a loss the picture freezes until the next key frame, sound goes on with a number left out',
  async t => {
    const viewer = new OutgoingViewer();
    const first = sound(0);
    viewer.media.packet(picture(0, { beginsKeyFrame: true }), now);
    viewer.media.packet(first, now);
    viewer.media.packet(picture(66, { isAfterLoss: true }), now + 66);
    viewer.media.packet(picture(99), now + 99);
    viewer.media.packet(sound(40, { isAfterLoss: true, number: first.number + 2 }), now + 99);
    t.equal(viewer.video.length, 1);
    t.equal(viewer.keyFramesWanted, 1);
    t.same(steps(viewer.audio), { sequences: [2], ticks: [40 * 48] });
    viewer.media.packet(picture(132, { beginsKeyFrame: true, isAfterLoss: true }), now + 132);
    t.same(steps(viewer.video), { sequences: [1], ticks: [132 * 90] }, 'numbers without a break');
  },
);

t.test(
  'packets that have overtaken others are sent at once, under the numbers of their places, and once',
  async t => {
    const viewer = new OutgoingViewer();
    const [key, late, early, next] = [0, 33, 66, 99].map(millis =>
      picture(millis, { beginsKeyFrame: millis === 0 }),
    ) as [MediaPacket, MediaPacket, MediaPacket, MediaPacket];
    viewer.media.early(early, now);
    t.equal(viewer.video.length, 0, 'not before there is a picture');
    viewer.media.packet(key, now);
    viewer.media.early(early, now + 66);
    t.same(steps(viewer.video), { sequences: [2], ticks: [66 * 90] });
    for (const packet of [late, early, next]) viewer.media.packet(packet, now + 99);
    t.same(steps(viewer.video), { sequences: [2, -1, 2], ticks: [66, -33, 66].map(millis => millis * 90) });
    // What is given up: everything behind it was sent, and nothing more is, until a key frame comes.
    const behind = picture(165, { number: next.number + 2 });
    viewer.media.early(behind, now + 165);
    viewer.media.packet({ ...behind, isAfterLoss: true }, now + 165);
    viewer.media.packet(picture(198, { number: behind.number + 1 }), now + 198);
    viewer.media.packet(picture(231, { number: behind.number + 2, beginsKeyFrame: true }), now + 231);
    t.same(steps(viewer.video).sequences.slice(3), [2, 1], 'numbers go on behind the newest that was sent');
  },
);

t.test('a source that begins anew anywhere goes on right behind the one before it', async t => {
  const viewer = new OutgoingViewer();
  const far = 2 ** 51;
  viewer.media.packet(sound(0, { number: 70_000 }), now);
  for (const [index, number] of [far, far + 1, 500, 501].entries())
    viewer.media.packet(sound(20 + 20 * index, { number }), now + 20);
  t.same(steps(viewer.audio).sequences, [1, 1, 1, 1]);
});

t.test('what a viewer lost is sent once more, as a retransmission', async t => {
  const viewer = new OutgoingViewer();
  for (let index = 0; index < 40; index += 1) {
    viewer.media.packet(
      picture(index * 33, { beginsKeyFrame: index === 0, payload: Buffer.alloc(900, index) }),
      now + index * 33,
    );
  }
  const lost = [3, 4, 20].map(index => viewer.video[index]?.sequence as number);
  viewer.media.receive(negativeAcknowledgement(1, viewer.videoSsrc, lost), now + 1_400);
  t.same(
    viewer.repairs.map(({ payload, timestamp, payloadType, ssrc }) => ({
      original: Buffer.from(payload).readUInt16BE(0),
      rest: Buffer.from(payload.subarray(2)).equals(Buffer.alloc(900, payload[2])),
      first: payload[2],
      timestamp,
      payloadType,
      ssrc,
    })),
    [3, 4, 20].map(index => ({
      original: viewer.video[index]?.sequence,
      rest: true,
      first: index,
      timestamp: viewer.video[index]?.timestamp,
      payloadType: 109,
      ssrc: viewer.media.sources[1]?.rtxSsrc,
    })),
  );
  t.same(steps(viewer.repairs).sequences, [1, 1], 'retransmissions have numbers of their own');
  t.equal(viewer.media.statistics.repaired, 3);
});

t.test('without retransmissions agreed on, a packet is sent again as it was', async t => {
  const viewer = new OutgoingViewer([agreedVideo('H264', null)]);
  viewer.media.packet(picture(0, { beginsKeyFrame: true }), now);
  viewer.media.packet(picture(33), now + 33);
  const { sequence } = viewer.video[0] as { sequence: number };
  viewer.media.receive(negativeAcknowledgement(1, viewer.videoSsrc, [sequence]), now + 60);
  t.equal(viewer.video.length, 3);
  t.same(viewer.video[2], viewer.video[0]);
});

t.test('a viewer cannot ask for more than it can have lost', async t => {
  const viewer = new OutgoingViewer();
  for (let index = 0; index < 100; index += 1) {
    viewer.media.packet(
      picture(index, { beginsKeyFrame: index === 0, payload: Buffer.alloc(1_000) }),
      now + index,
    );
  }
  const all = viewer.video.map(({ sequence }) => sequence);
  for (let round = 0; round < 10; round += 1) {
    viewer.media.receive(negativeAcknowledgement(1, viewer.videoSsrc, all), now + 1_000 + round * 1_000);
  }
  t.equal(viewer.repairs.length, 100, 'as much as was sent to it, no more');
});

t.test('packets are forgotten in time: the newest thousand may be asked for', async t => {
  const viewer = new OutgoingViewer();
  for (let index = 0; index < 3_000; index += 1) {
    viewer.media.packet(picture(index, { beginsKeyFrame: index === 0 }), now + index);
  }
  const ask = (index: number) =>
    viewer.media.receive(
      negativeAcknowledgement(1, viewer.videoSsrc, [viewer.video[index]?.sequence as number]),
      now + 4_000,
    );
  ask(1_000);
  t.equal(viewer.repairs.length, 0);
  ask(2_100);
  t.equal(viewer.repairs.length, 1);
});

t.test('sender reports put sound and pictures on one clock', async t => {
  const viewer = new OutgoingViewer();
  // Sound is 200 ms behind the pictures on its way; on the stream's clock they are together.
  for (let millis = 0; millis < 2_000; millis += 20) {
    const video = picture(millis + 1e6, { beginsKeyFrame: millis === 0, ticks: 777 + millis * 90 });
    viewer.media.packet(video, now + millis);
    if (millis >= 200)
      viewer.media.packet(sound(millis - 200 + 1e6, { ticks: 5e9 + millis * 48 }), now + millis);
    viewer.media.tick(now + millis);
  }
  const reports = viewer.reports.filter(({ type }) => type === 'sender-report') as unknown as {
    ssrc: number;
    ntpMicros: number;
    rtpTimestamp: number;
  }[];
  t.ok(reports.length >= 3, 'at least one a second and source');
  const last = (ssrc: number) => reports.findLast(report => report.ssrc === ssrc) as (typeof reports)[number];
  // The moment at which a packet was captured, by what the viewer was told.
  const moment = ({ timestamp }: { timestamp: number }, ssrc: number, hertz: number): number =>
    last(ssrc).ntpMicros / 1_000 + (timestampDistance(last(ssrc).rtpTimestamp, timestamp) / hertz) * 1_000;
  const ofPicture = moment(viewer.video[50] as { timestamp: number }, viewer.videoSsrc, 90_000);
  const ofSound = moment(viewer.audio[50] as { timestamp: number }, viewer.audioSsrc, 48_000);
  t.ok(Math.abs(ofPicture - ofSound) < 2, `picture ${ofPicture}, sound ${ofSound} ms`);
});

t.test('loss and round trip are known from what the viewer reports', async t => {
  const viewer = new OutgoingViewer();
  viewer.media.packet(picture(0, { beginsKeyFrame: true }), now);
  viewer.media.tick(now);
  const block = {
    ssrc: viewer.videoSsrc,
    fractionLost: 64,
    packetsLost: 3,
    highestSequence: 1,
    jitterTicks: 0,
    lastReport: compactNtp(now * 1_000),
    delaySinceLastReport: 65_536,
  };
  viewer.media.receive(receiverReport(1, [block]), now + 1_080);
  t.equal(viewer.media.statistics.lossFraction, 0.25);
  t.ok(Math.abs((viewer.media.statistics.roundTripMillis ?? 0) - 80) < 1);
});

t.test('a viewer that lost its picture gets a key frame asked for, now and then', async t => {
  const viewer = new OutgoingViewer();
  viewer.media.packet(picture(0, { beginsKeyFrame: true }), now);
  const lost = () => pictureLossIndication(1, viewer.videoSsrc);
  viewer.media.receive(lost(), now + 50);
  t.equal(viewer.keyFramesWanted, 0, 'one is on its way');
  for (let millis = 1_000; millis < 4_000; millis += 10) viewer.media.receive(lost(), now + millis);
  t.equal(viewer.keyFramesWanted, 3, 'once a second');
  viewer.media.receive(pictureLossIndication(1, 12_345), now + 9_000);
  t.equal(viewer.keyFramesWanted, 3, 'not for a source that is not the viewer’s');
});

t.test('as long as there is no picture, a key frame is asked for twice a second', async t => {
  const viewer = new OutgoingViewer();
  for (let millis = 0; millis < 2_000; millis += 25) viewer.media.tick(now + millis);
  t.equal(viewer.keyFramesWanted, 4);
});

t.test('a viewer who comes late sees the newest picture at once, not what was', async t => {
  const viewer = new OutgoingViewer();
  const group = Array.from({ length: 60 }, (_, index) =>
    picture(index * 33, { beginsKeyFrame: index === 0 }),
  );
  viewer.media.catchUp(group, now);
  t.equal(viewer.video.length, 60);
  t.notOk(viewer.media.needsKeyFrame);
  viewer.media.packet(picture(60 * 33), now + 33);
  const ticks = steps(viewer.video).ticks;
  t.ok(
    ticks.slice(0, 59).every(step => step > 0 && step <= 90),
    'a millisecond apart',
  );
  t.equal(ticks.at(-1), 33 * 90, 'then at their pace');
  viewer.media.catchUp(group, now + 66);
  t.equal(viewer.video.length, 61, 'who has a picture does not get old ones');
});

t.test('what is caught up with goes out at a pace that networks take, and in order', async t => {
  const viewer = new OutgoingViewer();
  const payload = Buffer.alloc(1_000);
  const group = Array.from({ length: 200 }, (_, index) =>
    picture(index * 10, { beginsKeyFrame: index === 0, payload }),
  );
  viewer.media.catchUp(group, now);
  const atOnce = viewer.video.length;
  t.ok(atOnce >= 50 && atOnce <= 80, `${atOnce} packets at once`);
  viewer.media.packet(picture(2_000, { payload }), now + 10);
  t.equal(viewer.video.length, atOnce, 'what comes meanwhile waits behind it');
  for (let turn = 1; turn <= 4; turn += 1) viewer.media.tick(now + turn * 25);
  t.equal(viewer.video.length, 201);
  t.ok(steps(viewer.video).sequences.every(step => step === 1));
  t.ok(steps(viewer.video).ticks.every(step => step > 0));
});

t.test('a key frame that comes meanwhile makes an end of catching up', async t => {
  const viewer = new OutgoingViewer();
  const payload = Buffer.alloc(1_000);
  viewer.media.catchUp(
    Array.from({ length: 200 }, (_, index) => picture(index * 10, { beginsKeyFrame: index === 0, payload })),
    now,
  );
  const atOnce = viewer.video.length;
  viewer.media.packet(picture(2_000, { beginsKeyFrame: true }), now + 10);
  viewer.media.tick(now + 25);
  t.equal(viewer.video.length, atOnce + 1);
  t.ok(steps(viewer.video).sequences.every(step => step === 1));
});

t.test('layers change at key frames only, with no break in numbers and times', async t => {
  const viewer = new OutgoingViewer([agreedVideo('VP8')]);
  // Each layer counts ticks and pictures from a beginning of its own.
  const of = (layer: number, index: number, isKey = false) =>
    picture(index * 33, {
      layer,
      ticks: layer * 1e8 + index * 33 * 90,
      beginsKeyFrame: isKey,
      payload: vp8Payload(30_000 * layer + 5 + index, 100 * layer + index),
    });
  viewer.media.packet(of(0, 0, true), now);
  viewer.media.packet(of(1, 0), now);
  viewer.media.packet(of(0, 1), now + 33);
  t.equal(viewer.media.statistics.layer, 0, 'any picture is better than none');
  viewer.media.tick(now + 1_001);
  t.equal(viewer.keyFramesWanted, 1, 'a key frame of the better layer is asked for');
  t.equal(viewer.wantedLayer, 1);
  viewer.media.packet(of(1, 30, true), now + 1_001);
  viewer.media.packet(of(0, 30), now + 1_001);
  viewer.media.packet(of(1, 31), now + 1_034);
  t.equal(viewer.media.statistics.layer, 1);
  t.same(steps(viewer.video), { sequences: [1, 1, 1], ticks: [33 * 90, 29 * 33 * 90, 33 * 90] });
  t.same(
    viewer.video.map(({ payload }) => pictureNumbersAt(payload, 0)),
    [
      { picture: 5, baseLayer: 0 },
      { picture: 6, baseLayer: 1 },
      { picture: 7, baseLayer: 2 },
      { picture: 8, baseLayer: 3 },
    ],
  );
  const { sequence, payload } = viewer.video[3] as { sequence: number; payload: Uint8Array };
  viewer.media.receive(negativeAcknowledgement(1, viewer.videoSsrc, [sequence]), now + 1_100);
  t.same(viewer.repairs[0]?.payload.subarray(2), payload, 'a retransmission has the numbers of its packet');
});

t.test('another publisher goes on where the first one left', async t => {
  const viewer = new OutgoingViewer();
  viewer.media.packet(picture(10_000, { beginsKeyFrame: true }), now);
  viewer.media.packet(sound(10_000), now);
  viewer.media.sourceChanged();
  t.ok(viewer.media.needsKeyFrame);
  viewer.media.packet(picture(5, { beginsKeyFrame: true, ticks: 4e9 }), now + 3_000);
  viewer.media.packet(sound(5, { ticks: 17 }), now + 3_000);
  t.same(steps(viewer.video), { sequences: [1], ticks: [3_000 * 90] });
  t.same(steps(viewer.audio), { sequences: [1], ticks: [3_000 * 48] });
});

t.test(
  'whatever a viewer says, nothing throws, and it is never sent more than twice what it should be',
  async t => {
    const said = (viewer: OutgoingViewer) =>
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
        fc
          .array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 300 })
          .map(sequences => negativeAcknowledgement(1, viewer.videoSsrc, sequences)),
        fc.constant(pictureLossIndication(1, viewer.videoSsrc)),
        // Real feedback with some of its bytes changed.
        fc.tuple(fc.nat(31), fc.integer({ min: 0, max: 255 })).map(([at, value]) => {
          const bytes = receiverReport(1, [{ ...emptyBlock, ssrc: viewer.videoSsrc }]);
          bytes[at] = value;
          return bytes;
        }),
      );
    const viewer = new OutgoingViewer();
    let millis = now;
    viewer.media.packet(picture(millis, { beginsKeyFrame: true }), millis);
    fc.assert(
      fc.property(fc.array(said(viewer), { maxLength: 10 }), messages => {
        millis += 33;
        viewer.media.packet(picture(millis), millis);
        for (const bytes of messages) viewer.media.receive(bytes, millis);
        viewer.media.tick(millis);
        return viewer.repairs.length <= viewer.video.length;
      }),
      { numRuns: 500 },
    );
    const passedMillis = millis - now;
    t.ok(
      viewer.keyFramesWanted <= passedMillis / 1_000 + 1,
      `${viewer.keyFramesWanted} in ${passedMillis} ms`,
    );
    t.ok(viewer.keyFramesWanted > 3, 'and it is heard');
  },
);

const emptyBlock = {
  ssrc: 0,
  fractionLost: 0,
  packetsLost: 0,
  highestSequence: 0,
  jitterTicks: 0,
  lastReport: 0,
  delaySinceLastReport: 0,
};

/** From each packet to the next one. */
function steps(packets: readonly { sequence: number; timestamp: number }[]): {
  sequences: number[];
  ticks: number[];
} {
  const pairs = packets
    .slice(1)
    .map((packet, index) => ({ packet, before: packets[index] as typeof packet }));
  return {
    sequences: pairs.map(({ packet, before }) => sequenceDistance(before.sequence, packet.sequence)),
    ticks: pairs.map(({ packet, before }) => timestampDistance(before.timestamp, packet.timestamp)),
  };
}

/** A descriptor with a picture id of 15 bits and TL0PICIDX, and a byte of a picture. */
function vp8Payload(pictureId: number, baseLayer: number): Buffer {
  return Buffer.from([0x90, 0xc0, 0x80 | ((pictureId >> 8) & 0x7f), pictureId & 0xff, baseLayer & 0xff, 1]);
}
