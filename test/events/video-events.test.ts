import t from 'tap';
import type { VideoEvent } from '../../src/api/event.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';

const told = (id: string, count: number): VideoEvent => ({ event: 'viewers', data: { id, count } });

t.test('who listens to a video is told of it until it stops', async t => {
  const events = new VideoEvents(createLog('silent'));
  const heard: VideoEvent[] = [];
  const stop = events.listen('one', event => heard.push(event));
  events.report(told('one', 1));
  events.report(told('other', 2));
  stop();
  stop();
  events.report(told('one', 3));
  t.same(heard, [told('one', 1)]);
});

t.test('a listener that throws harms neither who reports nor who else listens', async t => {
  const events = new VideoEvents(createLog('silent'));
  const heard: VideoEvent[] = [];
  events.listen('one', () => {
    throw new Error('its own fault');
  });
  events.listen('one', event => heard.push(event));
  events.report(told('one', 1));
  t.same(heard, [told('one', 1)]);
});
