import t from 'tap';
import { captioningReadings } from '../../src/http/captioning-metrics.ts';
import { Metrics } from '../../src/http/metrics.ts';

t.test('what captions cost and how late they are is told', async t => {
  const counts = {
    on: 3,
    delayed: 2,
    paused: 1,
    lagSeconds: 4.5,
    realTimeFactor: 0.2,
    requests: 70,
    failures: 5,
  };
  const text = await new Metrics(captioningReadings(() => counts)).text();
  for (const line of [
    'livereel_captioned_sessions 3',
    'livereel_captions_delayed_sessions 2',
    'livereel_captions_paused_sessions 1',
    'livereel_captions_lag_seconds 4.5',
    'livereel_recogniser_real_time_factor 0.2',
    'livereel_recogniser_requests_total 70',
    'livereel_recogniser_failures_total 5',
  ]) {
    t.match(text, line);
  }
});
