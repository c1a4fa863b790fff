import { Writable } from 'node:stream';
import t from 'tap';
import type { GatheredFrame } from '../../src/rtp/media-frame.ts';
import { readReport } from '../../src/webrtc/engine-messages.ts';
import { MessageReader } from '../../src/webrtc/message-pipe.ts';
import { ServerPipe } from '../../src/webrtc/server-pipe.ts';
import { eventually } from '../support/eventually.ts';

t.test('a server that stalls misses pictures up to the next key frame, and memory does not grow', async t => {
  const times: number[] = [];
  let isStalled = true;
  const waiting: (() => void)[] = [];
  const reader = new MessageReader(message => {
    const report = readReport(message);
    if (report.kind === 'frame') times.push(report.frame.timeMicros);
  });
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const take = () => {
        reader.push(chunk);
        done();
      };
      if (isStalled) waiting.push(take);
      else take();
    },
  });
  const pipe = new ServerPipe(stream);
  const frameAt = (timeMicros: number, isKey: boolean): GatheredFrame => ({
    kind: 'video',
    codec: 'VP8',
    timeMicros,
    isKey,
    parts: [new Uint8Array(512 * 1024), new Uint8Array(512 * 1024)],
    sizeBytes: 1024 * 1024,
  });
  for (let count = 0; count < 50; count += 1) pipe.frame('a', frameAt(count, count === 0));
  const taken = 50 - pipe.framesDropped;
  t.ok(taken >= 8 && taken <= 9, `${taken} of 50 MiB wait`);
  isStalled = false;
  for (const take of waiting.splice(0)) take();
  // Frames are gathered for a moment; a report behind them takes them along.
  pipe.report({ kind: 'gone', peerId: 'c', reason: 'a report' });
  await eventually(() => times.length === taken);
  t.equal(pipe.frame('a', frameAt(51, false)), true, 'a key frame is wanted');
  t.equal(pipe.frame('b', frameAt(52, false)), false, 'of this one nothing was lost');
  t.equal(pipe.frame('a', frameAt(53, true)), false);
  t.equal(pipe.frame('a', frameAt(54, false)), false);
  pipe.tick(75_000);
  await eventually(() => times.length === taken + 3);
  t.same(times.slice(taken), [52, 53, 54]);

  const small = { parts: [new Uint8Array(60)], sizeBytes: 60 };
  for (const timeMicros of [55, 56]) pipe.frame('b', { ...frameAt(timeMicros, false), ...small });
  pipe.tick(75_025);
  t.equal(times.length, taken + 3, 'gathered for a moment, so that many go in one write');
  pipe.tick(75_050);
  await eventually(() => times.length === taken + 5);
});
