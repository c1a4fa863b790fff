import type { WebRtcEngine, WebRtcStatistics } from '../webrtc/webrtc-engine.ts';
import type { Reading } from './metrics.ts';

/** What `GET /metrics` tells about WebRTC: asked of the engine each time. */
export function webRtcReadings(engine: Pick<WebRtcEngine, 'statistics'>): Reading[] {
  // Read one after another in the same moment: the engine is asked once.
  let asked: Promise<WebRtcStatistics> | null = null;
  const statistics = () => {
    asked ??= engine.statistics().finally(() => {
      asked = null;
    });
    return asked;
  };
  const reading = (
    kind: Reading['kind'],
    name: string,
    help: string,
    key: keyof WebRtcStatistics,
  ): Reading => ({
    name: `livereel_webrtc_${name}`,
    help,
    kind,
    read: async () => (await statistics())[key],
  });
  return [
    reading('gauge', 'publishers', 'Publishers by WebRTC', 'publishers'),
    reading('gauge', 'viewers', 'Viewers by WebRTC', 'viewers'),
    reading('counter', 'packets_received_total', 'RTP packets of publishers', 'packetsReceived'),
    reading('counter', 'packets_sent_total', 'RTP packets to viewers', 'packetsSent'),
    reading('counter', 'packets_lost_total', 'Packets of publishers that never came', 'packetsLost'),
    reading(
      'counter',
      'packets_recovered_total',
      'Packets of publishers that came when asked for again',
      'packetsRecovered',
    ),
    reading('counter', 'frames_dropped_total', 'Frames that were not taken in time', 'framesDropped'),
    reading('gauge', 'memory_bytes', 'Memory of the WebRTC process', 'memoryBytes'),
    reading('counter', 'cpu_seconds_total', 'Processor time of the WebRTC process', 'cpuSeconds'),
  ];
}
