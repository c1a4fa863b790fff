import { readFile } from 'node:fs/promises';
import t from 'tap';
import { readOffer } from '../../src/rtp/offer.ts';
import { rtpPacket } from '../../src/rtp/rtp-packet.ts';
import { LiveStream, type StreamViewer } from '../../src/webrtc/live-stream.ts';
import { Publisher } from '../../src/webrtc/publisher.ts';

const sdp = await readFile(new URL('../fixtures/sdp/chromium-publish.sdp', import.meta.url), 'utf8');
const offer = readOffer(sdp, 'publish');
const opus = offer.media.find(({ codec }) => codec === 'opus');

/** A publisher of sound, 20 ms a packet. */
function publishing() {
  const stream = new LiveStream('stream');
  const frames: number[] = [];
  let connected = 0;
  const publisher = new Publisher({ offer, send: () => true }, stream, {
    connected: () => {
      connected += 1;
    },
    frame: ({ timeMicros }) => {
      frames.push(timeMicros);
      return false;
    },
  });
  let sequence = 0;
  const receive = (atMillis: number, leftOut = 0) => {
    sequence += leftOut;
    const fields = { payloadType: opus?.payloadType ?? 0, sequence, timestamp: sequence * 960, ssrc: 7 };
    sequence += 1;
    publisher.receive(rtpPacket({ isMarked: false, ...fields }, Buffer.from([0xf8, 0xff, 0xfe])), atMillis);
  };
  return { stream, publisher, frames, receive, connected: () => connected };
}

/** A viewer that writes down what it is given, and when. */
function watching(stream: LiveStream) {
  const given: number[] = [];
  const viewer: StreamViewer = {
    isOpen: true,
    packet: (_packet, nowMillis) => given.push(nowMillis),
    early: () => undefined,
    sourceChanged: () => undefined,
    end: () => undefined,
  };
  stream.viewers.add(viewer);
  return given;
}

t.test('while nobody watches, packets are gone through with every tick, as of when they came', async t => {
  const { publisher, frames, receive, connected } = publishing();
  receive(1_000);
  t.equal(frames.length, 1, 'the first tells at once that it is connected');
  for (const atMillis of [1_020, 1_041]) receive(atMillis);
  t.equal(frames.length, 1);
  publisher.tick(1_055);
  t.equal(frames.length, 3);
  for (const atMillis of [1_060, 1_080]) receive(atMillis);
  t.equal(frames.length, 3);
  publisher.tick(1_085);
  t.same(frames, [1_000_000, 1_020_000, 1_040_000, 1_060_000, 1_080_000]);
  t.equal(connected(), 1);
  for (let count = 0; count < 256; count += 1) receive(1_135);
  t.equal(frames.length, 5 + 256, 'so many do not wait');
});

t.test('what lacks is seen at once', async t => {
  const { publisher, receive } = publishing();
  receive(1_000);
  receive(1_020);
  t.equal(publisher.counters.received, 1);
  receive(1_060, 1);
  t.equal(publisher.counters.received, 3);
});

t.test('a viewer is given packets as they come, behind those that waited', async t => {
  const { stream, frames, receive } = publishing();
  receive(1_000);
  receive(1_020);
  const given = watching(stream);
  receive(1_040);
  t.same(given, [1_020, 1_040]);
  receive(1_060);
  t.same(given, [1_020, 1_040, 1_060]);
  t.equal(frames.length, 4);
});

t.test('what waits when a publisher hangs up is recorded', async t => {
  const { publisher, frames, receive } = publishing();
  for (const atMillis of [1_000, 1_020, 1_040]) receive(atMillis);
  publisher.close();
  t.equal(frames.length, 3);
  t.equal(publisher.counters.received, 3);
});
