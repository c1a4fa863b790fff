import { pino } from 'pino';
import t from 'tap';
import { readableLine, readableLines } from '../src/log.ts';

t.test('on a terminal a line is short: time, level, sentence, facts', async t => {
  const lines: string[] = [];
  const log = pino(
    { base: null, timestamp: () => ',"time":"2026-01-01T12:00:00.123Z"' },
    readableLines(text => lines.push(text)),
  );
  log.child({ sessionId: 'abc' }).info({ segment: 3, sizeBytes: 1200 }, 'segment published');
  t.same(lines, ['12:00:00.123 info  segment published  sessionId=abc  segment=3  sizeBytes=1200\n']);
  log.error({ err: new Error('disk') }, 'failed');
  t.match(lines[1], /^12:00:00.123 ERROR failed\n {4}Error: disk\n {8}at /);
});

t.test('what is no JSON is shown as it is', async t => {
  t.equal(readableLine('plain words\n'), 'plain words');
});
