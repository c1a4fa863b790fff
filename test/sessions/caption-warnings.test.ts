import t from 'tap';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';
import { CaptionWarnings } from '../../src/sessions/caption-warnings.ts';

t.test('a publisher is told once when its captions are late, and again when it comes back', async t => {
  const id = 'f3Kq9ZtA1bXy';
  const events = new VideoEvents(createLog('silent'));
  const told: string[] = [];
  const warnings = new CaptionWarnings(id, events, ({ code }) => told.push(code));
  const report = (state: 'on' | 'delayed' | 'paused') =>
    events.report({ event: 'captioning', data: { id, state, lagSeconds: 5, language: null } });
  warnings.repeat();
  for (const state of ['on', 'delayed', 'delayed', 'paused'] as const) report(state);
  t.same(told, ['captions-delayed', 'captions-paused']);
  warnings.repeat();
  t.equal(told.at(-1), 'captions-paused');
  report('on');
  warnings.repeat();
  t.equal(told.length, 3, 'all is well again');
  warnings.close();
  warnings.close();
  report('delayed');
  t.equal(told.length, 3);
});
