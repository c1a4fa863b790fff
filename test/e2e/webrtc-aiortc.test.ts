import t from 'tap';
import { AiortcPeer } from '../support/aiortc-peer.ts';
import { avOffset } from '../support/av-offset.ts';
import { eventually } from '../support/eventually.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { TestServer } from '../support/server.ts';
import { whepUrlOf } from '../support/whip-request.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const watchedSeconds = 7;

for (const codec of ['H264', 'VP8'] as const) {
  t.test(`aiortc publishes ${codec}, aiortc watches, and the archive is whole and in step`, async t => {
    const { id, whipUrl, ingestToken } = await server.createSession({ input: 'webrtc' });
    const publisher = new AiortcPeer({
      do: 'publish',
      url: whipUrl,
      token: ingestToken,
      codec,
      hangUp: true,
    });
    t.teardown(() => publisher.close());
    await publisher.connected();
    const viewer = new AiortcPeer({ do: 'watch', url: whepUrlOf(whipUrl) });
    t.teardown(() => viewer.close());
    await viewer.connected();
    await eventually(async () => (await server.video(id)).state === 'live');
    await new Promise(resolve => setTimeout(resolve, watchedSeconds * 1_000));
    const seen = await viewer.end('seen');
    const sent = await publisher.end('sent');

    t.ok(seen.numbers.length > watchedSeconds * 5, `${seen.numbers.length} pictures seen`);
    t.equal(seen.unreadable, 0, 'all of them clear');
    t.same(
      seen.numbers,
      [...seen.numbers].sort((a, b) => a - b),
      'in order',
    );
    t.ok(seen.beeps >= watchedSeconds - 3, `${seen.beeps} beeps heard`);

    const { durationSeconds } = await server.finished(id);
    const file = server.videoFile(id);
    const frames = await readFrameNumbers(file);
    const numbers = new Set(frames.map(({ number }) => number));
    // What a loaded machine did not send is not missing.
    const faults = frameSequenceFaults(frames, { first: 0, count: sent.last + 1 });
    t.same(
      faults.filter(fault => !fault.endsWith('is missing')),
      [],
    );
    t.same(
      seen.numbers.filter(number => !numbers.has(number)),
      [],
      'what was seen is archived',
    );
    t.ok(Math.abs((durationSeconds ?? 0) - (sent.last - sent.first) / 30) < 1, `${durationSeconds} s`);
    const offsets = (await avOffset(file)).map(({ offsetMillis }) => offsetMillis);
    // The clocks agree from the second report of both on.
    const settled = offsets.slice(3).map(Math.abs);
    t.ok(settled.length >= 2, `${offsets.length} flashes with a beep`);
    t.ok(Math.max(...settled) <= 20, `sound less picture: ${offsets.map(Math.round).join(', ')} ms`);
  });
}
