import type { CaptionerCounts } from '../captions/captioner.ts';
import type { Reading } from './metrics.ts';

/** What `GET /metrics` tells about captions. */
export function captioningReadings(counts: () => CaptionerCounts): Reading[] {
  const gauge = (name: string, help: string, read: () => number): Reading => ({
    name,
    help,
    kind: 'gauge',
    read,
  });
  const counter = (name: string, help: string, read: () => number): Reading => ({
    name,
    help,
    kind: 'counter',
    read,
  });
  return [
    gauge('livereel_captioned_sessions', 'Sessions that are captioned in time', () => counts().on),
    gauge('livereel_captions_delayed_sessions', 'Sessions that are captioned late', () => counts().delayed),
    gauge(
      'livereel_captions_paused_sessions',
      'Sessions that are captioned after they end, for there is no room now',
      () => counts().paused,
    ),
    gauge(
      'livereel_captions_lag_seconds',
      'The most that captions are behind what is said',
      () => counts().lagSeconds,
    ),
    gauge(
      'livereel_recogniser_real_time_factor',
      'Seconds of work for a second of sound',
      () => counts().realTimeFactor,
    ),
    counter('livereel_recogniser_requests_total', 'Requests to the recogniser', () => counts().requests),
    counter('livereel_recogniser_failures_total', 'Requests that failed', () => counts().failures),
  ];
}
