import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { type EngineReport, readReport } from '../../src/webrtc/engine-messages.ts';
import { frameHeadBytes, writeFrameHead } from '../../src/webrtc/frame-head.ts';
import { noStatistics } from '../../src/webrtc/unavailable-webrtc-engine.ts';

const body = new Uint8Array(0);
const reports: readonly EngineReport[] = [
  { kind: 'ready', port: 8189 },
  { kind: 'unavailable', reason: 'no' },
  { kind: 'answered', id: 3, answer: { sdp: 'v=0', etag: '"1"', statistics: null } },
  { kind: 'answered', id: 3, answer: { sdp: '', etag: '', statistics: noStatistics } },
  { kind: 'refused', id: 3, code: 'no-common-codec', message: 'none' },
  { kind: 'connected', peerId: 'a' },
  { kind: 'gone', peerId: 'a', reason: 'silent' },
  { kind: 'viewers', streamId: 's', count: 2 },
  { kind: 'feed-wanted', streamId: 's', isWanted: false },
  { kind: 'note', level: 'warn', message: 'hm' },
];

t.test('every report is read as it was meant', async t => {
  for (const report of reports) t.same(readReport({ head: report, body }), report);
});

t.test("a frame's head is read as it was meant, and refused when it makes no sense", async t => {
  const frames = [
    { kind: 'video', codec: 'H264', timeMicros: 12.5, isKey: true },
    { kind: 'video', codec: 'VP8', timeMicros: 2 ** 43 + 1, isKey: false },
    { kind: 'audio', codec: 'opus', timeMicros: -3, isKey: true },
  ] as const;
  for (const frame of frames) {
    const head = Buffer.alloc(frameHeadBytes('a-Peer_1'));
    writeFrameHead(head, 0, 'a-Peer_1', frame);
    t.same(readReport({ head, body }), { kind: 'frame', peerId: 'a-Peer_1', frame });
  }
  const [codec, time] = [Buffer.alloc(12), Buffer.alloc(12)];
  codec[0] = 3;
  time.writeDoubleBE(Number.NaN, 1);
  for (const head of [codec, time, Buffer.alloc(0), Buffer.alloc(9), Buffer.alloc(500)])
    t.throws(() => readReport({ head, body }), { code: 'malformed-message' });
});

t.test('an error that the engine may not name is an internal one', async t => {
  const read = readReport({ head: { kind: 'refused', id: 1, code: 'program-missing', message: '' }, body });
  t.match(read, { code: 'internal' });
});

t.test('a report with any field gone wrong is refused, or read without what was wrong', async t => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...reports),
      fc.string(),
      fc.nat({ max: 8 }),
      fc.anything(),
      (report, name, place, value) => {
        const names = Object.keys(report);
        const head = { ...report, [names[place] ?? name]: value };
        try {
          const read = readReport({ head, body });
          assert.ok(reports.some(({ kind }) => kind === read.kind));
        } catch (error) {
          if (!(error instanceof LivereelError) || error.code !== 'malformed-message') throw error;
          refused += 1;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  t.ok(refused > 100, 'many of them were malformed');
});

t.test('what is no report at all is refused', async () => {
  fc.assert(
    fc.property(fc.anything(), head => {
      assert.throws(() => readReport({ head, body }), { code: 'malformed-message' });
    }),
    { numRuns: 300 },
  );
});
